// The whole way, in order:
//
//   algorithm + schedule --lower--> nested loop IR --passes--> final loop IR --codegen--> machine code --> Kernel
//
// unless what it comes to is there already (compiled_program.h). Without a schedule one is constructed.
#include "jit/compile.h"

#include <chrono>
#include <utility>

#include "analysis/read_conditions.h"
#include "jit/compile_final.h"
#include "jit/compiled_program.h"
#include "jit/passes/pipeline.h"
#include "jit/runtime/host.h"
#include "jit/scratch_need.h"
#include "jit/signature.h"
#include "jit/tuned_files.h"
#include "schedules/construct/construct.h"

namespace lathe {

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// What the options leave open, filled in.
struct Job {
  Operator op;  // as it was written, until it is settled
  std::vector<ReadCondition> conditions;
  Target target;
  std::optional<Schedule> schedule;  // the author's, or what was found
  std::optional<Schedule> found;     // by tuning: options.known
  std::string tuned;                 // text of what tuning left for `compile`: tuned_files.h
  Cache cache;
  std::string key;  // names what is compiled

  Job(const Operator& given, const CompileOptions& options)
      : op(with_static_params_unchecked(given, options.static_params)),
        target(options.target ? *options.target : host_target()) {
    if (options.schedule) schedule = substitute(*options.schedule, static_values(given, options.static_params));
    has_static_params_ = op.params.size() != given.params.size();
    if (!schedule && options.known) found = first_accepted(*options.known, options.sizes);
    if (found) schedule = with_params_fixed(*found, target);
    if (!schedule && !options.known) tuned = tuned_text(op, target);
    // Passes that print, print each time.
    cache = prints_passes() ? Cache::none : options.cache;
    key = program_key(op, given_schedule(), target) + tuned;
  }

  const Schedule* given_schedule() const { return schedule ? &*schedule : nullptr; }

  // Checks the operator and its reads. What was compiled before has passed: a kernel that is found does without, unless
  // it needs the conditions.
  Job& settle() {
    SettledReads settled = settled_reads(sound());
    op = std::move(settled.op);
    conditions = std::move(settled.conditions);
    return *this;
  }

  // Of a settled job: what tuning left, as far as it is accepted now.
  std::vector<Schedule> accepted_tuned() const {
    std::vector<Schedule> all = kept_schedules(op, tuned);
    std::erase_if(all, [&](const Schedule& candidate) { return !is_accepted(op, candidate); });
    return all;
  }

 private:
  bool has_static_params_ = false;  // by whose values a formula may divide

  Operator sound() const { return has_static_params_ ? checked(op) : op; }

  // Records may be from another version: what is refused now is passed over.
  std::optional<Schedule> first_accepted(const KnownSchedules& known,
                                         const std::map<std::string, int64_t>& sizes) const {
    const Operator settled = with_reads_settled(sound());
    for (const Schedule& candidate : known.schedules_for(settled, target, sizes)) {
      if (is_accepted(settled, candidate)) return candidate;
    }
    return std::nullopt;
  }

