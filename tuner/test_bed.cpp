#include "tuner/test_bed.h"

#include <algorithm>

#include "jit/compile_final.h"
#include "jit/ir/text.h"
#include "jit/runtime/content_key.h"
#include "jit/runtime/host.h"
#include "jit/runtime/pack.h"
#include "schedules/text.h"
#include "tuner/executed.h"

namespace lathe::tuner {

namespace {

constexpr int64_t kMostSets = 64;
constexpr size_t kMostLowered = 64;
constexpr double kSlow = 1.2;  // a candidate that loses so plainly is not timed further

int64_t bytes_of_arguments(const CheckData& data) {
  int64_t bytes = 0;
  for (const auto& [name, view] : data.bindings.tensors) bytes += bytes_in_row(view.dtype, view.elements());
  return std::max<int64_t>(bytes, 1);
}

}  // namespace

TestBed::TestBed(Operator op, const Sizes& sizes, BedOptions options)
    : op_(std::move(op)), sizes_(sizes), options_(std::move(options)), results_(op_, sizes, options_) {
  const CheckData timed = make_check_data(op_, sizes, {.seed = 1, .exact = false, .strides = CheckStrides::dense});
  const int64_t sets = options_.cold ? std::min(2 + 2 * host_target().l3_bytes / bytes_of_arguments(timed), kMostSets) : 1;
  for (int64_t i = 0; i < sets; ++i) arguments_.push_back(dense_arguments(op_, timed));
}

CompileOptions TestBed::options_of(const std::string& schedule) const {
  CompileOptions options;
  options.target = options_.target;
  options.schedule = parse_schedule({schedule, {"candidate", 1}}, op_);
  options.cache = Cache::memory;                            // candidates share what they have in common; the disk is not filled
  return options;
}

// Strides of an argument that lies in digits.
void TestBed::add_strides(const ArgumentSpec& argument, Sizes& scalars) const {
  for (const TensorArgument& t : tensor_arguments(op_)) {
    if (t.name != argument.name) continue;
    int64_t stride = 1;
    for (size_t d = argument.digits.size(); d-- > 0;) {
      const ArgumentDigit& digit = argument.digits[d];
      scalars[t.name + ".stride." + std::to_string(d)] = stride;
      const int64_t extent = evaluate_extent(t.extents[digit.dimension], sizes_);
      stride *= digit.modulus > 0 ? digit.modulus : (extent + digit.divisor - 1) / digit.divisor;
    }
  }
}

const TestBed::Lowered& TestBed::lowered(const std::string& schedule) {
  if (const auto found = lowered_.find(schedule); found != lowered_.end()) return found->second;
  if (lowered_.size() >= kMostLowered) lowered_.clear();
  Lowered candidate{final_program(op_, options_of(schedule)), "", scalars_of(op_, sizes_)};
  candidate.program = content_key(ir::print(candidate.made.program));
  for (const ArgumentSpec& argument : candidate.made.signature.arguments) add_strides(argument, candidate.scalars);
  return lowered_.emplace(schedule, std::move(candidate)).first->second;
}

Verdict TestBed::rank(const std::string& schedule, const Sizes& params, Modelled* model) {
  try {
    const Lowered& candidate = lowered(schedule);
    Sizes scalars = candidate.scalars;
    scalars.insert(params.begin(), params.end());
    // Rates as described, not as measured in this process: each process must count the same.
    const Target described = with_instruction_set(options_.target, target_named(options_.target.level));
    *model = {executed(candidate.made.program, described, scalars).cycles, candidate.program};
  } catch (const Error& error) {
    return verdict_of(error);
  }
  return {};
}

Verdict TestBed::load(const std::string& schedule, bool all_sizes) {
  if (loaded_.count(schedule)) return {};
  try {
    Kernel made = compile_final(lowered(schedule).made, options_of(schedule));
    for (const ArgumentSpec& argument : made.signature().arguments) {
      if (argument.digits.empty() || options_.layouts.count(argument.name)) continue;
      return {Outcome::refused, "the layout of " + argument.name + " is the caller's"};
    }
    loaded_.emplace(schedule, Loaded{std::move(made), all_sizes});
  } catch (const Error& error) {
    return verdict_of(error);
  }
  const Verdict verdict = check(schedule, {});
  if (verdict.outcome != Outcome::good) loaded_.erase(schedule);
  return verdict;
}

Verdict TestBed::check(const std::string& schedule, const Sizes& params) {
  Loaded& loaded = loaded_.at(schedule);
  try {
    for (const auto& [name, value] : params) loaded.kernel.set_tune_param(name, value);
  } catch (const Error& error) {
    return verdict_of(error);
  }
  return results_.check(loaded.kernel, schedule, loaded.all_sizes);
}

// What is timed of a kernel that wants layouts: a constant was converted before, a free argument is at each call.
std::function<void()> TestBed::call_of(const Kernel& kernel, const DenseArguments& set) const {
  const RunOptions run{.threads = options_.threads};
  const std::map<std::string, double>& params = results_.params();
  auto views = std::make_shared<std::vector<TensorView>>(set.views);
  auto owned = std::make_shared<std::vector<Tensor>>();
  std::vector<size_t> free;
  for (size_t i = 0; i < views->size(); ++i) {
    const ArgumentSpec& argument = kernel.signature().arguments[i];
    if (argument.digits.empty()) continue;
    owned->push_back(kernel.pack(argument.name, set.views[i]));
    (*views)[i] = owned->back().view();
    if (options_.layouts.at(argument.name) == LayoutRight::free) free.push_back(i);
  }
  if (free.empty()) {
    return [owned, call = kernel.bind(*views, run, params)] { call(); };
  }
  return [=, kept = owned, given = set.views] {  // `views` stand in what is kept
    for (size_t i : free) {
      const ArgumentSpec& argument = kernel.signature().arguments[i];
      if (!argument.is_output) kernel.pack(argument.name, given[i], (*views)[i]);
    }
    kernel.run(*views, run, params);
    for (size_t i : free) {
      const ArgumentSpec& argument = kernel.signature().arguments[i];
      if (argument.is_output) kernel.unpack(argument.name, (*views)[i], given[i]);
    }
  };
}

// One call for each set of arguments. A call keeps the values that parameters have when it is bound.
std::vector<std::function<void()>> TestBed::bound(const Contestant& contestant) {
  Kernel& kernel = loaded_.at(contestant.schedule).kernel;
  for (const TuneParam& p : kernel.signature().tune_params) {
    const auto given = contestant.params.find(p.name);
    kernel.set_tune_param(p.name, given == contestant.params.end() ? p.value : given->second);
  }
  std::vector<std::function<void()>> calls;
  for (const DenseArguments& set : arguments_) {
    calls.push_back(call_of(kernel, set));
  }
  return calls;
}

Timing TestBed::time(const Contestant& incumbent, const Contestant& candidate, double seconds) {
  std::vector<std::vector<std::function<void()>>> sets{bound(incumbent), bound(candidate)};
  std::vector<size_t> turns(sets.size(), 0);
  std::vector<std::function<void()>> calls;
  for (size_t i = 0; i < sets.size(); ++i) {
    calls.push_back(sets[i].size() == 1 ? sets[i].front() : [&sets, &turns, i] { sets[i][turns[i]++ % sets[i].size()](); });
  }
  Interleaved times = interleaved(calls, {.seconds = seconds, .slow = kSlow, .gains = true});
  const bool close = times.ratio[1] > 1 / kSlow;
  return {times.us[1], times.ratio[1], close && is_noisy(times.ratio[1], times.error[1], times.rounds, times.disturbed),
          std::move(times.samples[1])};
}

}  // namespace lathe::tuner
