// Times several calls in turns, so that all see the same clock and the same neighbours.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace lathe::tuner {

// Microseconds that `count` calls take together.
double time_us(const std::function<void()>& call, int64_t count = 1);
double median(std::vector<double> values);

struct Interleaved {
  std::vector<double> us;     // medians, one for each call
  std::vector<double> ratio;  // first / each: medians of the ratios within a round
  std::vector<double> error;  // relative standard error of each ratio
  std::vector<std::vector<double>> samples;  // us of each call, round by round
  int rounds = 0, disturbed = 0;  // kept; thrown away
};

// Whether so uncertain a ratio says nothing: one that is far from 1 needs no second digit.
bool is_noisy(double ratio, double error, int rounds, int disturbed);

struct InterleavedOptions {
  double seconds = 1;
  double slow = 3;  // times the first call: a call that is so much slower is left out of later rounds
  bool gains =
      false;  // the ratio of a call that is certainly faster than the first one, or slower, need not settle so far
};

// Rounds go on until the medians of the ratios have settled, or the seconds are over. A slow call's ratio needs no second
// digit. A round in which the first call took much longer than it does was disturbed, and does not count.
Interleaved interleaved(const std::vector<std::function<void()>>& calls, const InterleavedOptions& options);

}  // namespace lathe::tuner
