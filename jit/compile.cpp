// The whole way, in order:
//
//   algorithm + schedule --lower--> nested loop IR --passes--> final loop IR --codegen--> machine code --> Kernel
#include "jit/compile.h"

#include <chrono>

#include "jit/codegen/codegen.h"
#include "jit/lower/lower.h"
#include "jit/passes/pipeline.h"
#include "jit/runtime/host.h"
#include "jit/signature.h"

namespace lathe {

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// What the options leave open, filled in.
struct Job {
  Operator op;
  Target target;
  std::optional<Schedule> schedule;

  Job(const Operator& given, const CompileOptions& options)
      : op(with_static_params(given, options.static_params)),
        target(options.target ? *options.target : host_target()) {
    if (options.schedule) schedule = substitute(*options.schedule, static_values(given, options.static_params));
  }
};

void count_functions(const ir::Program& program, CompileStats& stats) {
  for (const ir::Function& f : program.functions) {
    if (f.kind == ir::FunctionKind::variant) ++stats.variants;
    if (f.kind == ir::FunctionKind::unit) ++stats.units;
  }
}

}  // namespace

Kernel compile(const Operator& given, const CompileOptions& options) {
  Clock::time_point start = Clock::now();
  CompileStats stats;
  Job job(given, options);

  Lowered lowered = lower(job.op, job.schedule ? &*job.schedule : nullptr, job.target);
  ir::Program program = run_passes(std::move(lowered.program), job.target);
  count_functions(program, stats);
  stats.lower_ms = milliseconds_since(start);

  LoadedCode code = load(program, job.target, stats);
  stats.total_ms = milliseconds_since(start);

  Kernel kernel(signature_of(job.op, lowered.params), std::move(code), stats);
  for (const auto& [name, value] : options.tune_params) kernel.set_tune_param(name, value);
  return kernel;
}

ir::Program compile_to_ir(const Operator& given, const CompileOptions& options, const std::string& after_pass) {
  Job job(given, options);
  return run_passes(lower(job.op, job.schedule ? &*job.schedule : nullptr, job.target).program, job.target, after_pass);
}

std::vector<std::string> pass_names() {
  std::vector<std::string> names{"lower"};
  for (const Pass& pass : pipeline()) names.emplace_back(pass.name);
  return names;
}

}  // namespace lathe
