// One operator through Halide, compared with the reference interpreter.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "interop/halide/to_halide.h"
#include "lang/oracle.h"

namespace lathe::halide {

using Sizes = std::map<std::string, int64_t>;

struct TrialOptions {
  uint64_t seed = 1;
  int most_sizes = 2;           // compared at so many combinations of sizes
  double most_work = 20'000;    // terms of one comparison
  std::string autoscheduler;    // "": the plain schedule
  bool special_values = false;  // NaN, infinities and -0 among the inputs
};

struct Trial {
  std::vector<Error> refusals;           // Halide cannot express it, or its autoscheduler not schedule it
  std::vector<std::string> differences;  // with the sizes
  int64_t comparisons = 0, elements = 0, undecided = 0;
  int too_small = 0;  // calls of fewer elements than a tile has
};

// `op`: without static parameters.
Trial run_trial(const Operator& op, const TrialOptions& options);

// What Halide says, in one line, without the folders of its build.
std::string message_of(const Halide::Error& error);

std::string text_of(const Sizes& sizes);  // "M=7,N=4093"

}  // namespace lathe::halide
