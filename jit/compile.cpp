// The whole way, in order:
//
//   algorithm + schedule --lower--> nested loop IR --passes--> final loop IR --codegen--> machine code --> Kernel
#include "jit/compile.h"

#include <chrono>

#include "analysis/read_conditions.h"
#include "jit/codegen/codegen.h"
#include "jit/lower/lower.h"
#include "jit/passes/pipeline.h"
#include "jit/runtime/host.h"
#include "jit/signature.h"
#include "schedules/construct/construct.h"

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
      : op(with_guarded_reads_bounded(with_static_params(given, options.static_params))),
        target(options.target ? *options.target : host_target()) {
    if (options.schedule) schedule = substitute(*options.schedule, static_values(given, options.static_params));
  }

  const Schedule* given_schedule() const { return schedule ? &*schedule : nullptr; }
};

// Passes know no author: what they refuse is refused at the schedule, or else at the operator.
ir::Program passed(ir::Program program, const Job& job, std::string_view last = "") {
  try {
    return run_passes(std::move(program), job.target, last);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::over_budget || e.parts().where.known()) throw;
    ErrorParts parts = e.parts();
    parts.where = job.schedule && job.schedule->where.known() ? job.schedule->where : job.op.where;
    throw Error(e.code(), std::move(parts));
  }
}

void count_functions(const ir::Program& program, CompileStats& stats) {
  stats.variants = stats.units = 0;
  for (const ir::Function& f : program.functions) {
    if (f.kind == ir::FunctionKind::variant) ++stats.variants;
    if (f.kind == ir::FunctionKind::unit) ++stats.units;
  }
}

LoadedCode compile_program(ir::Program program, const Job& job, CompileStats& stats, const LoadedFunctions* known,
                           LoadedFunctions* made) {
  const Clock::time_point start = Clock::now();
  program = passed(std::move(program), job);
  count_functions(program, stats);
  stats.lower_ms += milliseconds_since(start);
  return load(program, job.target, stats, known, made);
}

// All variants of the job's schedule, calling the functions that are there already.
CompileRest rest_of(std::shared_ptr<const Job> job, LoadedFunctions first) {
  return [job = std::move(job), first = std::move(first)](CompileStats& stats) {
    const Clock::time_point start = Clock::now();
    Lowered lowered = lower(job->op, job->given_schedule(), job->target);
    stats.lower_ms += milliseconds_since(start);
    LoadedCode code = compile_program(std::move(lowered.program), *job, stats, &first, nullptr);
    stats.total_ms += milliseconds_since(start);
    return code;
  };
}

}  // namespace

Kernel compile(const Operator& given, const CompileOptions& options) {
  const Clock::time_point start = Clock::now();
  CompileStats stats;
  auto job = std::make_shared<const Job>(given, options);
  const bool in_two = options.wait == Wait::first && job->schedule;
  LoadedFunctions shared;

  Lowered lowered = in_two ? lower_plain(job->op, job->given_schedule(), job->target)
                           : lower(job->op, job->given_schedule(), job->target);
  KernelSignature signature = signature_of(job->op, lowered);
  stats.lower_ms = milliseconds_since(start);
  LoadedCode code = compile_program(std::move(lowered.program), *job, stats, nullptr, in_two ? &shared : nullptr);
  stats.first_ms = stats.total_ms = milliseconds_since(start);

  Kernel kernel = !in_two ? Kernel(std::move(signature), std::move(code), stats)
                          : Kernel(std::move(signature), std::move(code), stats, rest_of(job, std::move(shared)));
  for (const auto& [name, value] : options.tune_params) kernel.set_tune_param(name, value);
  return kernel;
}

Schedule constructed_schedule(const Operator& given, const CompileOptions& options) {
  const Job job(given, options);
  std::vector<Schedule> candidates = construct_schedules(job.op, job.target);
  for (const Schedule& candidate : candidates) {
    try {
      run_passes(lower(job.op, &candidate, job.target).program, job.target, "expand_loops");
      return candidate;
    } catch (const Error& e) {
      if (kind_of(e.code()) != ErrorKind::user) throw;
    }
  }
  return candidates.back();
}

ir::Program compile_to_ir(const Operator& given, const CompileOptions& options, const std::string& after_pass) {
  Job job(given, options);
  Lowered lowered = lower(job.op, job.given_schedule(), job.target);
  signature_of(job.op, lowered);                     // refuses reads that are never inside
  return passed(std::move(lowered.program), job, after_pass);
}

std::vector<std::string> pass_names() {
  std::vector<std::string> names{"lower"};
  for (const Pass& pass : pipeline()) names.emplace_back(pass.name);
  return names;
}

}  // namespace lathe
