#include <doctest/doctest.h>

#include "jit/passes/hoist_storage.h"
#include "tests/passes/head.h"

namespace lathe {
namespace {

constexpr const char* parameters = "A: f32 readonly, C: f32; M: i64, K: i64, lda: i64";

std::string unchanged(const std::string& body) { return body_after(parameters, body, hoist_storage); }

}  // namespace

TEST_CASE("hoist_storage does what its head shows") { check_head("hoist_storage", parameters, hoist_storage); }

TEST_CASE("storage leaves every serial loop that its extents do not depend on") {
  CHECK(body_after(parameters,
                   "for i in 0, M serial {\n  for j in 0, K serial {\n    let n = i + K\n    alloc t: f32[n] heap\n"
                   "    t[0] = A[j]\n    C[j] = t[0]\n  }\n}",
                   hoist_storage) ==
        "for i in 0, M serial {\n  alloc t: f32[K + i] heap\n  for j in 0, K serial {\n    let n = i + K\n"
        "    t[0] = A[j]\n    C[j] = t[0]\n  }\n}\n");
}

TEST_CASE("storage stays private to iterations on threads, in branches, and where memory says how large it is") {
  const std::string shared = "for i in 0, M parallel {\n  alloc t: f32[K] heap\n  t[0] = A[i]\n  C[i] = t[0]\n}\n";
  CHECK(unchanged(shared) == shared);
  const std::string chosen =
      "for i in 0, M serial {\n  if i < K {\n    alloc t: f32[K] heap\n    t[0] = A[i]\n    C[i] = t[0]\n  }\n}\n";
  CHECK(unchanged(chosen) == chosen);
  const std::string large =
      "for i in 0, M serial {\n  alloc t: f32[i] heap\n  t[0] = A[i]\n  C[i] = t[0]\n}\n";
  CHECK(unchanged(large) == large);
}

}  // namespace lathe
