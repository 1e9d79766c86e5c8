// One generator of trials for everything that fuzzes: a random algorithm or one of the collection, with a schedule drawn
// for it, constructed, varied, or broken on purpose, at random sizes, strides, threads and orders of parallel loops.
#pragma once

#include "tests/fuzz/coverage.h"
#include "tests/fuzz/trial.h"

namespace lathe {

struct CaseOptions {
  std::vector<Target> targets;                              // at least one; the seed chooses
  double most_work = 3'000;                                 // terms of one comparison
  int runs = 3;
  std::vector<CoveragePair> missing = {};  // pairs that others have not met: half of the cases wish for these
};

// The same trial for the same seed and missing pairs on every machine. Consecutive seeds wish for one wanted pair after
// another, and draw again, some times, until a legal schedule has it.
Trial random_case(uint64_t seed, const CaseOptions& options);

// The trial's schedule, where it parses and lowers; none where it is refused.
std::optional<Schedule> legal_schedule(const Trial& trial);

// Those of the three x86-64 levels whose code this machine runs.
std::vector<Target> targets_to_test();

}  // namespace lathe
