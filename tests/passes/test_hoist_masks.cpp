#include <doctest/doctest.h>

#include "jit/passes/hoist_masks.h"
#include "tests/passes/head.h"

namespace lathe {
namespace {

constexpr const char* parameters = "B: f32 readonly, C: f32; K: i64, ldb: i64, cols: i64";

}  // namespace

TEST_CASE("hoist_masks does what its head shows") { check_head("hoist_masks", parameters, hoist_masks); }

TEST_CASE("a mask leaves all loops that it does not depend on, once however often it stands there") {
  CHECK(body_after(parameters,
                   "for i in 0, K serial {\n  for k in 0, K serial {\n"
                   "    C[ramp(0, 1, 8)] = B[ramp(k, 1, 8)] if ramp(0, 1, 8) < broadcast(cols, 8) if ramp(0, 1, 8) < broadcast(cols, 8)\n"
                   "  }\n}",
                   hoist_masks) ==
        "let mask.0 = ramp(0, 1, 8) < broadcast(cols, 8)\nfor i in 0, K serial {\n  for k in 0, K serial {\n"
        "    C[ramp(0, 1, 8)] = (B[ramp(k, 1, 8)] if mask.0) if mask.0\n  }\n}\n");
}

TEST_CASE("a mask that depends on the loop stays inside it, as does one of data") {
  const std::string inner =
      "for i in 0, K serial {\n  for k in 0, K serial {\n"
      "    C[ramp(0, 1, 8)] = B[ramp(k, 1, 8)] if ramp(0, 1, 8) < broadcast(i, 8)\n  }\n}\n";
  CHECK(body_after(parameters, inner, hoist_masks) ==
        "for i in 0, K serial {\n  let mask.0 = ramp(0, 1, 8) < broadcast(i, 8)\n  for k in 0, K serial {\n"
        "    C[ramp(0, 1, 8)] = B[ramp(k, 1, 8)] if mask.0\n  }\n}\n");
  const std::string data =
      "for k in 0, K serial {\n  C[ramp(0, 1, 8)] = select(B[ramp(0, 1, 8)] < broadcast(f32(0), 8), broadcast(f32(1), 8), "
      "B[ramp(k, 1, 8)])\n}\n";
  CHECK(body_after(parameters, data, hoist_masks) == data);
}

}  // namespace lathe
