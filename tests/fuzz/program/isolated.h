// Trials in processes of their own: code that faults or never ends stops its process, and not the search.
#pragma once

#include <functional>

#include "tests/fuzz/random_case.h"

namespace lathe {

struct Failure {
  uint64_t seed = 0;
  std::string message;
  std::string report;                                       // the trial, where it stopped its process (fault_report.h)
  std::vector<CoveragePair> missing = {};                   // with which the seed gives the trial
};

struct Tally {
  int64_t cases = 0, refused = 0, broken = 0, skipped_runs = 0;
  Coverage coverage;
};

// The verdict of a trial that runs in a child; a fault or more than `seconds` count as wrong.
Verdict run_isolated(const Trial& trial, int seconds = 60);

// Runs the cases of seeds first, first + step, ... in children, about `jobs` at a time, until `goes_on` says no. Calls
// `on_failure` for each that is wrong, in this process. `seeks`: a new child wishes for the pairs that the ones before
// have not met, so that what a seed gives depends on when it began.
Tally search(uint64_t first, int jobs, bool seeks, const CaseOptions& options,
             const std::function<bool(uint64_t seed)>& goes_on, const std::function<void(const Failure&)>& on_failure);

}  // namespace lathe
