// The meter. Ranges are wide: the machine may be shared; what is asserted is the arithmetic, not a time.
#include "jit/runtime/meter.h"

#include <cmath>

#include "helpers.h"
#include "jit/runtime/host.h"
#include "jit/runtime/meter_sampling.h"

using namespace lathe;

TEST_CASE("the peak is set against width, pipes and clock") {
  PeakCheck check = check_peak(host_target());
  MESSAGE("peak " << check.peak_gflops << " GFLOP/s, expected " << check.expected_gflops << ", ratio " << check.ratio);
  CHECK(check.clock_ghz > 0.1);
  CHECK(check.peak_gflops > 0.5);
  CHECK(check.ratio > 0.5);
  CHECK(check.ratio < 2);
  double units = check.expected_gflops / (check.clock_ghz * host_target().lanes(4) * 2);
  bool halves = std::abs(2 * units - std::round(2 * units)) < 1e-6;
  CHECK((halves || units < 0.75));
}

TEST_CASE("every pipe has a rate, and what costs nothing is infinitely fast") {
  const Target& host = host_target();
  for (Pipe pipe : {Pipe::add, Pipe::mul, Pipe::logic, Pipe::divide, Pipe::math}) {
    CHECK(measure_pipe_rate(pipe, host) > 0.001);
  }
  CHECK(std::isinf(measure_pipe_rate(Pipe::none, host)));
  CHECK(measure_pipe_rate(Pipe::popcount, target_named("x86-64-v2")) == 0);
  CHECK((measure_pipe_rate(Pipe::popcount, host) > 0) == host.has_feature("avx512vpopcntdq"));
}

TEST_CASE("the peak counts lanes of the element size") {
  Target target = target_named("x86-64-v2");
  double single = measure_peak_gflops(target, 1, 4), twice = measure_peak_gflops(target, 1, 8);
  CHECK(single > 1.2 * twice);
  CHECK(measure_peak_gflops(target, 2) > 0);
}

TEST_CASE("a target whose vectors no loop has is refused") {
  Target odd = target_named("x86-64-v2");
  odd.vector_bytes = 128;
  CHECK_ERROR(measure_pipe_rate(Pipe::add, odd), missing_feature, "cannot run", "128-byte vectors");
}

TEST_CASE("bandwidth is positive for sets of any size and number of threads") {
  for (int64_t bytes : {int64_t{0}, int64_t{5000}, int64_t{1} << 20}) {
    for (int threads : {1, 2}) {
      Bandwidth b = measure_bandwidth(bytes, threads);
      CHECK(b.read > 0.01);
      CHECK(b.memcpy_ > 0.01);
      CHECK(b.streaming_copy > 0.01);
    }
  }
}

TEST_CASE("a measured rate is taken for the nearest one that hardware can have") {
  CHECK(nearest_per_cycle(1.96) == 2);
  CHECK(nearest_per_cycle(1.52) == 1.5);
  CHECK(nearest_per_cycle(0.97) == 1);
  CHECK(nearest_per_cycle(0.51) == 0.5);
  CHECK(nearest_per_cycle(0.0998) == doctest::Approx(0.1));
  CHECK(nearest_per_cycle(0) == 0);
}
