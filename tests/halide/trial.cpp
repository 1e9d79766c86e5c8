#include "tests/halide/trial.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "lang/needed_regions.h"
#include "lang/program.h"

namespace lathe::halide {
namespace {

double work_at(const Operator& op, const Sizes& sizes) {
  Bindings bindings;
  bindings.sizes = sizes;
  return needed_regions(op, constants_of(op, bindings)).work;
}

bool has_nothing(const Sizes& sizes) {
  return std::any_of(sizes.begin(), sizes.end(), [](const auto& size) { return size.second == 0; });
}

bool is_single(const Sizes& sizes) {
  return std::all_of(sizes.begin(), sizes.end(), [](const auto& size) { return size.second == 1; });
}

// The combinations with the most work within the limit, else the one with the least; all of them of something, and not only of
// single elements, so that the first serves as an estimate. Then one with a size of 0.
std::vector<Sizes> chosen_sizes(const Operator& op, const TrialOptions& options) {
  std::vector<std::pair<double, Sizes>> all, empty;
  for (Sizes& sizes : default_check_sizes(op)) {
    std::vector<std::pair<double, Sizes>>& kind = has_nothing(sizes) ? empty : all;
    const double work = work_at(op, sizes);
    kind.emplace_back(work, std::move(sizes));
  }
  std::sort(all.begin(), all.end());
  if (all.size() > 1 && all[0].first > options.most_work && is_single(all[0].second)) all.erase(all.begin());
  std::sort(empty.begin(), empty.end());
  std::vector<Sizes> chosen;
  for (size_t i = all.size(); i-- > 0 && static_cast<int>(chosen.size()) < options.most_sizes;) {
    if (all[i].first <= options.most_work || (chosen.empty() && (i == 0 || all[i - 1].first == 0))) chosen.push_back(all[i].second);
  }
  if (!empty.empty()) chosen.push_back(empty[0].second);    // nothing, or sums of nothing
  return chosen;
}

void compare_at(HalidePipeline& pipeline, const Operator& op, const Sizes& sizes, const TrialOptions& options,
                Trial& trial) {
  for (bool exact : {true, false}) {
    const CheckOptions check{
        .seed = options.seed, .exact = exact, .max_points = 200, .special_values = options.special_values};
    const CheckData data = make_check_data(op, sizes, check);
    if (exact && !exact_mode_applies(op, data.bindings)) continue;
    HalideCall(pipeline, data.bindings).run();
    const CheckReport report = compare(op, data, check);
    ++trial.comparisons;
    trial.elements += report.compared;
    trial.undecided += report.undecided;
    if (!report.good) {
      trial.differences.push_back(fmt::format("{} {}, seed {}: {}", text_of(sizes), exact ? "exact" : "bounded",
                                              options.seed, report.first_difference));
    }
  }
}

// Halide's own schedules move the last tile inward: an output that is smaller than a tile is refused at the call, or an input that
// would be read for the tile's other elements.
bool is_too_small(const Halide::Error& error, const TrialOptions& options) {
  const std::string what = error.what();
  return !options.autoscheduler.empty() && what.find("buffer") != std::string::npos &&
         what.find("which is before the min") != std::string::npos;
}

Error refusal(const Operator& op, std::string what, std::string got, std::string need) {
  return Error(
      ErrorCode::not_expressible,
      {.step = "halide", .what = std::move(what), .got = std::move(got), .need = std::move(need), .where = op.where});
}

}  // namespace

std::string text_of(const Sizes& sizes) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : sizes) parts.push_back(fmt::format("{}={}", name, value));
  return fmt::format("{}", fmt::join(parts, ","));
}

std::string message_of(const Halide::Error& error) {
  std::istringstream words(error.what());
  std::string text;
  for (std::string word; words >> word;) {
    if (word[0] == '/') word = word.substr(word.rfind('/') + 1);  // a file of Halide's build
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

Trial run_trial(const Operator& op, const TrialOptions& options) {
  Trial trial;
  trial.refusals = not_expressible(op);
  if (!trial.refusals.empty()) return trial;
  try {
    const std::vector<Sizes> all = chosen_sizes(op, options);
    HalidePipeline pipeline = to_halide(op);
    if (options.autoscheduler.empty()) {
      schedule_plainly(pipeline);
    } else if (!all.empty()) {
      apply_autoscheduler(pipeline, options.autoscheduler, all.front(), 2);
    }
    for (const Sizes& sizes : all) {
      try {
        compare_at(pipeline, op, sizes, options, trial);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::read_outside) throw;  // the interpreter's: the operator is not for these sizes
      } catch (const Halide::Error& error) {
        if (!is_too_small(error, options)) throw;
        ++trial.too_small;
      }
    }
  } catch (const Halide::Error& error) {
    if (!options.autoscheduler.empty()) {
      trial.refusals.push_back(refusal(op, options.autoscheduler + " fails on " + op.name, message_of(error),
                                       "another autoscheduler"));
      return trial;
    }
    if (const std::string what = error.what();
        what.find("unbounded") != std::string::npos) {  // what it infers no bounds through
      trial.refusals.push_back(refusal(op, "Halide refuses " + op.name, what.substr(0, what.find('\n')),
                                       "indices that Halide can bound"));
      return trial;
    }
    trial.differences.push_back(fmt::format("Halide: {}", error.what()));
  }
  return trial;
}

}  // namespace lathe::halide
