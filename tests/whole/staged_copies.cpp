// Copies of operands have room for all that tiles touch. This program checks every kernel's scratch memory.
#include <doctest/doctest.h>

#include "jit/compile.h"
#include "lang/oracle.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "tests/whole/schedule_trials.h"

namespace lathe {
namespace {

TEST_CASE("a copy made outside of panels that are tiled again has room for their last unit") {
  const SourceFile file = parse_file_text(
      "product(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n"
      "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n"
      "schedule for product\n"
      "C.split(k, ko, ki, 32, even).split(j, jp, jj, 64).tile(jj, i -> jo, io, ji, ii; width 16: 2 rows)\n"
      "C.reorder(ko, jp, io, jo, ki, ii, ji).vectorize(ji).unroll(ii).store_in(registers, at = jo)\n"
      "B.stage_at(C, ko).layout(ki, ji).with_first(io)\n",
      "product.lathe");
  const Operator& op = file.operators.at(0);
  const Target target = target_named("x86-64-v2");
  const Kernel kernel = compile(op, {.schedule = schedule_for(file, op, target.level), .target = target});
  for (const int64_t columns : {1, 15, 24, 65, 130}) {
    const CheckData data = make_check_data(op, {{"M", 5}, {"K", 37}, {"N", columns}}, {});
    kernel.run(data.bindings.tensors, {}, {});
    CHECK(compare(op, data, {}).good);
  }
}

TEST_CASE("a copy that the first iteration writes holds what real lanes read, where several lanes read one element") {
  for (const char* index : {"B[k, j/2]", "B[0, j + k]", "B[0, j + K - 1 - k]", "B[k, j]"}) {
    const std::string op = fmt::format("f(A: f32[M, K], B: f32[2*K + 1, N + K], X: f32[N]) -> C: f32[M, N]\n  size N in 1..100\n"
                                       "  C[i, j] = sum(k < K: A[i, k] * {})\n", index);
    for (const char* tail : {"mask", "guard", "clamp"}) {
      computes(op,
               fmt::format("C.split(j, jo, ji, 8).split(i, io, ii, 2).split(k, ko, ki, 4).reorder(jo, io, ko, ki, ii, ji)\n"
                           "C.vectorize(ji).unroll(ii).unroll(ki).tail(ji, {}).store_in(registers, at = io)\n"
                           "B.stage_at(C, jo).with_first(io)", tail),
               {{{"M", 1}, {"N", 1}, {"K", 1}}, {{"M", 3}, {"N", 5}, {"K", 3}}, {{"M", 5}, {"N", 19}, {"K", 9}}, {{"M", 2}, {"N", 11}, {"K", 0}}});
    }
  }
}

TEST_CASE("elements of a group are copied together") {
  const std::string op = "f(A: i16[M, K], B: i16[K, N]) -> C: i32[M, N]\n  C[i, j] = sum(k < K: i32(A[i, k]) * i32(B[k, j]))\n";
  const Sizes sizes = {{{"M", 1}, {"N", 1}, {"K", 1}}, {{"M", 3}, {"N", 5}, {"K", 3}}, {{"M", 5}, {"N", 19}, {"K", 9}},
                       {{"M", 2}, {"N", 40}, {"K", 8}}, {{"M", 9}, {"N", 8}, {"K", 0}}};
  const std::string tile = "C.split(j, jo, ji, 16).split(i, io, ii, 2).reorder(jo, io, k, ii, ji).vectorize(ji).unroll(ii).store_in(registers, at = io)\n";
  // One panel of lanes that are known, all columns, and a part of the terms.
  const std::string panel = tile + "B.stage_at(C, jo).layout(k/4, j, k%4)", whole = "C.reorder(i, j, k)\nB.stage_at(C, i).layout(k/4, j, k%4)";
  const std::string part = "C.split(k, ko, ki, 6).reorder(ko, i, j, ki)\nB.stage_at(C, ko).layout(k/2, j, k%2)";
  has(lowered(op, panel), "for B.element in 0, 4 unroll {\n            B.staged[B.copy, B.copy_1, B.element] = B[B.copy*4 + B.element, B.copy_1 + jo*16]");
  has(lowered(op, whole), "let B.copy_1.vectors = N / 8");
  for (const std::string& lines : {panel, whole, part, std::string("C.reorder(i, j, k)\nB.stage_at(C, i).layout(j/4, k, j%4)")}) computes(op, lines, sizes);
}

}  // namespace
}  // namespace lathe
