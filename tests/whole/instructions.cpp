// Machine instructions in the place of terms: the code holds them, and results are those of the interpreter, with the
// instruction where this machine has it and without.
#include <doctest/doctest.h>

#include <string>

#include "jit/codegen/codegen.h"
#include "jit/compile.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "tests/whole/schedule_trials.h"

namespace lathe {
namespace {

constexpr const char* bytes =
    "bytes(A: u8[M, K], B: i8[K, N]) -> C: i32[M, N]\n  C[i, j] = sum(k < K: i32(A[i, k]) * i32(B[k, j]))\n";
constexpr const char* words =
    "words(A: i16[M, K], B: i16[K, N]) -> C: i32[M, N]\n  C[i, j] = sum(k < K: i32(B[k, j]) * i32(A[i, k]))\n";
constexpr const char* dots =
    "dots(A: i16[M, K], B: i16[N, K]) -> C: i32[M, N]\n  C[i, j] = sum(k < K: i32(A[i, k]) * i32(B[j, k]))\n";

const Sizes products = {{{"M", 1}, {"N", 1}, {"K", 0}},   {{"M", 2}, {"N", 17}, {"K", 1}},
                        {{"M", 5}, {"N", 8}, {"K", 7}},   {{"M", 3}, {"N", 33}, {"K", 8}},
                        {{"M", 7}, {"N", 64}, {"K", 37}}, {{"M", 4}, {"N", 16}, {"K", 64}},
                        {{"M", 0}, {"N", 5}, {"K", 9}}};

std::string loops(int group, const std::string& more = "") {
  return fmt::format(
      "C.split(k, ko, r, {}).split(j, jo, ji, 16).split(i, io, ii, 2).reorder(jo, io, ko, ii, ji, "
      "r).vectorize(ji).unroll(ii).unroll(r)"
      ".store_in(registers, at = io)\n{}",
      group, more);
}

std::string assembly(const std::string& algorithm, const std::string& lines, const std::string& target) {
  const SourceFile file = parse_file_text(
      algorithm + "schedule for " + algorithm.substr(0, algorithm.find('(')) + "\n" + lines + "\n", "t.lathe");
  const Operator& op = file.operators.at(0);
  const Target t = target_named(target);
  return assembly_text(compile_to_ir(op, {.schedule = schedule_for(file, op, t.level), .target = t}, ""), t);
}

}  // namespace

TEST_CASE("sums of products of groups are one instruction where the machine has it") {
  const std::string packed = "B.constant().layout(K/4, N, K%4)\n", copied = "B.stage_at(C, jo).layout(k/4, ji, k%4)\n";
  for (const std::string& layout : {packed, copied}) {
    const std::string code = assembly(bytes, loops(4, layout + "C.tensorize(r, vpdpbusd)"), "x86-64-v4+avx512vnni");
    has(code, "vpdpbusd");
    has(code, "%zmm");
    CHECK(assembly(bytes, loops(4, layout + "C.tensorize(r, vpdpbusd)"), "x86-64-v4").find("vpdpbusd") ==
          std::string::npos);
    computes(bytes, loops(4, layout + "C.tensorize(r, vpdpbusd)"), products);
  }
  has(assembly(words, loops(2, "B.constant().layout(K/2, N, K%2)\nC.tensorize(r, vpdpwssd)"), "x86-64-v3+avxvnni"),
      "vpdpwssd");
  has(assembly(words, loops(2, "B.constant().layout(K/2, N, K%2)\nC.tensorize(r, vpmaddwd)"), "x86-64-v3"), "vpmaddwd");
}

TEST_CASE("an instruction computes what it stands for") {
  for (const char* layout : {"B.constant().layout(K/2, N, K%2)\n", "B.stage_at(C, jo).layout(k/2, ji, k%2)\n",
                             "B.stage_at(C, io).layout(ji, k)\n"}) {
    computes(words, loops(2, layout + std::string("C.tensorize(r, vpmaddwd)")), products);
  }
  computes(dots, loops(2, "C.tensorize(r, vpmaddwd)"), products);  // neighbours along k lie side by side
  computes(dots, "C.split(k, ko, r, 2).unroll(r).tensorize(r, vpmaddwd)", products);  // one result at a time
  computes(dots,
           "C.split(k, ko, r, 2).split(j, jo, ji, 5).reorder(i, jo, ko, ji, r).unroll(r).vectorize(ji).tensorize(r, "
           "vpmaddwd)",
           products);
  computes(
      "dots2(A: i16[M, K], B: i16[N, K]) -> D: i32[M, N]\n  C[i, j] = sum(k < K: i32(A[i, k]) * i32(B[j, k]))\n  D[i, "
      "j] = C[i, j] * 2\n",
      loops(2, "C.tensorize(r, vpmaddwd)\nD.epilogue_of(C)"), products);
}

TEST_CASE("a first operand of i8 is shifted to u8, and the sum corrected") {
  const std::string both = "both(A: i8[M, K], B: i8[K, N]) -> C: i32[M, N]\n  C[i, j] = sum(k < K: i32(A[i, k]) * i32(B[k, j]))\n";
  const std::string dense = "dense(A: i8[M, K], B: i8[N, K]) -> C: i32[M, N]\n  C[i, j] = sum(k < K: i32(B[j, k]) * i32(A[i, k]))\n";
  const std::string copied = loops(4, "B.stage_at(C, jo).layout(k/4, j, k%4)\nC.tensorize(r, vpdpbusd_signed)");
  const std::string code = assembly(both, copied, "x86-64-v4+avx512vnni");
  has(code, "vpdpbusd");
  has(code, "vpsubd");
  for (const char* target : {"x86-64-v3+avxvnni", "x86-64-v4+avx512vnni", "x86-64-v2"}) {
    computes_on(target, both, copied, products);
    computes_on(target, dense, loops(4, "C.tensorize(r, vpdpbusd_signed)"), products);
    computes_on(target, dense, "C.split(k, ko, r, 4).unroll(r).tensorize(r, vpdpbusd_signed)", products);
  }
}

TEST_CASE("a last group that is not full is one instruction, in which absent terms are zeros") {
  const std::string copied = loops(2, "B.stage_at(C, jo).layout(k/2, j, k%2)\nC.tensorize(r, vpmaddwd)");
  const std::string code = lowered(words, copied);
  has(code, "B.staged[ko, ji_1, ramp(0, 1, 2)], A[ii_1 + io*2, ramp(ko*2, 1, 2)])");
  has(code, "B.staged[ko.full, ji_2, ramp(0, 1, 2)], A[ii_2 + io*2, ramp(ko.full*2, 1, 2)] if ramp(0, 1, 2) < broadcast(k.rest, 2))");
  CHECK(code.find("for r") == std::string::npos);
  for (const char* layout : {"B.constant().layout(K/2, N, K%2)\n", "B.stage_at(C, io).layout(j, k)\n"}) {
    has(lowered(words, loops(2, layout + std::string("C.tensorize(r, vpmaddwd)"))), "ramp(0, 1, 2) < broadcast(k.rest, 2)");
    computes(words, loops(2, layout + std::string("C.tensorize(r, vpmaddwd)")), products);
  }
  for (const char* target : {"x86-64-v3+avxvnni", "x86-64-v4+avx512vnni"}) {
    computes_on(target, bytes, loops(4, "B.stage_at(C, jo).layout(k/4, j, k%4)\nC.tensorize(r, vpdpbusd)"), products);
  }
}

TEST_CASE("terms at borders are written one by one") {
  computes(
      "borders(X: i16[N], F: i16[R]) -> Y: i32[N]\n  size R in 1..9\n  Y[n] = sum(r < R: i32(X[n + r - 1] outside "
      "none) * i32(F[r]))\n",
      "Y.split(r, ro, ri, 2).unroll(ri).tensorize(ri, vpmaddwd)",
      {{{"N", 1}, {"R", 1}}, {{"N", 17}, {"R", 4}}, {{"N", 9}, {"R", 9}}, {{"N", 40}, {"R", 3}}});
}

TEST_CASE("what an instruction does not mean is refused") {
  has(refusal(words, loops(2, "C.tensorize(r, vpmaddw)")), "did you mean vpmaddwd?");
  has(refusal(bytes, loops(4, "B.constant().layout(K/4, N, K%4)\nC.tensorize(r, vpmaddwd)")),
      "got 4 terms, need the innermost loop, over 2 terms of the reduction, unrolled");
  has(refusal(bytes, loops(2, "C.tensorize(r, vpmaddwd)")),
      "what the instruction means: vpmaddwd(a: i16[N, 2], b: i16[N, 2]) -> d: i32[N]");
  has(refusal(words, loops(2, "C.tensorize(r, vpmaddwd)")), "B[k, j] at neighbouring r lie apart");
  has(refusal(words, loops(2, "C.tensorize(ji, vpmaddwd)")), "ji runs over an index");
  has(refusal(words, "C.split(k, ko, r, 2).tensorize(r, vpmaddwd)"), "r is not unrolled");
  has(refusal(words, "C.split(k, ko, r, 2).reorder(i, ko, r, j).unroll(r).tensorize(r, vpmaddwd)"),
      "j stands inside r");
  has(refusal("most(A: i16[M, K], B: i16[K, M]) -> C: i32[M]\n  C[i] = max(k < K: i32(A[i, k]) * i32(B[k, i]))\n",
              "C.split(k, ko, r, 2).unroll(r).tensorize(r, vpmaddwd)"),
      "what the instruction means");
}

}  // namespace lathe
