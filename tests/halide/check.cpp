#include <fmt/core.h>

#include <algorithm>

#include "lang/text.h"
#include "tests/halide/verbs.h"
#include "tests/whole/library.h"

namespace lathe::halide {
namespace {

struct Total {
  int operators = 0, good = 0;
  int64_t comparisons = 0, elements = 0, undecided = 0;
  std::vector<std::string> not_expressible;
};

void check_one(const Operator& op, const TrialOptions& options, Total& total) {
  const Trial trial = run_trial(with_static_params(op, {}), options);
  ++total.operators;
  total.comparisons += trial.comparisons;
  total.elements += trial.elements;
  total.undecided += trial.undecided;
  for (const Error& reason : trial.refusals)
    total.not_expressible.push_back(fmt::format("{}: {}", op.name, reason.what()));
  if (!trial.refusals.empty()) return;
  const bool good = trial.differences.empty() && trial.elements > 0;
  total.good += good;
  fmt::print("{:<24} {:>3} comparisons {:>7} elements  {}\n", op.name, trial.comparisons, trial.elements,
             good                        ? "good"
             : trial.differences.empty() ? "NOTHING COMPARED"
                                         : "WRONG");
  for (const std::string& difference : trial.differences) fmt::print("    {}\n", difference);
  std::fflush(stdout);
}

}  // namespace

std::vector<Operator> library() {
  std::vector<Operator> all;
  for (const std::string& path : library_files()) {
    for (const Operator& op : read_lathe_file(path).operators) all.push_back(op);
  }
  return all;
}

int check(const std::vector<std::string>& names, const TrialOptions& options) {
  Total total;
  for (const std::string& name : names) {
    if (!name.ends_with(".lathe")) continue;
    for (const Operator& op : read_lathe_file(name).operators) check_one(op, options, total);
  }
  std::vector<Operator> all = library();
  for (Operator& op : read_lathe_file(source_dir() + "/tests/halide/found.lathe").operators) all.push_back(std::move(op));
  for (const Operator& op : all) {
    if (names.empty() || std::find(names.begin(), names.end(), op.name) != names.end()) check_one(op, options, total);
  }
  const size_t refused = total.not_expressible.size();
  if (refused > 0) fmt::print("not expressible:\n");
  for (const std::string& reason : total.not_expressible) fmt::print("  {}\n", reason);
  fmt::print("{} operators: {} good; {} comparisons of {} elements, {} undecided\n", total.operators, total.good,
             total.comparisons, total.elements, total.undecided);
  return total.good + static_cast<int>(refused) >= total.operators && total.operators > 0 ? 0 : 1;
}

}  // namespace lathe::halide
