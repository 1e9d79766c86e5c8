// How the meter takes samples: short ones, many, the best counts; clock and rate interleaved, because a shared machine's
// clock moves by several percent within a second and a preempted sample says nothing.
#pragma once

#include <functional>

#include "jit/runtime/meter_loops.h"

namespace lathe {

double sample_clock_ghz(double microseconds);
// Instructions started per nanosecond, over about this time.
double sample_rate(MeterLoop loop, double microseconds);

// One loop against the clock of the same moment: of `samples` pairs, those whose clock before and after agree, the fastest.
struct RateAgainstClock {
  double clock_ghz = 0;
  double rate = 0;                                          // instructions per nanosecond
  double per_cycle() const { return rate / clock_ghz; }
};
RateAgainstClock sample_against_clock(MeterLoop loop, int samples, double clock_microseconds, double rate_microseconds);

// The number of units per cycle that a measured rate stands for: halves above 0.75, else one instruction in a whole number
// of cycles.
double nearest_per_cycle(double measured);

// Takes `samples` samples on `threads` threads, started together, and adds what the threads return; the best sum. The
// calling thread is one of them. `sample(thread)` must not throw.
double best_sum(int threads, int samples, const std::function<double(int)>& sample);

double now_ns();

}  // namespace lathe
