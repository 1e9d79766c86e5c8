// From an algorithm and a schedule to a kernel. compile.cpp is the one file that sees every step.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "jit/ir/ir.h"
#include "jit/lower/attempts.h"
#include "jit/runtime/kernel.h"
#include "lang/algorithm.h"
#include "schedules/schedule.h"
#include "targets/target.h"

namespace lathe {

// What `compile` returns after: all of the kernel; or its first correct variant, while the others are compiled on another
// thread of this process and taken up as one. Kernel::wait returns when they are.
enum class Wait : uint8_t { all, first };

// Schedules that were found to be good for an operator, static parameters replaced, at sizes near to these: best first.
// tuner/tuned.h reads what tuning found.
class KnownSchedules {
 public:
  virtual ~KnownSchedules() = default;
  virtual std::vector<Schedule> schedules_for(const Operator& op, const Target& target,
                                              const std::map<std::string, int64_t>& sizes) const = 0;
};

// Where `compile` may look for code that exists, and keep what it makes: nowhere; in this process, while a kernel has it;
// also in the user's folder (docs/design/cache.md).
enum class Cache : uint8_t { none, memory, disk };

struct CompileOptions {
  std::optional<Schedule> schedule = {};                    // none: known, or constructed; plain_nest(op): loops as written
  std::optional<Target> target = {};                        // none: the host
  std::map<std::string, int64_t> static_params = {};        // values of untyped parameters
  std::map<std::string, int64_t> tune_params = {};          // values of the schedule's params; others by formula
  Wait wait = Wait::all;
  Cache cache = Cache::disk;
  // Asked where no schedule is given; it has none: constructed. Null: the constructed one, behind variants for calls at
  // which `lathe tune` has found a better one on this machine (docs/tuning.md).
  std::shared_ptr<const KnownSchedules> known = {};
  std::map<std::string, int64_t> sizes = {};                // that `known` is asked for: where most calls will be
};

// A kernel for every size of the declared ranges: no call compiles anything. Throws Error for an operator, schedule or
// parameter that is refused. With Wait::first the schedule is looked at in the background: where it is refused, a message
// says so (support/messages.h) and the kernel goes on as the plain nest.
Kernel compile(const Operator& op, const CompileOptions& options = {});

// The schedule that `compile` constructs where none is given (schedules/construct/construct.h); `options.schedule` is not
// read. It prints, can be edited and given back; its params stay open then.
Schedule constructed_schedule(const Operator& op, const CompileOptions& options = {});
// The first of the known schedules (`options.known`) that lowering accepts; else the constructed one.
Schedule best_known_schedule(const Operator& op, const CompileOptions& options);

// All of an operator and a schedule as `compile` hands it to code generation, with what a call must satisfy.
struct FinalProgram {
  ir::Program program;
  KernelSignature signature;
  std::map<std::string, Attempts> attempts;                 // of optimisations, by the variant's function
};
FinalProgram final_program(const Operator& op, const CompileOptions& options);

// The program after the pass of this name ("lower" is the first; "" the last): for `lathe show`.
ir::Program compile_to_ir(const Operator& op, const CompileOptions& options, const std::string& after_pass = "");
// Names that `compile_to_ir` takes, in pipeline order.
std::vector<std::string> pass_names();

}  // namespace lathe
