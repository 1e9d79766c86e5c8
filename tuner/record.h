// What the tuner keeps: problems, runs of a search on them, and the trials of a run. Plain data with a text form, one JSON
// object a line (docs/tuning.md).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lang/algorithm.h"
#include "schedules/construct/decisions.h"
#include "targets/target.h"

namespace lathe::tuner {

enum class Outcome : uint8_t {
#define LATHE_OUTCOME(name, text, meaning) name,
#include "tuner/outcomes.def"
#undef LATHE_OUTCOME
};
inline constexpr size_t outcome_count = 0
#define LATHE_OUTCOME(name, text, meaning) +1
#include "tuner/outcomes.def"
#undef LATHE_OUTCOME
    ;
std::string_view name_of(Outcome outcome);
std::optional<Outcome> outcome_named(std::string_view text);

using Sizes = std::map<std::string, int64_t>;

// Arguments whose layout may be chosen: the caller declares them. A constant is converted once, a free one at each call.
enum class LayoutRight : uint8_t { constant, free };
using Layouts = std::map<std::string, LayoutRight>;
std::string print(const Layouts& layouts);                  // "A free, B constant"

// An algorithm at sizes on a machine. Element types stand in the algorithm; arguments are dense but where declared otherwise.
struct Problem {
  std::string op;                                           // the operator's name
  std::string algorithm;                                    // its text, static parameters replaced
  Sizes sizes;
  int threads = 1;
  std::string target;                                       // fingerprint_of the machine
  std::string level;                                        // its instruction set, such as x86-64-v3
  std::string layouts;                                      // declared ones, as printed; "": all lie as the caller has them
  std::string key() const;                                  // a name made of all of it
  bool operator==(const Problem&) const = default;
};
Problem problem_of(const Operator& op, const Sizes& sizes, int threads, const Target& target,
                   const Layouts& layouts = {});
std::string print(const Sizes& sizes);                      // "K=512,M=512,N=512"

struct Run {
  std::string id;
  std::string problem;                                      // its key
  uint64_t seed = 1;
  double budget_s = 0;
  std::string started;                                      // UTC
  std::string ended;                                        // why; "": it was cut off
  std::string lathe, llvm;                                  // versions
  std::string knew = {};                                    // what the store told it: replay.h
  bool operator==(const Run&) const = default;
};

struct Trial {
  std::string run;
  int64_t number = 0;                                       // in the run, from 0
  std::string trace;                                        // decisions, parameters too; "": the constructed schedule
  std::string schedule;                                     // text
  Outcome outcome = Outcome::good;
  std::string detail;                                       // why refused; what differed
  double us = 0;                                            // median of one call
  double ratio = 0;                                         // time of the incumbent / time of this one, in turns
  double speedup = 0;                                       // the same with the constructed schedule
  std::vector<double> samples_us;
  bool confirmed = false;                                   // measured in a fresh process at the end of its run
  bool operator==(const Trial&) const = default;
};

// Everything in a store, or part of it.
struct Records {
  std::vector<Problem> problems;
  std::vector<Run> runs;
  std::vector<Trial> trials;
};
std::string print(const Records& records);
Records parse_records(const std::string& text, const std::string& file);   // Error{syntax} at the line

std::string lathe_version();
std::string llvm_version();

}  // namespace lathe::tuner
