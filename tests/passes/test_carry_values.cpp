#include <doctest/doctest.h>

#include "jit/passes/carry_values.h"
#include "tests/passes/head.h"

namespace lathe {
namespace {

constexpr const char* parameters = "X: f32 readonly strides[1], S: f32 strides[1], D: f32 strides[ld, 1]; M: i64, N: i64, ld: i64";

std::string carried(const std::string& body) { return body_after(parameters, body, carry_values); }
void stays(const std::string& body) { CHECK(carried(body) == body); }

}  // namespace

TEST_CASE("carry_values does what its head shows") { check_head("carry_values", parameters, carry_values); }

TEST_CASE("copies of unrolled rows carry a value each") {
  CHECK(carried("for k in 0, N serial {\n  for i in 0, 4 unroll {\n    D[i + M, k + 1] = D[i + M, k] + X[k]\n  }\n}\n") ==
        "if N > 0 {\n  alloc D.carried: f32[4] registers\n  for i.first in 0, 4 unroll {\n"
        "    D.carried[i.first] = D[M + i.first, 0]\n  }\n  for k in 0, N serial {\n    for i in 0, 4 unroll {\n"
        "      let D.next = D.carried[i] + X[k]\n      D[i + M, k + 1] = D.next\n      D.carried[i] = D.next\n    }\n  }\n}\n");
}

TEST_CASE("a sum in memory is carried, and stored all the same") {
  CHECK(carried("for k in 0, N serial {\n  S[M] = S[M] + X[k]\n}\n") ==
        "if N > 0 {\n  alloc S.carried: f32[1] registers\n  S.carried[0] = S[M]\n  for k in 0, N serial {\n"
        "    let S.next = S.carried[0] + X[k]\n    S[M] = S.next\n    S.carried[0] = S.next\n  }\n}\n");
}

TEST_CASE("what is read later in an iteration, stored twice, or under a condition stays in memory") {
  stays("for k in 0, N serial {\n  S[k + 1] = S[k] + X[k]\n  S[k] = X[k]\n}\n");
  stays("for k in 0, N serial {\n  S[k + 1] = X[k]\n  D[0, k] = S[k]\n}\n");
  stays("for k in 0, N serial {\n  if k < M {\n    S[k + 1] = S[k] + X[k]\n  }\n}\n");
  stays("for k in 0, N parallel {\n  S[k + 1] = S[k] + X[k]\n}\n");
}

TEST_CASE("rows that may be one row, and elements further back, stay in memory") {
  stays("for k in 0, N serial {\n  for i in 0, 4 unroll {\n    D[M, i + k + 1] = D[M, i + k] + X[k]\n  }\n}\n");
  stays("for k in 0, N serial {\n  S[k + 2] = S[k] + X[k]\n}\n");
}

}  // namespace lathe
