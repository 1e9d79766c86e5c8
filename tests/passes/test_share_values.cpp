#include <doctest/doctest.h>

#include "jit/ir/text.h"
#include "jit/ir/verify.h"
#include "jit/passes/share_values.h"

namespace lathe {
namespace {

// A body after the pass, where accumulators take `taken` of 16 vector registers.
std::string shared(const std::string& body, int taken) {
  const ir::Program program = ir::parse_program(
      "program p\nentry main(X: f32 readonly, Z: f32 readonly, Y: f32; n: i64) {\n  alloc r: f32[" +
      std::to_string(8 * taken) + "] registers\n" + body + "\n}\n");
  const ir::Program result = share_values(program, target_named("x86-64-v3"));
  ir::verify(result, ir::Stage::final);
  const std::string text = ir::print(result);
  return text.substr(text.find("registers\n") + 10);
}

// Each store names a difference; after the second difference both are held, and nothing else.
const char* two_squares = R"(
  r[ramp(0, 1, 8)] = fma(X[ramp(n, 1, 8)] - Z[ramp(n, 1, 8)], X[ramp(n, 1, 8)] - Z[ramp(n, 1, 8)], r[ramp(0, 1, 8)])
  prefetch X[n + 64] soon
  r[ramp(8, 1, 8)] = fma(X[ramp(n, 1, 8)] - X[ramp(n + 8, 1, 8)], X[ramp(n, 1, 8)] - X[ramp(n + 8, 1, 8)], r[ramp(8, 1, 8)]))";

}  // namespace

TEST_CASE("two neighbouring stores to registers name their values before the first of them") {
  CHECK(shared(two_squares, 2) == R"(  let shared.0 = X[ramp(n, 1, 8)]
  let shared.1 = shared.0 - Z[ramp(n, 1, 8)]
  let shared.2 = shared.0 - X[ramp(n + 8, 1, 8)]
  r[ramp(0, 1, 8)] = fma(shared.1, shared.1, r[ramp(0, 1, 8)])
  prefetch X[n + 64] soon
  r[ramp(8, 1, 8)] = fma(shared.2, shared.2, r[ramp(8, 1, 8)])
}
)");
}

TEST_CASE("stores that would need a register too many name their values one after the other") {
  CHECK(shared(two_squares, 15) == R"(  let shared.0 = X[ramp(n, 1, 8)]
  let shared.1 = shared.0 - Z[ramp(n, 1, 8)]
  r[ramp(0, 1, 8)] = fma(shared.1, shared.1, r[ramp(0, 1, 8)])
  prefetch X[n + 64] soon
  let shared.2 = shared.0 - X[ramp(n + 8, 1, 8)]
  r[ramp(8, 1, 8)] = fma(shared.2, shared.2, r[ramp(8, 1, 8)])
}
)");
}

TEST_CASE("stores to memory and stores without names make no pairs") {
  CHECK(shared("r[ramp(0, 1, 8)] = X[ramp(n, 1, 8)]\nr[ramp(8, 1, 8)] = X[ramp(n, 1, 8)]", 2) == R"(  let shared.0 = X[ramp(n, 1, 8)]
  r[ramp(0, 1, 8)] = shared.0
  r[ramp(8, 1, 8)] = shared.0
}
)");
  CHECK(shared("Y[ramp(n, 1, 8)] = X[ramp(n, 1, 8)] * X[ramp(n, 1, 8)]\nY[ramp(n + 8, 1, 8)] = Z[ramp(n, 1, 8)] * Z[ramp(n, 1, 8)]",
               2) == R"(  let shared.0 = X[ramp(n, 1, 8)]
  Y[ramp(n, 1, 8)] = shared.0 * shared.0
  let shared.1 = Z[ramp(n, 1, 8)]
  Y[ramp(n + 8, 1, 8)] = shared.1 * shared.1
}
)");
}

}  // namespace lathe
