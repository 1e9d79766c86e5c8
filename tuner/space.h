// The candidates for an operator: what the constructive scheduler makes of other decisions than its own, and which lie near
// to which. Nothing here is timed, lowered or run.
#pragma once

#include <random>

#include "schedules/construct/decisions.h"
#include "schedules/schedule.h"
#include "tuner/record.h"

namespace lathe::tuner {

struct Candidate {
  Trace trace;                                              // answers that are not the usual ones, parameters included
  std::vector<Decision> decisions;                          // all that were asked
  Schedule schedule;                                        // with formulas of parameters: what candidates share
  Sizes params;                                             // values of those that are decided
  Sizes all_params;                                         // and the usual ones of the rest
  std::optional<Schedule> taken = {};                       // the variant alone that calls at the space's sizes take
  bool at_sizes = false;                                    // it is for these calls and no others
  std::string text() const;                                 // of that variant; else of the schedule
  // Ready to use, with the values of parameters: what is at_sizes alone, to stand before variants for other calls
  // (jit/tuned_files.h); else the schedule.
  Schedule decided() const;
  Candidate kept() const;                                   // what decided() is
  std::string name() const;                                 // equal for candidates that do the same
};

// What the analytic model says of a candidate.
struct Modelled {
  Modelled(double cycles = 0, std::string program = "") : cycles(cycles), program(std::move(program)) {}
  double cycles;        // 0: unknown
  std::string program;  // equal for candidates that are one program; "": unknown
};

using Random = std::mt19937_64;                             // a sequence that the standard fixes

class Space {
 public:
  // `layouts`: arguments whose layout is decided too. `sizes`: what candidates are tried at: those that differ
  // elsewhere alone are one. Without them candidates have all their variants. `fixed`: answers that all candidates
  // give.
  Space(Operator op, Target target, int threads, Layouts layouts = {}, Sizes sizes = {}, Trace fixed = {})
      : op_(std::move(op)),
        target_(std::move(target)),
        threads_(threads),
        layouts_(std::move(layouts)),
        sizes_(std::move(sizes)),
        fixed_(std::move(fixed)) {}

  Candidate candidate(const Trace& trace) const;
  // The same as it is for whoever does not know the sizes: of its variants the one that calls at them take.
  Candidate at_any_sizes(Candidate candidate) const;
  // Traces that differ from it in one decision.
  std::vector<Trace> neighbours(const Candidate& candidate) const;
  // ... in some, drawn at random.
  Trace mutated(const Candidate& candidate, int changes, Random& random) const;
  // Each decision from one or the other.
  Trace mixed(const Candidate& a, const Candidate& b, Random& random) const;
  const Operator& op() const { return op_; }

 private:
  bool matters(const Decision& decision) const;
  size_t variant_of(const Candidate& candidate) const;
  Operator op_;
  Target target_;
  int threads_;
  Layouts layouts_;
  Sizes sizes_;
  Trace fixed_;
};

}  // namespace lathe::tuner
