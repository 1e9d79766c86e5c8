#include "tools/sweep.h"

#include <fmt/format.h>

#include <algorithm>

#include "lang/oracle.h"
#include "tools/arguments.h"
#include "tuner/executed.h"
#include "tuner/interleaved.h"
#include "tuner/one_variant.h"

namespace lathe::tools {

namespace {

constexpr size_t kMostSizes = 10'000;  // a slip of the finger otherwise
constexpr int64_t kPoints = 300;       // compared with the interpreter

std::vector<std::string> values_of(const std::string& text, const std::string& size) {
  std::vector<std::string> values;
  if (const size_t dots = text.find(".."); dots != std::string::npos) {
    const std::string what = "the range of size " + size;
    const int64_t first = parse_integer(text.substr(0, dots), what), last = parse_integer(text.substr(dots + 2), what);
    if (first < 1 || last < first) wrong_use(what, text, "FIRST..LAST with 1 <= FIRST <= LAST");
    for (int64_t value = first; value<last; value = value> last / 2 ? last : value * 2)
      values.push_back(std::to_string(value));
    values.push_back(std::to_string(last));
    return values;
  }
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('/', begin), text.size());
    values.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return values;
}

// The names that lower gives the variants: the last is the plain nest.
std::string name_of_variant(const Operator& op, const Schedule& schedule, size_t variant) {
  const bool is_last = variant == schedule.specializations.size();
  return is_last && schedule.directives.empty() ? op.name + ".plain" : fmt::format("{}.variant_{}", op.name, variant);
}

}  // namespace

const FixedVariant* SweepRow::best() const {
  const FixedVariant* best = nullptr;
  for (const FixedVariant& v : variants)
    if (v.refused.empty() && (!best || v.ratio > best->ratio)) best = &v;
  return best;
}

double SweepRow::regret() const {
  const FixedVariant* b = best();
  return b ? b->ratio : 1;
}

std::vector<std::map<std::string, int64_t>> grid_of(const Operator& op, const std::string& text) {
  std::vector<std::string> combinations{""};
  for (const auto& [name, values] : parse_assignments(text, "--size")) {
    std::vector<std::string> more;
    for (const std::string& before : combinations) {
      for (const std::string& value : values_of(values, name))
        more.push_back(fmt::format("{}{}{}={}", before, before.empty() ? "" : ",", name, value));
    }
    combinations = std::move(more);
    if (combinations.size() > kMostSizes)
      wrong_use("the grid of --sweep", fmt::format("{} or more sizes", combinations.size()),
                fmt::format("at most {}", kMostSizes));
  }
  std::vector<std::map<std::string, int64_t>> grid;
  for (const std::string& one : combinations) grid.push_back(sizes_of(op, one));
  return grid;
}

Sweep::Sweep(const Chosen& chosen, int threads, double seconds)
    : chosen_(chosen), threads_(threads), seconds_(seconds), kernel_(compile(chosen.op, chosen.compile_options())) {}

SweepRow Sweep::at(const std::map<std::string, int64_t>& sizes) const {
  const Operator& op = chosen_.fixed;
  const Schedule& schedule = *chosen_.schedule;
  SweepRow row;
  row.sizes = size_text(op, sizes);
  tuner::Sizes scalars = tuner::scalars_of(op, sizes);
  for (const TuneParam& p : kernel_.signature().tune_params) scalars[p.name] = p.value;
  row.taken = name_of_variant(op, schedule, tuner::variant_taken(schedule, chosen_.target, scalars));

  const CheckOptions check{.seed = 1, .exact = false, .max_points = kPoints, .strides = CheckStrides::dense};
  CheckData data = make_check_data(op, sizes, check);
  for (const auto& [name, value] : chosen_.run_params) data.bindings.params[name] = value;
  std::vector<Kernel> kernels;
  std::vector<DenseArguments> arguments;
  std::vector<std::function<void()>> calls;
  const auto take = [&](const Kernel& kernel) {
    const RunOptions run{.threads = threads_};
    data.refresh(op);
    const PackedCall call(kernel, data.bindings.tensors);
    kernel.run(call.arguments(), run, data.bindings.params);
    call.unpack_outputs();
    const CheckReport report = compare(op, data, check);
    row.max_error = std::max(row.max_error, report.largest_error);
    if (!report.good && row.first_difference.empty()) row.first_difference = report.first_difference;
    arguments.push_back(arguments_of(op, kernel, data));
    calls.push_back(kernel.bind(arguments.back().views, run, data.bindings.params));
  };
  take(kernel_);
  const size_t count =
      schedule.specializations.size() + (schedule.specializations.empty() || !schedule.directives.empty());
  for (size_t v = 0; v < count; ++v) {
    FixedVariant fixed{name_of_variant(op, schedule, v), 0, 0, {}};
    try {
      kernels.push_back(compile(
          op,
          {.schedule = tuner::variant_at(schedule, v, op, sizes), .target = chosen_.target, .cache = Cache::memory}));
      take(kernels.back());
    } catch (const Error& error) {
      if (kind_of(error.code()) != ErrorKind::user) throw;
      fixed.refused = error.what();
    }
    row.variants.push_back(std::move(fixed));
  }
  const tuner::Interleaved times = tuner::interleaved(calls, {.seconds = seconds_});
  row.us = times.us[0];
  size_t call = 0;
  for (FixedVariant& v : row.variants) {
    if (!v.refused.empty()) continue;
    ++call;
    v.us = times.us[call], v.ratio = times.ratio[call];
  }
  return row;
}

}  // namespace lathe::tools
