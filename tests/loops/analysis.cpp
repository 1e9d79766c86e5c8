// Loops, instructions and counts of assembly that is written here.
#include <doctest/doctest.h>

#include <string>

#include "bench/loops/compare.h"
#include "bench/loops/instruction.h"
#include "bench/loops/loop_counts.h"
#include "tests/errors.h"

namespace lathe::test {
namespace {

using loops::AsmLoop;
using loops::CaseLoops;
using loops::LoopCounts;

// A function as LLVM prints it; lines in between.
std::string function(const std::string& name, const std::string& lines) {
  return "\t.p2align\t4, 0x90\n" + name + ":\n" + lines + "\tretq\n.Lfunc_end0:\n";
}

AsmLoop loop_of(const std::string& lines) {
  const auto loops = loops::innermost_loops(function("f", lines), "f");
  REQUIRE(loops.size() == 1);
  return loops[0];
}

LoopCounts counts(const std::string& lines) { return loops::counts_of(loop_of(lines), target_named("x86-64-v3")); }

const char* const scale =
    ".LBB0_1:\n\tvmulps\t(%rsi,%rax,4), %ymm0, %ymm1\n\tvmovups\t%ymm1, (%rdi,%rax,4)\n"
    "\taddq\t$8, %rax\n\tcmpq\t%rcx, %rax\n\tjl\t.LBB0_1\n";
const char* const scale_elsewhere =
    ".LBB7_2:\n\tvmulps\t(%r8,%rdx,4), %ymm3, %ymm4\n\tvmovups\t%ymm4, (%r9,%rdx,4)\n"
    "\taddq\t$8, %rdx\n\tcmpq\t%r10, %rdx\n\tjl\t.LBB7_2\n";
const char* const scale_twice =
    ".LBB0_1:\n\tvmulps\t(%rsi,%rax,4), %ymm0, %ymm1\n\tvmulps\t32(%rsi,%rax,4), %ymm0, %ymm2\n\tvmovups\t%ymm1, "
    "(%rdi,%rax,4)\n"
    "\tvmovups\t%ymm2, 32(%rdi,%rax,4)\n\taddq\t$16, %rax\n\tcmpq\t%rcx, %rax\n\tjl\t.LBB0_1\n";

std::vector<loops::Worse> worse(const std::string& before, const std::string& now) {
  return loops::what_got_worse(loops::hot_loops("c", function("c.unit_0", before)),
                               loops::hot_loops("c", function("c.unit_0", now)), target_named("x86-64-v3"));
}

std::string first_reason(const std::vector<loops::Worse>& found) {
  return found.empty() ? "" : found.at(0).reasons.at(0);
}

}  // namespace

TEST_CASE("a loop begins at its entry wherever its end stands") {
  // The block before the entry goes on to it; the one behind jumps back into the middle, which makes no loop of its
  // own.
  const AsmLoop loop = loop_of(
      "\tjmp\t.LBB0_2\n.LBB0_1:\n\tincq\t%rax\n\tcmpq\t%rcx, %rax\n\tjge\t.LBB0_5\n.LBB0_2:\n\ttestb\t$1, "
      "%bl\n\tjne\t.LBB0_4\n"
      ".LBB0_3:\n\tvaddss\t%xmm0, %xmm1, %xmm1\n\tjmp\t.LBB0_1\n.LBB0_4:\n\tvmovss\t(%rsi), "
      "%xmm0\n\tjmp\t.LBB0_3\n.LBB0_5:\n");
  CHECK(loop.instructions.size() == 9);
  CHECK(loop.instructions.front() == "testb $1, %bl");
  CHECK(loop.instructions.back() == "jge .LBB0_5");
}

TEST_CASE("only loops without loops in them count") {
  const auto loops =
      loops::innermost_loops(function("f",
                                      ".LBB0_1:\n\txorl\t%eax, %eax\n.LBB0_2:\n\tincq\t%rax\n\tjne\t.LBB0_2\n"
                                      "\tdecq\t%rcx\n\tjne\t.LBB0_1\n"),
                             "f");
  REQUIRE(loops.size() == 1);
  CHECK(loops[0].text() == "incq %rax\njne .LBB0_2\n");
}

TEST_CASE("an instruction says what it is to a core") {
  const auto of = [](const char* text) { return loops::instruction_of(text, false); };
  CHECK(of("vfmadd231ps 32(%rsi), %ymm0, %ymm1").operations == 16);
  CHECK(of("vfmadd231ps 32(%rsi), %ymm0, %ymm1").reads == std::vector<int>{0, 1});
  CHECK(of("vpbroadcastd (%rsi), %zmm1").pipe == loops::Pipe::none);  // the load unit alone
  CHECK(of("vpbroadcastd %xmm0, %zmm1").pipe == loops::Pipe::shuffle);
  CHECK(of("vpbroadcastd (%rsi), %zmm1").memory_bytes == 4);
  CHECK(of("vaddss %xmm0, %xmm1, %xmm1").is_scalar_float);
  CHECK_FALSE(of("vpabsd %ymm0, %ymm1").is_scalar_float);
  CHECK(of("vxorps %xmm0, %xmm0, %xmm0").pipe == loops::Pipe::none);
  CHECK(of("vmovntps %ymm0, (%rdi)").streams);
  CHECK(of("vmovups %zmm0, (%rdi) {%k1}").stores);
  CHECK(of("vmovups (%rdi), %zmm0 {%k1}").reads == std::vector<int>{0});
  CHECK(of("vmovups (%rdi), %zmm0 {%k1} {z}").reads.empty());
  CHECK(of("addq $4, 8(%rsp)").loads);
  CHECK(of("addq $4, 8(%rsp)").stores);
  CHECK(of("addq $4, 8(%rsp)").on_stack);
  CHECK_FALSE(of("cmpq %rax, 8(%rsp)").stores);
  CHECK_FALSE(of("leaq 8(%rsi), %rax").loads);
  CHECK_FALSE(of("movl -64(%rsp,%rax,4), %ecx").on_stack);  // an array there
  CHECK_FALSE(of("movq 16(%rbp), %rcx").on_stack);
  CHECK(loops::instruction_of("movq 16(%rbp), %rcx", true).on_stack);
  CHECK(of("idivq %rcx").divides);
}

TEST_CASE("cycles are those of the busiest pipe or of the chain through iterations") {
  const LoopCounts one = counts(scale);
  CHECK(one.cycles == 1);
  CHECK(one.bound == std::string("stores"));
  CHECK(one.operations == 8);
  CHECK(one.bytes == 64);
  const LoopCounts sum = counts(
      ".LBB0_1:\n\tvaddps\t(%rsi), %ymm0, %ymm0\n\tvaddps\t32(%rsi), %ymm0, %ymm0\n\tdecq\t%rax\n\tjne\t.LBB0_1\n");
  CHECK(sum.cycles == 8);  // two additions, one after the other
  CHECK(sum.bound == std::string("chain"));
}

TEST_CASE("an iteration that does twice as much may take twice as much") {
  CHECK(first_reason(worse(scale, scale_twice)) == "");
  CHECK(first_reason(worse(scale_twice, scale)).starts_with("instructions: 7 -> 5, for 0.5 times the work"));
}

TEST_CASE("equal loops in other registers are no difference, and longer chains are") {
  const std::string sums =
      ".LBB0_1:\n\tvaddps\t(%rsi), %ymm0, %ymm0\n\tvaddps\t32(%rsi), %ymm1, %ymm1\n\tdecq\t%rax\n\tjne\t.LBB0_1\n";
  const std::string others =
      ".LBB3_7:\n\tvaddps\t(%rdi), %ymm5, %ymm5\n\tvaddps\t64(%rdi), %ymm3, %ymm3\n\tdecq\t%rcx\n\tjne\t.LBB3_7\n";
  const std::string chained =
      ".LBB0_1:\n\tvaddps\t(%rsi), %ymm0, %ymm0\n\tvaddps\t32(%rsi), %ymm0, %ymm0\n\tdecq\t%rax\n\tjne\t.LBB0_1\n";
  CHECK(worse(sums, others).empty());
  CHECK(first_reason(worse(sums, chained)) == "cycles: 4 -> 8");
  CHECK(worse(chained, sums).empty());
}

TEST_CASE("arithmetic on the same bytes is no work when it is done twice") {
  const std::string doubled =
      ".LBB0_1:\n\tvmulps\t(%rsi,%rax,4), %ymm0, %ymm1\n\tvmulps\t%ymm1, %ymm0, %ymm1\n\tvmovups\t%ymm1, "
      "(%rdi,%rax,4)\n"
      "\taddq\t$8, %rax\n\tcmpq\t%rcx, %rax\n\tjl\t.LBB0_1\n";
  CHECK(first_reason(worse(scale, doubled)) == "instructions: 5 -> 6");
}

TEST_CASE("what got worse shows both loops") {
  const std::string text = worse(scale_twice, scale).at(0).text();
  CHECK(text.find("before:\nvmulps (%rsi,%rax,4), %ymm0, %ymm1\nvmulps 32") != std::string::npos);
  CHECK(text.find("now:\nvmulps (%rsi,%rax,4), %ymm0, %ymm1\nvmovups") != std::string::npos);
}

TEST_CASE("a loop of the same shape keeps its text") {
  CaseLoops now = loops::hot_loops("c", function("c.unit_1", scale_elsewhere) + function("c.unit_2", scale_twice));
  loops::keep_text(now, loops::hot_loops("c", function("c.unit_0", scale)));
  CHECK(now.loops.at(0).loop.instructions == loop_of(scale).instructions);
  CHECK(now.loops.at(0).loop.function == "c.unit_1");
  CHECK(now.loops.at(1).loop.instructions == loop_of(scale_twice).instructions);
}

TEST_CASE("loops read back as they were printed") {
  const Target target = target_named("x86-64-v3");
  const std::string text = loops::print(
      loops::hot_loops("c author x86-64-v3", function("c.unit_0", scale_twice) + function("c.unit_1", scale)), target);
  const auto cases = loops::parse_case_loops("# a comment\n" + text);
  REQUIRE(cases.size() == 1);
  CHECK(cases[0].loops.size() == 2);
  CHECK(loops::print(cases[0], target) == text);
  CHECK(failure_of([] { loops::parse_case_loops("case c: many functions\n"); }).find("got case c: many functions") !=
        std::string::npos);
}

}  // namespace lathe::test
