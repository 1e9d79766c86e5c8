// Tuning as one call: search, measure, keep.
//
//   auto store = tuner::open_store(tuner::default_store_path(), tuner::StoreUse::write);
//   tuner::Tuned best = tuner::tune(op, {.sizes = {{"M", 512}, {"N", 512}, {"K", 512}}, .budget_s = 30}, store.get());
//   Kernel kernel = compile(op, {.schedule = best.schedule});
#pragma once

#include <array>

#include "tuner/measurer.h"
#include "tuner/search.h"
#include "tuner/store.h"

namespace lathe::tuner {

using Counts = std::array<int64_t, outcome_count>;          // by outcome

// What a progress line is made of.
struct Progress {
  double seconds_left = 0;
  int64_t trials = 0, committed = 0;                        // of this run; on disk
  double constructed_us = 0, best_us = 0, speedup = 1;      // speedup: against the constructed schedule
  Counts counts = {};
};

struct TuneOptions {
  Sizes sizes;
  Target target;                                            // of `measure.target`
  double budget_s = 30;
  uint64_t seed = 1;
  int64_t most_trials = 0;                                  // 0: no limit
  double cpu_share = 1;                                     // of the time in which candidates run; it rests between them
  std::string first_form = {};                              // SearchOptions
  Trace fixed = {};                                         // answers that all candidates give
  bool fresh = false;                                       // does not start from what the store knows
  MeasureOptions measure = {};
  std::function<void(const Progress&)> progress = {};
  std::function<bool()> stop = {};                          // asked between trials: Ctrl-C
};

struct Tuned {
  Schedule schedule;  // the best one, parameters decided: for calls at the sizes; others go on as constructed
  Schedule constructed;
  std::string trace;
  double constructed_us = 0, us = 0, speedup = 1;           // confirmed in a fresh process where there was time
  bool confirmed = false;
  std::string ended;                                        // "time", "converged", "trials", "stopped"
  std::string run;
  Progress last;
};

// `op`: static parameters have values. `store` may be null: nothing is kept then. Error{no_measurement} where not even the
// plain nest runs.
Tuned tune(const Operator& op, const TuneOptions& options, Store* store);

// The same with another machine than this one: for tests.
using MakeMeasurer = std::function<std::unique_ptr<Measurer>(const Problem&)>;
Tuned tune(const Operator& op, const TuneOptions& options, Store* store, const MakeMeasurer& make);

}  // namespace lathe::tuner
