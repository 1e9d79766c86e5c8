// Clock, pipe rates and the FMA peak. A peak meter easily lies (a loop whose accumulators spill shows a third of it),
// so check_peak sets the peak against width x pipes x clock, measured in turns with it.
#include "jit/runtime/meter.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "jit/runtime/meter_sampling.h"

namespace lathe {
namespace {

// A vector function such as exp on the mul pipe: range reduction 3, polynomial of degree 6, scaling 1.
constexpr double math_instructions = 10;

MeterOp operation_of(Pipe pipe, const Target& target) {
  switch (pipe) {
    case Pipe::add:
      return MeterOp::add;
    case Pipe::logic:
      return MeterOp::logic;
    case Pipe::divide:
      return MeterOp::divide;
    case Pipe::popcount:
      return MeterOp::popcount;
    case Pipe::mul:
    case Pipe::math:
    case Pipe::none:
      break;
  }
  return target.has_feature("fma") ? MeterOp::fma : MeterOp::mul;
}

MeterLoop loop_on(MeterOp op, const Target& target) {
  if (MeterLoop loop = meter_loop(op, target.vector_bytes)) return loop;
  ErrorParts parts{.step = "meter", .what = "this machine cannot run the target's instructions", .got = {}, .need = {}};
  parts.got = fmt::format("{} with {}-byte vectors", target.name, target.vector_bytes);
  parts.need = "a target that this CPU can run";
  throw Error(ErrorCode::missing_feature, parts);
}

}  // namespace

double measure_clock_ghz() {
  double best = 0;
  for (int i = 0; i < 20; ++i) best = std::max(best, sample_clock_ghz(100));
  return best;
}

double measure_pipe_rate(Pipe pipe, const Target& target, int threads) {
  if (pipe == Pipe::none) return std::numeric_limits<double>::infinity();
  if (pipe == Pipe::popcount && !target.has_feature("avx512vpopcntdq")) return 0;
  MeterLoop loop = loop_on(operation_of(pipe, target), target);
  // Threads wake up to 100 us apart; a longer sample makes that small.
  double microseconds = threads > 1 ? 1000 : 250;
  double rate = best_sum(threads, 12, [&](int) { return sample_rate(loop, microseconds); });
  return pipe == Pipe::math ? rate / math_instructions : rate;
}

double measure_peak_gflops(const Target& target, int threads, int element_bytes) {
  return measure_pipe_rate(Pipe::mul, target, threads) * target.lanes(element_bytes) * 2;
}

PeakCheck check_peak(const Target& target) {
  MeterLoop loop = loop_on(operation_of(Pipe::mul, target), target);
  RateAgainstClock measured = sample_against_clock(loop, 40, 50, 100);
  double flops = target.lanes(4) * 2;
  PeakCheck check{};
  check.clock_ghz = measured.clock_ghz;
  check.peak_gflops = measured.rate * flops;
  check.expected_gflops = nearest_per_cycle(measured.per_cycle()) * measured.clock_ghz * flops;
  check.ratio = check.peak_gflops / check.expected_gflops;
  return check;
}

}  // namespace lathe
