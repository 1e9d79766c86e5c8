#include <doctest/doctest.h>

#include "jit/passes/collapse_loops.h"
#include "tests/passes/head.h"

namespace lathe {
namespace {

constexpr const char* parameters = "P: f32 readonly, F: f32 readonly, acc: f32; x: i64, S: i64, C: i64, O: i64";

// The body, which the pass leaves as it is.
void check_stays(const std::string& body) { CHECK(body_after(parameters, body, collapse_loops) == body); }

}  // namespace

TEST_CASE("collapse_loops does what its head shows") { check_head("collapse_loops", parameters, collapse_loops); }

TEST_CASE("three chained loops become one") {
  CHECK(body_after(parameters,
                   "for r in 0, O serial {\n  for s in 0, S serial {\n    for c in 0, C serial {\n"
                   "      acc[0] = acc[0] + P[r*S*C + s*C + c]\n    }\n  }\n}",
                   collapse_loops) ==
        "for r.s.c in 0, C * O * S serial {\n  acc[0] = acc[0] + P[0*S*C + 0*C + r.s.c]\n}\n");
}

TEST_CASE("loops whose strides do not chain stay, and those whose variables stand beside offsets") {
  check_stays("for s in 0, S serial {\n  for c in 0, C serial {\n    acc[0] = acc[0] + P[O*s + c]\n  }\n}\n");
  check_stays("for s in 0, S serial {\n  for c in 0, C serial {\n    acc[0] = acc[0] + P[C*s + c] if c < x\n  }\n}\n");
  check_stays("for s in 0, S serial {\n  for c in 0, C serial {\n    acc[0] = acc[0] + f32(c)\n  }\n}\n");
}

TEST_CASE("loops with something between them, of another kind or from elsewhere stay") {
  check_stays("for s in 0, S serial {\n  acc[0] = f32(0)\n  for c in 0, C serial {\n    acc[0] = acc[0] + P[C*s + c]\n  }\n}\n");
  check_stays("for s in 0, S parallel {\n  for c in 0, C serial {\n    acc[C*s + c] = P[C*s + c]\n  }\n}\n");
  check_stays("for s in 1, S serial {\n  for c in 0, C serial {\n    acc[0] = acc[0] + P[C*s + c]\n  }\n}\n");
  check_stays("for s in 0, S serial {\n  for c in 0, s serial {\n    acc[0] = acc[0] + P[C*s + c]\n  }\n}\n");
}

}  // namespace lathe
