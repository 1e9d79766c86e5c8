// From an algorithm and a schedule to a kernel. compile.cpp is the one file that sees every step.
#pragma once

#include <map>
#include <optional>

#include "jit/ir/ir.h"
#include "jit/runtime/kernel.h"
#include "lang/algorithm.h"
#include "schedules/schedule.h"
#include "targets/target.h"

namespace lathe {

struct CompileOptions {
  std::optional<Schedule> schedule = {};                    // none: the plain nest
  std::optional<Target> target = {};                        // none: the host
  std::map<std::string, int64_t> static_params = {};        // values of untyped parameters
  std::map<std::string, int64_t> tune_params = {};          // values of the schedule's params; others by formula
};

Kernel compile(const Operator& op, const CompileOptions& options = {});

// The program after the pass of this name ("lower" is the first; "" the last): for `lathe show`.
ir::Program compile_to_ir(const Operator& op, const CompileOptions& options, const std::string& after_pass = "");
// Names that `compile_to_ir` takes, in pipeline order.
std::vector<std::string> pass_names();

}  // namespace lathe
