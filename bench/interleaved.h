// Times several calls in turns, so that all see the same clock and the same neighbours.
#pragma once

#include <functional>
#include <vector>

namespace lathe::bench {

struct Interleaved {
  std::vector<double> us;     // medians, one for each call
  std::vector<double> ratio;  // first / each: medians of the ratios within a round
  int rounds = 0;
};

// Rounds go on until the medians of the ratios have settled, or `seconds` are over. A call that takes several times as
// long as the first one is left out of later rounds: its ratio needs no second digit.
Interleaved interleaved(const std::vector<std::function<void()>>& calls, double seconds);

}  // namespace lathe::bench
