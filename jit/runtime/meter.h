// What this machine can do, measured: the yardstick beside every time (DESIGN: the bound is made of these).
// Everything is measured in the calling process; callers interleave these with what they time.
#pragma once

#include "support/pipe.h"
#include "targets/target.h"

namespace lathe {

// Cycles per nanosecond, from a chain of dependent integer additions (one cycle each).
double measure_clock_ghz();

// Vector instructions of the target's width started per nanosecond on one pipe class, by `threads` threads: unrolled
// independent chains (at least 12 accumulators), no memory.
double measure_pipe_rate(Pipe pipe, const Target& target, int threads = 1);
// FMA peak in GFLOP/s for this element size (4 or 8 bytes): rate(mul) * lanes * 2.
double measure_peak_gflops(const Target& target, int threads = 1, int element_bytes = 4);

// Bandwidth in GB/s (10^9) with a working set of `bytes` split over the threads, best of several passes.
struct Bandwidth {
  double read = 0;             // plain vector loads
  double memcpy_ = 0;          // bytes read + bytes written, through memcpy
  double streaming_copy = 0;   // the same with non-temporal stores
};
Bandwidth measure_bandwidth(int64_t bytes, int threads = 1);

// Where the meter's peak stands against width x pipes x clock: for doctor and its check.
struct PeakCheck {
  double clock_ghz, peak_gflops, expected_gflops, ratio;
};
PeakCheck check_peak(const Target& target);

}  // namespace lathe
