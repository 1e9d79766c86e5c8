// lathe check: one kernel against the reference interpreter, over sizes, layouts and both modes of the oracle.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "lang/oracle.h"
#include "tools/choice.h"
#include "tools/verbs.h"

namespace lathe::tools {
namespace {

struct CheckVerbOptions {
  Choice choice;
  uint64_t seed = 1;
  int64_t points = 1000;
};

// One comparison: a row of the table.
struct Row {
  std::string sizes;
  const char* strides;
  const char* mode;
  CheckReport report;
};

constexpr std::pair<CheckStrides, const char*> layouts[] = {
    {CheckStrides::dense, "dense"}, {CheckStrides::padded, "padded"}, {CheckStrides::transposed, "transposed"}};

class Checker {
 public:
  Checker(const CheckVerbOptions& options, Chosen chosen)
      : options_(options), chosen_(std::move(chosen)), kernel_(compile(chosen_.op, chosen_.compile_options())) {}

  const Chosen& chosen() const { return chosen_; }

  std::vector<std::map<std::string, int64_t>> combinations() const {
    if (options_.choice.sizes.empty()) return default_check_sizes(chosen_.fixed);
    std::vector<std::map<std::string, int64_t>> all;
    for (const std::string& text : options_.choice.sizes) all.push_back(sizes_of(chosen_.fixed, text));
    return all;
  }

  // All layouts, exact where exact applies, and bounded; an alternative also against the first.
  void check(const std::map<std::string, int64_t>& sizes, const std::function<void(const Row&)>& report) {
    for (const auto& [strides, strides_name] : layouts) {
      for (bool exact : {true, false}) {
        CheckOptions options{
            .seed = options_.seed++, .exact = exact, .max_points = options_.points, .strides = strides};
        if (exact && !exact_mode_applies(chosen_.fixed)) continue;
        CheckData data = make_check_data(chosen_.fixed, sizes, options);
        if (exact && !exact_mode_applies(chosen_.fixed, data.bindings)) continue;
        for (const auto& [name, value] : chosen_.run_params) data.bindings.params[name] = value;
        const PackedCall call(kernel_, data.bindings.tensors);
        kernel_.run(call.arguments(), {.threads = options_.choice.threads}, data.bindings.params);
        call.unpack_outputs();
        report({size_text(chosen_.fixed, sizes), strides_name, exact ? "exact" : "bounded",
                compare(chosen_.fixed, data, options)});
        if (exact || !chosen_.meaning) continue;
        options.bound_factor = chosen_.meaning->within;
        report({size_text(chosen_.fixed, sizes), strides_name, "meaning", compare(chosen_.meaning->op, data, options)});
      }
    }
  }

 private:
  CheckVerbOptions options_;
  Chosen chosen_;
  Kernel kernel_;
};

nlohmann::json json_row(const Checker& checker, const Row& row) {
  return {{"operator", checker.chosen().op.name},
          {"schedule", checker.chosen().schedule_label},
          {"target", checker.chosen().target.name},
          {"sizes", row.sizes},
          {"strides", row.strides},
          {"mode", row.mode},
          {"compared", row.report.compared},
          {"undecided", row.report.undecided},
          {"max_error", row.report.largest_error},
          {"good", row.report.good},
          {"first_difference", row.report.first_difference}};
}

void print_row(const Row& row) {
  const CheckReport& report = row.report;
  fmt::print("{:<28} {:<10} {:<7} {:>9} {:>9}  {:>12.4g}  {}\n", row.sizes.empty() ? "-" : row.sizes, row.strides,
             row.mode, report.compared, report.undecided, report.largest_error,
             report.good ? "good" : "WRONG " + report.first_difference);
}

// What all comparisons of a command come to.
struct Total {
  nlohmann::json rows = nlohmann::json::array();
  int64_t wrong = 0, compared = 0;
  double largest = 0;
};

void check_one(const CheckVerbOptions& options, Chosen chosen, Total& total) {
  Checker checker(options, std::move(chosen));
  if (!options.choice.json) {
    fmt::print("{} on {}, {} schedule\n", checker.chosen().op.name, checker.chosen().target.name,
               checker.chosen().schedule_label);
    fmt::print("{:<28} {:<10} {:<7} {:>9} {:>9}  {:>12}  result\n", "sizes", "strides", "mode", "compared", "undecided",
               "max error");
  }
  for (const auto& sizes : checker.combinations()) {
    checker.check(sizes, [&](const Row& row) {
      total.compared++;
      total.wrong += !row.report.good;
      total.largest = std::max(total.largest, row.report.largest_error);
      if (options.choice.json)
        total.rows.push_back(json_row(checker, row));
      else
        print_row(row);
    });
  }
}

int check_operator(const CheckVerbOptions& options) {
  Total total;
  for (Chosen& chosen : choose_all(options.choice)) check_one(options, std::move(chosen), total);
  if (options.choice.json)
    fmt::print("{}\n", total.rows.dump(2));
  else
    fmt::print("{} of {} comparisons good, largest error {:.4g}\n", total.compared - total.wrong, total.compared, total.largest);
  return total.wrong == 0 ? good : refused;
}

}  // namespace

Action add_check(CLI::App& app) {
  auto options = std::make_shared<CheckVerbOptions>();
  add_operator_options(app, options->choice);
  add_size_options(app, options->choice);
  add_compile_options(app, options->choice);
  add_thread_option(app, options->choice);
  app.add_option("--seed", options->seed, "of the generated data")->capture_default_str();
  app.add_option("--points", options->points, "compared where interpreting the whole takes too long")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 32))
      ->capture_default_str();
  return [options] { return check_operator(*options); };
}

}  // namespace lathe::tools
