#include <doctest/doctest.h>

#include "jit/ir/text.h"
#include "jit/passes/expand_loops.h"
#include "tests/passes/head.h"

namespace lathe {
namespace {

// The body of a loop over 8 lanes, expanded for vectors of 8.
std::string expanded(const std::string& body) {
  const ir::Program program = ir::parse_program("program p\nentry main(X: f32 readonly, Y: f32; n: i64) {\n  for i in 0, 8 vector {\n" +
                                                body + "\n  }\n}\n");
  const std::string text = ir::print(expand_loops(program, target_named("x86-64-v3")));
  return text.substr(text.find("{\n") + 2);
}

}  // namespace

TEST_CASE("expand_loops does what its head shows, on vectors of 32 bytes") {
  check_head("expand_loops", "A: f32 readonly, B: f32 readonly, acc: f32; lda: i64",
             [](const ir::Program& program) { return expand_loops(program, target_named("x86-64-v3")); });
}

TEST_CASE("the groups of an instruction follow each other, and one that all lanes share stays one") {
  const ir::Program program = ir::parse_program(
      "program p\nentry main(A: u8 readonly, B: i8 readonly, C: i32; n: i64, m: i64) {\n  for j in 0, 8 vector {\n"
      "    C[j] = instruction(vpdpbusd, C[j], A[ramp(n*4, 1, 4)], B[ramp(n + 4*j, 1, 4)] if broadcast(j < m, 4))\n  }\n}\n");
  const std::string text = ir::print(expand_loops(program, target_named("x86-64-v3")));
  CHECK(text.substr(text.find("{\n") + 2) ==
        "  C[ramp(0, 1, 8)] = instruction(vpdpbusd, C[ramp(0, 1, 8)], A[ramp(n*4, 1, 4)], B[ramp(n, 1, 32)] if "
        "broadcast(0, 32) + ramp(0, 1, 32) / broadcast(4, 32) < broadcast(m, 32))\n}\n");
}

TEST_CASE("lanes next to each other ask for one line, lanes apart for all of theirs") {
  CHECK(expanded("prefetch X[i + n] read\nY[i] = X[i]") ==
        "  prefetch X[n] read\n  Y[ramp(0, 1, 8)] = X[ramp(0, 1, 8)]\n}\n");
  CHECK(expanded("prefetch X[3*i + n] read\nY[i] = X[3*i]") ==
        "  prefetch X[n] read\n  prefetch X[n + 8] read\n  prefetch X[n + 16] read\n"
        "  Y[ramp(0, 1, 8)] = X[ramp(0, 3, 8)]\n}\n");
  CHECK(expanded("prefetch X[n] read\nY[i] = X[i]") ==
        "  prefetch X[n] read\n  Y[ramp(0, 1, 8)] = X[ramp(0, 1, 8)]\n}\n");
}

TEST_CASE("an index that is another one from some lane on is a ramp on both sides of it, and no group goes across") {
  CHECK(expanded("Y[i] = X[select(i < 4, i, n + i - 8)]") ==
        "  Y[ramp(0, 1, 4)] = X[ramp(0, 1, 4)]\n  Y[ramp(4, 1, 4)] = X[ramp(n - 4, 1, 4)]\n}\n");
}

}  // namespace lathe
