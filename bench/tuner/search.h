// Searches of one case in a store of their own, and schedules compared in fresh processes.
#pragma once

#include <filesystem>
#include <functional>

#include "bench/tuner/parts.h"
#include "bench/zero_shot_cases.h"
#include "tuner/interleaved.h"
#include "tuner/tune.h"

namespace lathe::bench {

// A folder that goes with its object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_;
};

struct Found {
  tuner::Tuned tuned;
  std::vector<tuner::Trial> trials;  // of this run, in order, without the last measurement
  std::vector<double> at_s;          // when each was known, from the start of the search
};

// Options of a search on this machine, with the lathe command as worker.
tuner::TuneOptions tune_options(const Case& which, double seconds, uint64_t seed);
Found search(const Case& which, tuner::TuneOptions options, tuner::Store& store);

// The time of one schedule over that of another, in turns, in a process that has seen neither; where the second seems
// to be slower, the median of three such. 0 where one of them does not run.
double time_ratio(const Case& which, const Schedule& first, const Schedule& second, const tuner::Layouts& layouts = {});

// Leaves the cases whose operators and sizes `only` finds.
void erase_others(std::vector<Case>& cases, const TunerOptions& options);
// Those of bench/tuner/FILE.
std::vector<Case> cases_of(const std::string& file, const TunerOptions& options);

double quantile(std::vector<double> values, double q);
double geometric_mean(const std::vector<double>& values);  // 1 of none
const char* held(bool good);                               // "holds", "does not hold"

}  // namespace lathe::bench
