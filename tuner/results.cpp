#include "tuner/results.h"

#include "jit/runtime/pack.h"
#include "lang/needed_regions.h"
#include "lang/program.h"
#include "support/error.h"

namespace lathe::tuner {

namespace {

constexpr int64_t kPoints = 500;       // that are interpreted at sizes that are too large for all of them
constexpr int64_t kPointsBeside = 64;  // ... beside the plain nest
constexpr double kBriefWork = 5e5;     // terms that are interpreted in a quarter of a second
constexpr double kThoroughWork = 4e6;
constexpr double kPlainWork = 1e8;    // terms that the plain nest takes tenths of a second for
constexpr int64_t kLeastLargest = 1;  // of the integers of exact mode, so that more sums of them are exact

}  // namespace

Verdict verdict_of(const Error& error) {
  if (error.code() == ErrorCode::out_of_memory) return {Outcome::memory, error.what()};
  if (kind_of(error.code()) == ErrorKind::user) return {Outcome::refused, error.what()};
  return {Outcome::crash, error.what()};
}

Results::Results(const Operator& op, const Sizes& sizes, const BedOptions& options) : op_(op), options_(options) {
  CheckOptions check{.seed = 1, .max_points = kPoints, .strides = CheckStrides::dense};
  own_ = made(sizes, check);
  check.most_whole_work = check.most_point_work = options_.thorough ? kThoroughWork : kBriefWork;
  work_out_own(check);
}

// Its data, of integers whose sums are exact where there are such.
std::unique_ptr<Results::Case> Results::made(const Sizes& sizes, CheckOptions& check) const {
  auto one = std::make_unique<Case>(Case{make_check_data(op_, sizes, check)});
  const Bindings& bindings = one->data.bindings;
  if (!exact_mode_applies(op_, bindings) && exact_mode_applies(op_, bindings, kLeastLargest)) {
    check.largest = kLeastLargest;
    one = std::make_unique<Case>(Case{make_check_data(op_, sizes, check)});
  }
  for (const auto& [name, value] : options_.run_params) one->data.bindings.params[name] = value;
  return one;
}

// The plain nest says what every element is, where there are too many for the interpreter; which must then have agreed
// with it somewhere: at points, or else at small sizes.
void Results::work_out_own(const CheckOptions& check) {
  const double work = needed_regions(op_, constants_of(op_, own_->data.bindings)).work;
  if (work <= check.most_whole_work || work > kPlainWork) {
    own_->expected = std::make_unique<Expected>(op_, own_->data, check);
    if (own_->expected->interprets_whole() || work > kPlainWork) return;
  }
  const Kernel plain = compile(op_, {.schedule = plain_nest(op_), .target = options_.target, .cache = Cache::memory});
  const auto fill = [&] {
    own_->data.refresh(op_);
    run(plain, own_->data);
  };
  CheckOptions beside = check;
  beside.max_points = kPointsBeside;
  own_->expected = std::make_unique<Expected>(op_, own_->data, beside, fill);
  if (own_->expected->points() > 0) return;
  work_out_small();
  for (const auto& one : small_) {
    const Verdict verdict = compare_on(plain, "", *one);
    if (verdict.outcome == Outcome::good) continue;
    throw Error(ErrorCode::no_measurement, {.step = "tune",
                                            .what = "the plain nest of " + op_.name + " is not right",
                                            .got = verdict.detail,
                                            .need = "what the interpreter says"});
  }
}

void Results::work_out_small() {
  if (!small_.empty()) return;
  for (const Sizes& sizes : default_check_sizes(op_)) {
    CheckOptions check{.seed = small_.size() + 2, .max_points = kPoints, .strides = CheckStrides::dense};
    check.most_whole_work = check.most_point_work = options_.thorough ? kThoroughWork : kBriefWork;
    auto one = made(sizes, check);
    one->expected = std::make_unique<Expected>(op_, one->data, check);
    small_.push_back(std::move(one));
  }
}

void Results::run(const Kernel& kernel, const CheckData& data) const {
  const PackedCall call(kernel, data.bindings.tensors);
  kernel.run(call.arguments(), {.threads = options_.threads}, data.bindings.params);
  call.unpack_outputs();
}

Verdict Results::compare_on(const Kernel& kernel, const std::string& schedule, Case& on) const {
  on.data.refresh(op_);
  run(kernel, on.data);
  if (options_.after_run) {
    std::vector<TensorView> views;
    for (const TensorArgument& argument : tensor_arguments(op_))
      views.push_back(on.data.bindings.tensors.at(argument.name));
    options_.after_run(schedule, views);
  }
  const CheckReport report = on.expected->report();
  if (report.outside) return {Outcome::out_of_bounds, report.first_difference};
  if (!report.good) return {Outcome::wrong, print(on.data.bindings.sizes) + ": " + report.first_difference};
  return {};
}

Verdict Results::check(const Kernel& kernel, const std::string& schedule, bool all_sizes) {
  try {
    if (const Verdict verdict = compare_on(kernel, schedule, *own_); verdict.outcome != Outcome::good) return verdict;
    if (!all_sizes) return {};
    for (const auto& one : small_) {
      if (const Verdict verdict = compare_on(kernel, schedule, *one); verdict.outcome != Outcome::good) return verdict;
    }
  } catch (const Error& error) {
    return verdict_of(error);
  }
  return {};
}

std::vector<GuardedTensor::Range> Results::guarded() const {
  std::vector<GuardedTensor::Range> ranges;
  const auto add = [&](const Case& one) {
    for (const auto& [name, tensor] : one.data.tensors) ranges.push_back(tensor.memory());
  };
  add(*own_);
  for (const auto& one : small_) add(*one);
  return ranges;
}

}  // namespace lathe::tuner