  bool is_accepted(const Operator& settled, const Schedule& candidate) const {
    try {
      run_passes(lower(settled, &candidate, target).program, target, "expand_loops");
      return true;
    } catch (const Error& e) {
      if (kind_of(e.code()) != ErrorKind::user) throw;
      return false;
    }
  }
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

// A program of the final stage, and the schedule that it follows.
struct Accepted {
  Lowered lowered;
  Schedule schedule;
};

Accepted follow(const Job& job, const Schedule& schedule) {
  Accepted result{lower(job.op, &schedule, job.target), schedule};
  result.lowered.program = passed(std::move(result.lowered.program), job);
  return result;
}

// The author's schedule; or, without one, the best of the constructed ones that lowering and the passes accept, behind
// what tuning left for calls of certain sizes. A kernel that nobody scheduled has no params to set.
Accepted accepted(const Job& job) {
  if (job.schedule) return follow(job, *job.schedule);
  std::vector<Schedule> candidates = construct_schedules(job.op, job.target);
  if (const std::vector<Schedule> tuned = job.accepted_tuned(); !tuned.empty()) {
    for (Schedule& candidate : candidates) candidate = with_variants_first(tuned, candidate);
  }
  for (const Schedule& candidate : candidates) {
    try {
      Accepted result = follow(job, with_params_fixed(candidate, job.target));
      result.schedule = candidate;
      return result;
    } catch (const Error& e) {
      if (kind_of(e.code()) != ErrorKind::user || &candidate == &candidates.back()) throw;
    }
  }
  internal_error("compile", "no schedule for " + job.op.name);
}

CompiledProgramPtr load_program(Lowered lowered, const Target& target, Cache cache, bool has_conditions, Effort effort,
                                CompileStats& stats) {
  count_functions(lowered.program, stats);
  LoadedProgram code = load(lowered.program, target, stats, cache != Cache::none, effort);
  ScratchNeed scratch = scratch_need(lowered.program);
  lowered.program = {};
  return std::make_shared<const CompiledProgram>(
      CompiledProgram{std::move(code), std::move(lowered), scratch, stats, has_conditions});
}

CompiledProgramPtr load_program(Lowered lowered, const Job& job, Effort effort, CompileStats& stats) {
  return load_program(std::move(lowered), job.target, job.cache, !job.conditions.empty(), effort, stats);
}

// All variants.
CompiledProgramPtr compile_whole(const Job& job, CompileStats& stats) {
  const Clock::time_point start = Clock::now();
  Lowered lowered = accepted(job).lowered;
  stats.lower_ms += milliseconds_since(start);
  CompiledProgramPtr program = load_program(std::move(lowered), job, Effort::full, stats);
  keep_program(job.key, program, job.cache);
  return program;
}

// The plain nest alone.
CompiledProgramPtr compile_first(const Job& job, CompileStats& stats) {
  const Clock::time_point start = Clock::now();
  Lowered lowered = lower_plain(job.op, job.given_schedule(), job.target);
  lowered.program = passed(std::move(lowered.program), job);
  stats.lower_ms += milliseconds_since(start);
  return load_program(std::move(lowered), job, Effort::quick, stats);
}

LoadedCode code_of(const CompiledProgramPtr& program) { return {program->code.entry, program, program->scratch}; }

CompileRest rest_of(std::shared_ptr<const Job> job) {
  return [job = std::move(job)](CompileStats& stats) {
    const Clock::time_point start = Clock::now();
    CompiledProgramPtr program = compile_whole(*job, stats);
    stats.total_ms += milliseconds_since(start);
    return code_of(program);
  };
}

}  // namespace

Kernel compile(const Operator& given, const CompileOptions& options) {
  const Clock::time_point start = Clock::now();
  CompileStats stats;
  auto job = std::make_shared<Job>(given, options);
  CompiledProgramPtr program = find_program(job->key, job->target, job->cache, stats.cache);
  const bool in_two = !program && options.wait == Wait::first;
  if (!program || program->has_conditions) job->settle();
  if (program) {
    stats = {.code_bytes = program->made.code_bytes,
             .variants = program->made.variants,
             .units = program->made.units,
             .ir_instructions = program->made.ir_instructions,
             .cache = stats.cache};
  } else {
    program = in_two ? compile_first(*job, stats) : compile_whole(*job, stats);
  }
  KernelSignature signature = signature_of(job->op, program->entry, job->conditions);
  stats.first_ms = stats.total_ms = milliseconds_since(start);

  Kernel kernel = in_two ? Kernel(std::move(signature), code_of(program), stats, rest_of(job))
                         : Kernel(std::move(signature), code_of(program), stats);
  for (const auto& [name, value] : options.tune_params) kernel.set_tune_param(name, value);
  return kernel;
}

Schedule constructed_schedule(const Operator& given, const CompileOptions& options) {
  Job job(given, options);
  job.schedule.reset();
  job.tuned.clear();
  return accepted(job.settle()).schedule;
}

Schedule best_known_schedule(const Operator& given, const CompileOptions& options) {
  const Job job(given, options);
  return job.found ? *job.found : constructed_schedule(given, options);
}

ir::Program compile_to_ir(const Operator& given, const CompileOptions& options, const std::string& after_pass) {
  Job job(given, options);
  job.settle();  // refuses reads that are never inside
  if (!job.schedule) job.schedule = with_params_fixed(accepted(job).schedule, job.target);
  Lowered lowered = lower(job.op, job.given_schedule(), job.target);
  return passed(std::move(lowered.program), job, after_pass);
}

FinalProgram final_program(const Operator& given, const CompileOptions& options) {
  Job job(given, options);
  Lowered lowered = accepted(job.settle()).lowered;
  KernelSignature signature = signature_of(job.op, lowered, job.conditions);
  return {std::move(lowered.program), std::move(signature), std::move(lowered.attempts)};
}

Kernel compile_final(const FinalProgram& made, const CompileOptions& options) {
  const Clock::time_point start = Clock::now();
  CompileStats stats;
  Lowered lowered;
  lowered.program = made.program;
  const Target target = options.target ? *options.target : host_target();
  const CompiledProgramPtr program =
      load_program(std::move(lowered), target, options.cache, false, Effort::full, stats);
  stats.first_ms = stats.total_ms = milliseconds_since(start);
  return Kernel(made.signature, code_of(program), stats);
}

std::vector<std::string> pass_names() {
  std::vector<std::string> names{"lower"};
  for (const Pass& pass : pipeline()) names.emplace_back(pass.name);
  return names;
}

}  // namespace lathe
