// Searches from nothing over the standard cases: what they gain, and how soon.
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <regex>

#include "bench/zero_shot_cases.h"
#include "tuner/tune.h"

namespace lathe::bench {
namespace {

constexpr double kGain = 1.05;   // from which a gain is one
constexpr double kClose = 0.95;  // of the final speed

struct Options {
  std::string only, from;
  double seconds = 20;
  uint64_t seed = 1;
};

struct Row {
  tuner::Tuned tuned;
  int64_t measured = 0;        // trials that were timed
  int64_t to_close = 0;        // of these, until the incumbent had 95 % of the final speed
};

Row row_of(const Case& which, const Options& options, const std::string& store_path) {
  tuner::TuneOptions tuning;
  tuning.sizes = which.sizes;
  tuning.target = host_target();
  tuning.budget_s = options.seconds;
  tuning.seed = options.seed;
  tuning.first_form = options.from;
  tuning.measure.worker = {LATHE_COMMAND, "tune-worker"};
  const auto store = tuner::open_store(store_path, tuner::StoreUse::write);
  Row row;
  row.tuned = tuner::tune(which.op, tuning, store.get());
  double best = 0;
  const std::string problem = tuner::problem_of(which.op, which.sizes, 1, tuning.target).key();
  std::vector<double> speeds;  // of the incumbent, after each measurement
  for (const tuner::Trial& t : store->trials(problem)) {
    if (t.run != row.tuned.run || t.confirmed || (t.outcome != tuner::Outcome::good && t.outcome != tuner::Outcome::noisy)) continue;
    if (t.outcome == tuner::Outcome::good) best = std::max(best, t.speedup);
    speeds.push_back(best);
  }
  row.measured = static_cast<int64_t>(speeds.size());
  while (row.to_close < row.measured && speeds[static_cast<size_t>(row.to_close)] < kClose * best) ++row.to_close;
  return row;
}

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<size_t>(q * static_cast<double>(values.size())))];
}

int run(const Options& options) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("lathe_bench_tuner_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  fmt::print("{:<26} {:<36} {:>12} {:>12} {:>8} {:>8} {:>9} {:>10}  ended\n", "operator", "sizes", "constructed", "tuned us", "speedup",
             "trials", "measured", "to 95 %");
  std::vector<double> speedups, to_close;
  int number = 0, slower = 0, noisy = 0;
  for (const Case& which : listed_cases(LATHE_SOURCE_DIR "/bench/tuner.txt")) {
    if (!std::regex_search(which.name, std::regex(options.only))) continue;
    const Row row = row_of(which, options, (folder / fmt::format("{}.sqlite", number++)).string());
    const tuner::Tuned& t = row.tuned;
    fmt::print("{:<26} {:<36} {:>12.2f} {:>12.2f} {:>8.2f} {:>8} {:>9} {:>10}  {}\n", which.name, tuner::print(which.sizes),
               t.constructed_us, t.us, t.speedup, t.last.trials, row.measured, row.to_close + 1, t.ended);
    std::fflush(stdout);
    speedups.push_back(t.speedup);
    slower += t.speedup < 0.98;
    noisy += t.last.counts[static_cast<size_t>(tuner::Outcome::noisy)] > t.last.trials / 4;
    if (t.speedup >= kGain) to_close.push_back(static_cast<double>(row.to_close + 1));
  }
  std::filesystem::remove_all(folder);
  double logs = 0;
  for (const double s : speedups) logs += std::log(s);
  fmt::print("{} cases, {} slower than constructed, {} on a machine too noisy; geometric mean {:.3f}\n", speedups.size(), slower, noisy,
             speedups.empty() ? 1 : std::exp(logs / static_cast<double>(speedups.size())));
  fmt::print("{} with a gain of 5 % or more: measurements to 95 % of the final speed: median {:.0f}, 90 % within {:.0f}\n", to_close.size(),
             quantile(to_close, 0.5), quantile(to_close, 0.9));
  return slower == 0 ? 0 : 1;
}

}  // namespace
}  // namespace lathe::bench

int main(int argc, char** argv) {
  lathe::bench::Options options;
  CLI::App app("searches from nothing: what they gain, and how soon");
  app.add_option("--only", options.only, "a regular expression: cases whose operator's name it finds");
  app.add_option("--seconds", options.seconds, "for each case")->capture_default_str();
  app.add_option("--seed", options.seed, "of the searches")->capture_default_str();
  app.add_option("--from", options.from, "the form to start from: plain for the plain nest");
  CLI11_PARSE(app, argc, argv);
  try {
    return lathe::bench::run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
