#include <doctest/doctest.h>

#include "jit/passes/hoist_scalars.h"
#include "tests/passes/head.h"

namespace lathe {
namespace {

constexpr const char* parameters = "A: f32 readonly, B: f32 readonly, C: f32; M: i64, K: i64";

std::string after(const std::string& body) { return body_after(parameters, body, hoist_scalars); }

}  // namespace

TEST_CASE("hoist_scalars does what its head shows") { check_head("hoist_scalars", parameters, hoist_scalars); }

TEST_CASE("a value of data leaves all loops that it does not depend on, and vector loops with them") {
  CHECK(after("for i in 0, M serial {\n  for j in 0, 8 vector {\n    C[i] = A[j] * exp(B[0])\n  }\n}") ==
        "if 0 < M {\n  let fixed.0 = exp(B[0])\n  for i in 0, M serial {\n    for j in 0, 8 vector {\n"
        "      C[i] = A[j] * fixed.0\n    }\n  }\n}\n");
}

TEST_CASE("a value stays in what may not run: it may lie past an argument") {
  CHECK(after("for i in 0, M serial {\n  for k in 0, K serial {\n    C[i] = A[k] * (B[0] + B[i])\n  }\n}") ==
        "for i in 0, M serial {\n  if 0 < K {\n    let fixed.0 = B[0] + B[i]\n    for k in 0, K serial {\n"
        "      C[i] = A[k] * fixed.0\n    }\n  }\n}\n");
  const std::string chosen = "for i in 0, M serial {\n  if i < K {\n    C[i] = A[i] * (B[0] + B[1])\n  }\n}\n";
  CHECK(after(chosen) == chosen);
}

TEST_CASE("a divisor leaves loops, also out of a branch if it can always be read") {
  CHECK(after("for i in 0, M serial {\n  C[i] = A[i] / B[0]\n}") ==
        "if 0 < M {\n  let fixed.0 = B[0]\n  for i in 0, M serial {\n    C[i] = A[i] / fixed.0\n  }\n}\n");
  CHECK(after("alloc s: f32[1] stack\ns[0] = A[0]\nfor i in 0, M serial {\n  if i < K {\n    C[i] = A[i] / s[0]\n  }\n}") ==
        "alloc s: f32[1] stack\ns[0] = A[0]\nif 0 < M {\n  let fixed.0 = s[0]\n  for i in 0, M serial {\n    if i < K {\n"
        "      C[i] = A[i] / fixed.0\n    }\n  }\n}\n");
  const std::string argument = "for i in 0, M serial {\n  if i < K {\n    C[i] = A[i] / B[0]\n  }\n}\n";
  CHECK(after(argument) == argument);
}

TEST_CASE("mere elements, index arithmetic and what the loop writes stay inside it") {
  const std::string bodies[] = {"for i in 0, M serial {\n  C[i] = A[i] * B[0]\n}\n", "for i in 0, M serial {\n  C[M*K] = A[i]\n}\n",
                                "for i in 0, M serial {\n  C[0] = A[i] * (C[0] + C[1])\n}\n",
                                "for i in 0, M serial {\n  let n = i + K\n  C[i] = A[i] * (B[n] + B[n])\n}\n"};
  for (const std::string& body : bodies) {
    CHECK(after(body) == body);
  }
}

}  // namespace lathe
