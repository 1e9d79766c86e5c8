#include "bench/zero_shot_row.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "lang/oracle.h"
#include "tests/fuzz/trial.h"
#include "tools/choice.h"
#include "tuner/executed.h"
#include "tuner/interleaved.h"

namespace lathe::bench {

namespace {

constexpr double kTermsOfCheck = 20'000;  // a few milliseconds of the interpreter

using Clock = std::chrono::steady_clock;
double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Each kernel against the interpreter, at sizes of few terms: what differs, or nothing.
std::string check(const Operator& op, const std::vector<std::pair<const char*, const Kernel*>>& kernels) {
  Random random(7);
  for (int i = 0; i < 3; ++i) {
    const CheckOptions options{
        .seed = static_cast<uint64_t>(i + 1), .exact = false, .max_points = 300, .strides = CheckStrides::dense};
    const auto sizes = random_sizes(op, random, kTermsOfCheck);
    for (const auto& [name, kernel] : kernels) {
      try {
        const CheckData data = make_check_data(op, sizes, options);
        kernel->run(data.bindings.tensors, {.threads = 1}, data.bindings.params);
        const CheckReport report = compare(op, data, options);
        if (!report.good) return fmt::format("{} is wrong: {}", name, report.first_difference);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::read_outside_at_call && error.code() != ErrorCode::wrong_shape) throw;
      }
    }
  }
  return "";
}

// Why a loop over single elements may be all there is, where the definition shows it.
std::string reason_for_one_lane(const Operator& op) {
  for (const FuncContents& f : op.funcs) {
    if (!f.updates.empty()) return "updates of " + f.name + " run in order";
    if (op.strict && f.is_reduction()) return "strict: " + f.name + " is reduced in order";
  }
  return "";
}

}  // namespace

Row RowMaker::row(const Case& which, const Kernel& c) {
  Row row;
  row.name = which.name;
  row.sizes = tools::size_text(which.op, which.sizes);
  row.text = print(which.op);
  CompileOptions options;
  options.target = target_;
  const Clock::time_point start = Clock::now();
  const Schedule schedule = constructed_schedule(which.op, options);
  row.construct_ms = ms_since(start);
  options.schedule = plain_nest(which.op);
  const Kernel plain = compile(which.op, options);
  options.schedule = schedule;
  const Kernel constructed = compile(which.op, options);
  row.compile_ms = constructed.stats().total_ms;

  const tuner::Executed counted =
      tuner::executed(compile_to_ir(which.op, options), target_, tuner::scalars_of(which.op, which.sizes));
  if (!counted.loops.empty()) row.lanes = counted.loops[0].each.lanes();
  if (row.lanes == 1) row.reason = reason_for_one_lane(which.op);

  row.error = check(which.op, {{"the constructed kernel", &constructed}, {"the plain nest", &plain}, {"C", &c}});
  if (!row.error.empty()) return row;
  const CheckData data = make_check_data(which.op, which.sizes,
                                         {.seed = 1, .exact = false, .max_points = 1, .strides = CheckStrides::dense});
  const DenseArguments arguments = dense_arguments(which.op, data);
  std::vector<std::function<void()>> calls;
  for (const Kernel* kernel : {&constructed, &plain, &c}) {
    calls.push_back(kernel->bind(arguments.views, {.threads = 1}, data.bindings.params));
  }
  const tuner::Interleaved times = tuner::interleaved(calls, {.seconds = seconds_});
  row.constructed_us = times.us[0], row.plain_us = times.us[1], row.c_us = times.us[2];
  row.to_plain = times.ratio[1], row.to_c = times.ratio[2];
  const tools::Bound bound = machine_.bound(which.op, which.sizes);
  row.bound_us = bound.us, row.bound_by = bound.by;
  return row;
}

}  // namespace lathe::bench
