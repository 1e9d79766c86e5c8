// What is known of a kernel at given sizes without running it: how its schedule came about, which variant a call takes,
// what that executes, and what other decisions would execute. Data; `lathe explain` makes sentences of it.
#pragma once

#include "jit/lower/attempts.h"
#include "schedules/construct/reasons.h"
#include "tuner/dispatched.h"
#include "tuner/executed.h"
#include "tuner/space.h"
#include "tuner/traffic.h"

namespace lathe::tuner {

struct RefusedForm {
  std::string form, why;  // the error
};

// Another answer to one decision of the constructive scheduler, all others as they are.
struct Alternative {
  std::string decision, usual, answer;
  double cycles = 0;    // predicted; 0: refused
  std::string refused;  // the error
};

struct Explanation {
  Schedule schedule;
  std::string form;                        // of a constructed schedule; "": it was given
  std::vector<RefusedForm> refused_forms;  // tried before it
  std::vector<Asked> asked;                // variants, the one that is taken last
  std::vector<Reason> reasons;             // of the variant that is taken
  Attempts attempts;                       // at optimisations, in it
  Sizes params;                            // values of the schedule's params
  Sizes scalars;                           // sizes, strides and params of the call
  Executed executed;                       // by the call, on one thread
  Traffic traffic;                         // ... and what it moves
  std::vector<Alternative> alternatives;   // in the order of the decisions
};

struct ExplainOptions {
  Target target;
  std::optional<Schedule> schedule = {};  // none: constructed
  bool alternatives = true;               // each is lowered: some milliseconds
};

// Arguments are dense. Throws Error where the operator or the given schedule is refused.
Explanation explain(const Operator& op, const Sizes& sizes, const ExplainOptions& options);

}  // namespace lathe::tuner
