#include "tools/sweep_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tools/sweep.h"
#include "tools/verbs.h"

namespace lathe::tools {

namespace {

void print_row(const SweepRow& row) {
  const FixedVariant* best = row.best();
  fmt::print("{:<40} {:>12.2f} {:>12.2f} {:>8.3f}  {:<24} {}\n", row.sizes, row.us, best ? best->us : 0, row.regret(),
             row.taken, best ? best->name : "none: all are refused");
}

nlohmann::json json_row(const Chosen& chosen, int threads, const SweepRow& row) {
  nlohmann::json variants = nlohmann::json::array();
  for (const FixedVariant& v : row.variants)
    variants.push_back({{"variant", v.name}, {"time_us_median", v.us}, {"ratio", v.ratio}, {"refused", v.refused}});
  const FixedVariant* best = row.best();
  return {{"operator", chosen.op.name},
          {"sizes", row.sizes},
          {"threads", threads},
          {"schedule", chosen.schedule_label},
          {"target", chosen.target.name},
          {"time_us_median", row.us},
          {"taken", row.taken},
          {"best", best ? best->name : ""},
          {"best_us_median", best ? best->us : 0},
          {"regret", row.regret()},
          {"max_error", row.max_error},
          {"good", row.first_difference.empty()},
          {"variants", variants}};
}

}  // namespace

int print_sweep(const Choice& choice, double seconds) {
  const Chosen chosen = choose(choice);
  std::vector<std::map<std::string, int64_t>> grid;
  for (const std::string& text : choice.sizes.empty() ? std::vector<std::string>{""} : choice.sizes) {
    for (auto& sizes : grid_of(chosen.fixed, text)) grid.push_back(std::move(sizes));
  }
  const Sweep sweep(chosen, choice.threads, seconds);
  if (!choice.json) {
    fmt::print("{} on {}, {} schedule, threads {}: one kernel for all sizes beside its variants compiled for each\n",
               chosen.op.name, chosen.target.name, chosen.schedule_label, choice.threads);
    fmt::print("{:<40} {:>12} {:>12} {:>8}  {:<24} {}\n", "sizes", "median us", "best us", "regret", "taken",
               "best variant");
  }
  nlohmann::json rows = nlohmann::json::array();
  bool all_good = true;
  double logarithms = 0, worst = 1;
  for (const auto& sizes : grid) {
    const SweepRow row = sweep.at(sizes);
    logarithms += std::log(std::max(row.regret(), 1e-9));
    worst = std::max(worst, row.regret());
    if (choice.json)
      rows.push_back(json_row(chosen, choice.threads, row));
    else
      print_row(row);
    if (row.first_difference.empty()) continue;
    all_good = false;
    fmt::print(stderr, "lathe: bench: {} is wrong at {}: {}\n", chosen.op.name, row.sizes, row.first_difference);
  }
  if (choice.json)
    fmt::print("{}\n", rows.dump(2));
  else
    fmt::print("{} sizes: regret {:.3f} in the geometric mean, {:.3f} at worst\n", grid.size(),
               std::exp(logarithms / static_cast<double>(grid.size())), worst);
  return all_good ? good : refused;
}

}  // namespace lathe::tools
