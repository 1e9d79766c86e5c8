// One trial: an operator with one schedule on one target, compiled and compared with the interpreter at some sizes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lang/algorithm.h"
#include "lang/oracle.h"
#include "targets/target.h"
#include "tests/fuzz/coverage.h"
#include "tests/fuzz/random_schedule.h"

namespace lathe {

struct TrialRun {
  std::map<std::string, int64_t> sizes;
  CheckOptions check = {};
  int threads = 1;
  uint64_t order = 0;                                       // of iterations of parallel loops; 0: as the threads come
  int64_t param = 0;                                        // value of kc; 0: by formula
  int end = 0;                                              // run-time parameters: 0 by default, -1 or 1 an end of their range
};

struct Trial {
  Operator op;                                              // without static parameters
  RandomSchedule schedule;
  Target target;
  std::vector<TrialRun> runs;
  uint64_t seed = 0;                                        // that it was drawn from
  bool broken = false;                                      // the schedule was damaged on purpose

  // A .lathe file: operator and schedule, with the target and the runs as comments.
  std::string text() const;
};
// Reads back what text() writes.
Trial read_trial(const std::string& path);

enum class Outcome : uint8_t { good, refused, wrong };
struct Verdict {
  Outcome outcome = Outcome::good;
  std::string message = {};                                 // why refused; what is wrong, with the run
  int64_t skipped = 0;                                      // runs at sizes that the operator refuses
};

// Error{kind user} on the way to the kernel counts as refused, any other as wrong. If the program stops inside, the
// trial is printed first. Adds the programs that the compiler made to `coverage`, where given.
Verdict run(const Trial& trial, Coverage* coverage = nullptr);

// Terms and elements that a run at these sizes computes, at most.
double terms_at(const Operator& op, const std::map<std::string, int64_t>& sizes);

// Sizes that the operator allows, drawn around the usual tile sizes, of at most `most_work` terms where it has such.
std::map<std::string, int64_t> random_sizes(const Operator& op, Random& random, double most_work);

// The target of this name, where this machine runs its code.
std::optional<Target> target_to_test(const std::string& name);

}  // namespace lathe
