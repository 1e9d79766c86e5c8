// What a program executes, counted from its final loop IR.
#include "tuner/executed.h"

#include <doctest/doctest.h>

namespace lathe::tuner {
namespace {

const char* const kTile = R"(program tile

unit unit_0(b0: f32 readonly, b1: f32 readonly, b2: f32; p0: i64, p1: i64) {
  alloc x0: f32[8] registers
  x0[ramp(0, 1, 8)] = broadcast(f32(0), 8)
  for x2 in 0, p0 serial {
    x0[ramp(0, 1, 8)] = fma(broadcast(b0[x2], 8), b1[ramp(p1*x2, 1, 8)], x0[ramp(0, 1, 8)])
  }
  b2[ramp(0, 1, 8)] = x0[ramp(0, 1, 8)]
}

entry tile(A: f32 readonly, B: f32 readonly, C: f32; M: i64, K: i64, N: i64) {
  for i in 0, M serial {
    if K > 0 {
      call unit_0(A + K*i, B, C + N*i; K, N)
    }
  }
}
)";

Executed count(const char* text, const std::map<std::string, int64_t>& scalars) {
  return executed(ir::parse_program(text), target_named("x86-64-v3"), scalars);
}

}  // namespace

TEST_CASE("a loop body counts once for each iteration, in units too") {
  const Executed e = count(kTile, {{"M", 10}, {"K", 100}, {"N", 8}});
  REQUIRE(e.loops.size() == 3);  // the entry itself, its loop, the unit's
  const ExecutedLoop& hot = e.loops[0];
  CHECK(hot.function == "unit_0");
  CHECK(hot.loop == "x2");
  CHECK(hot.iterations == 1000);
  CHECK(hot.each.loads == 2);
  CHECK(hot.each.stores == 0);
  CHECK(hot.each.ops.at(Pipe::mul) == 1);
  CHECK(hot.each.lanes() == 8);
  CHECK(e.all.stores == 10);
  CHECK(e.all.total_ops() == 8000);
}

TEST_CASE("a sum in one register waits for itself") {
  const Executed e = count(kTile, {{"M", 1}, {"K", 100}, {"N", 8}});
  CHECK(e.loops[0].chain_cycles == 4);
  CHECK(e.loops[0].cycles(target_named("x86-64-v3")) == 4);
}

TEST_CASE("a branch that is not taken counts nothing") {
  CHECK(count(kTile, {{"M", 10}, {"K", 0}, {"N", 8}}).all.stores == 0);
}

TEST_CASE("a loop whose number decides what runs inside it is sampled") {
  const char* const triangle = R"(program triangle

entry triangle(A: f32; N: i64) {
  for i in 0, N serial {
    for j in 0, i serial {
      A[j] = A[j] * f32(2)
    }
  }
}
)";
  const Executed e = count(triangle, {{"N", 101}});
  CHECK(e.all.total_ops() == doctest::Approx(101 * 100 / 2));
  CHECK(e.loops[0].each.is_scalar());
}

TEST_CASE("an element at a data index is loaded by itself, one of a run with its neighbours") {
  const char* const gather = R"(program gather

entry gather(A: f32 readonly, P: i64 readonly, B: f32; N: i64) {
  for i in 0, N serial {
    B[ramp(i*8, 1, 8)] = A[P[ramp(i*8, 1, 8)]]
  }
}
)";
  const Executed e = count(gather, {{"N", 3}});
  CHECK(e.loops[0].each.loads == 8 + 2);  // eight elements, and their places in two registers
  CHECK(e.loops[0].each.stores == 1);
}

}  // namespace lathe::tuner
