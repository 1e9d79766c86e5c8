#include <doctest/doctest.h>

#include "jit/ir/text.h"
#include "jit/ir/verify.h"
#include "jit/passes/contract.h"

namespace lathe {
namespace {

// The value of a store before and after the pass.
void check_contracts(const std::string& before, const std::string& after) {
  const auto program = [](const std::string& value) {
    return ir::parse_program(
        "program p\n"
        "entry main(A: f32 readonly, B: f32 readonly, C: f32 readonly, I: i32 readonly, Y: f32, J: i32; n: i64) {\n"
        "  for i in 0, n serial {\n    " +
        value + "\n  }\n}\n");
  };
  const ir::Program result = contract(program(before));
  ir::verify(result, ir::Stage::final);
  CHECK(ir::print(result) == ir::print(program(after)));
}

}  // namespace

TEST_CASE("a product added to something is fused, on either side") {
  check_contracts("Y[i] = Y[i] + A[i] * B[i]", "Y[i] = fma(A[i], B[i], Y[i])");
  check_contracts("Y[i] = A[i] * B[i] + Y[i]", "Y[i] = fma(A[i], B[i], Y[i])");
}

TEST_CASE("a difference is fused with a negation") {
  check_contracts("Y[i] = C[i] - A[i] * B[i]", "Y[i] = fma(-A[i], B[i], C[i])");
  check_contracts("Y[i] = A[i] * B[i] - C[i]", "Y[i] = fma(A[i], B[i], -C[i])");
}

TEST_CASE("of two products the second is fused with the first") {
  check_contracts("Y[i] = A[i] * B[i] + C[i] * C[i]", "Y[i] = fma(C[i], C[i], A[i] * B[i])");
}

TEST_CASE("every product of a longer sum is fused onto its other terms") {
  check_contracts("Y[i] = Y[i] + (A[i] * B[i] - C[i] * A[i])", "Y[i] = fma(-C[i], A[i], fma(A[i], B[i], Y[i]))");
}

TEST_CASE("the strict class keeps products and sums apart") {
  const char* text =
      "program p strict\nentry main(A: f32 readonly, Y: f32; n: i64) {\n  Y[n] = Y[n] + A[n] * A[n]\n}\n";
  const ir::Program program = ir::parse_program(text);
  CHECK(ir::print(contract(program)) == ir::print(program));
}

TEST_CASE("products inside other operators and in vectors are fused") {
  check_contracts("Y[i] = max(A[i] * B[i] + C[i], f32(0)) * 2", "Y[i] = max(fma(A[i], B[i], C[i]), f32(0)) * 2");
  check_contracts("Y[ramp(i, 1, 8)] = Y[ramp(i, 1, 8)] + broadcast(A[i], 8) * B[ramp(i, 1, 8)]",
                  "Y[ramp(i, 1, 8)] = fma(broadcast(A[i], 8), B[ramp(i, 1, 8)], Y[ramp(i, 1, 8)])");
}

TEST_CASE("integers and named products stay as they are") {
  check_contracts("J[i] = J[i] + I[i] * I[i]", "J[i] = J[i] + I[i] * I[i]");
  check_contracts("Y[i * 2 + 1] = A[i]", "Y[i * 2 + 1] = A[i]");
  check_contracts("let t = A[i] * B[i]\n Y[i] = t + C[i]", "let t = A[i] * B[i]\n Y[i] = t + C[i]");
}

}  // namespace lathe
