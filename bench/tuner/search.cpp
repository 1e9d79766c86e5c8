#include "bench/tuner/search.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <regex>

#include "tools/choice.h"

namespace lathe::bench {

namespace {

constexpr int kProcesses = 3;  // that compare two schedules where the first says that one is slower
constexpr double kSlower = 0.98;
constexpr double kCompareSeconds = 1;  // the most that one of them takes for it

tuner::Candidate candidate_of(const Schedule& schedule) {
  tuner::Candidate candidate;
  candidate.schedule = schedule;
  return candidate;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  static int number = 0;
  folder_ = std::filesystem::temp_directory_path() / fmt::format("lathe_bench_tuner_{}_{}", getpid(), number++);
  std::filesystem::create_directories(folder_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

tuner::TuneOptions tune_options(const Case& which, double seconds, uint64_t seed) {
  tuner::TuneOptions options;
  options.sizes = which.sizes;
  options.target = host_target();
  options.budget_s = seconds;
  options.seed = seed;
  options.measure.worker = {LATHE_COMMAND, "tune-worker"};
  return options;
}

Found search(const Case& which, tuner::TuneOptions options, tuner::Store& store) {
  Found found;
  const double budget = options.budget_s;
  options.progress = [&](const tuner::Progress& p) {
    if (static_cast<int64_t>(found.at_s.size()) < p.trials)
      found.at_s.resize(static_cast<size_t>(p.trials), budget - p.seconds_left);
  };
  found.tuned = tuner::tune(which.op, options, &store);
  const std::string problem =
      tuner::problem_of(which.op, which.sizes, 1, options.target, options.measure.layouts).key();
  for (tuner::Trial& t : store.trials(problem)) {
    if (t.run == found.tuned.run && !t.confirmed) found.trials.push_back(std::move(t));
  }
  return found;
}

double time_ratio(const Case& which, const Schedule& first, const Schedule& second, const tuner::Layouts& layouts) {
  tuner::MeasureOptions options = tune_options(which, 0, 1).measure;
  options.layouts = layouts;
  options.time_seconds = kCompareSeconds;
  const tuner::Problem problem = tuner::problem_of(which.op, which.sizes, 1, host_target(), layouts);
  if (first == second) return 1;
  std::vector<double> ratios;
  for (int i = 0; i < kProcesses; ++i) {
    const auto machine = tuner::worker_measurer(problem, options);
    const auto alone = machine->measure(candidate_of(first), 600);
    if (!alone || alone->us <= 0) return 0;
    machine->accept(candidate_of(first));
    const auto beside = machine->measure(candidate_of(second), 600);
    if (!beside || beside->us <= 0) return 0;
    ratios.push_back(beside->ratio);
    if (ratios.front() >= kSlower) break;
  }
  return tuner::median(ratios);
}

void erase_others(std::vector<Case>& cases, const TunerOptions& options) {
  const std::regex only(options.only);
  std::erase_if(
      cases, [&](const Case& c) { return !std::regex_search(c.name + " " + tools::size_text(c.op, c.sizes), only); });
}

std::vector<Case> cases_of(const std::string& file, const TunerOptions& options) {
  std::vector<Case> cases = listed_cases(LATHE_SOURCE_DIR "/bench/tuner/" + file);
  erase_others(cases, options);
  return cases;
}

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<size_t>(q * static_cast<double>(values.size())))];
}

double geometric_mean(const std::vector<double>& values) {
  double logs = 0;
  for (const double v : values) logs += std::log(v);
  return values.empty() ? 1 : std::exp(logs / static_cast<double>(values.size()));
}

const char* held(bool good) { return good ? "holds" : "DOES NOT HOLD"; }

}  // namespace lathe::bench
