// Algorithm + schedule -> loop IR of the nested stage: one function for each variant of the schedule, and an entry that
// chooses among them (docs/design/dispatch.md).
#pragma once

#include "jit/ir/ir.h"
#include "jit/lower/layout.h"
#include "jit/lower/attempts.h"
#include "lang/algorithm.h"
#include "schedules/schedule.h"
#include "targets/target.h"

namespace lathe {

// A schedule's `param` with the value that its formula gives on this target.
struct BoundParam {
  std::string name;
  int64_t value, lowest, highest;
};

struct Lowered {
  ir::Program program;
  std::map<std::string, Layout> layouts;                    // of inputs and outputs whose layout the schedule gives
  std::vector<BoundParam> params;                           // in the order of the entry's last scalar parameters
  std::map<std::string, Attempts> attempts = {};            // by the variant's function
};

// `op` has no static parameters left. A null schedule gives the plain nest. Throws Error where a directive is illegal.
Lowered lower(const Operator& op, const Schedule* schedule, const Target& target);
// The plain nest alone, for every call that the schedule's program takes, with the same scalars, in as little code as
// can be. Looks at no directive.
Lowered lower_plain(const Operator& op, const Schedule* schedule, const Target& target);

// The schedule with its params as the numbers that their formulas give on this target.
Schedule with_params_fixed(const Schedule& schedule, const Target& target);

// The name of the scalar that holds the stride of an argument's dimension.
std::string stride_name(const std::string& tensor, size_t dimension);
// The name of the scalar that holds an argument's address modulo 64.
std::string misalignment_name(const std::string& tensor);

}  // namespace lathe
