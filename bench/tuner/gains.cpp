// What a search gains over the constructed schedule, and how soon. A row where nothing is gained says how near the
// constructed schedule is to the bound of the machine, and to the best of its neighbourhood: all that differs from it
// in one or two decisions, in random order, as far as time allows.
#include <fmt/core.h>

#include <chrono>
#include <cmath>

#include "bench/machine_bound.h"
#include "bench/tuner/search.h"
#include "tools/choice.h"

namespace lathe::bench {

namespace {

constexpr double kGain = 1.05;   // from which a gain is one
constexpr double kClose = 0.95;  // of the final speed
constexpr double kNoise = 0.98;
constexpr double kNear = 0.9;                // of the bound, or of the best that enumeration finds
constexpr double kRuns = 100, kSeconds = 2;  // until it is close

using Clock = std::chrono::steady_clock;

struct Row {
  tuner::Tuned tuned;
  double again = 1;                    // constructed / tuned, measured anew
  int64_t measured = 0, to_close = 0;  // trials that were timed; until the best had 95 % of the final speed
  double close_s = 0, allowed_s = 0;
  bool noisy = false;
  double of_bound = 0, of_enumerated = 0;
  int64_t enumerated = 0, to_enumerate = 0;
  bool gains() const { return tuned.speedup >= kGain; }
};

void count_to_close(Row& row, const Found& found) {
  double final_speed = 0;
  for (const tuner::Trial& t : found.trials) {
    if (t.outcome == tuner::Outcome::good) final_speed = std::max(final_speed, t.speedup);
  }
  double best = 0;
  for (size_t i = 0; i < found.trials.size(); ++i) {
    const tuner::Trial& t = found.trials[i];
    if (t.outcome != tuner::Outcome::good && t.outcome != tuner::Outcome::noisy) continue;
    ++row.measured;
    if (t.outcome == tuner::Outcome::good) best = std::max(best, t.speedup);
    if (row.to_close > 0 || best < kClose * final_speed) continue;
    row.to_close = row.measured;
    row.close_s = i < found.at_s.size() ? found.at_s[i] : 0;
  }
  row.allowed_s = kSeconds + kRuns * row.tuned.constructed_us * 1e-6;
}

// How fast the constructed schedule is beside the best that is near to it, one measured after the other.
void enumerate(Row& row, const Case& which, const TunerOptions& options) {
  const tuner::TuneOptions tuning = tune_options(which, 0, options.seed);
  const tuner::Space space(which.op, tuning.target, 1, {}, which.sizes);
  const tuner::Candidate first = space.candidate({});
  std::set<std::string> names{first.name()};
  std::vector<tuner::Candidate> near, pairs;
  for (const Trace& trace : space.neighbours(first)) {
    tuner::Candidate one = space.candidate(trace);
    if (!names.insert(one.name()).second) continue;
    for (const Trace& second : space.neighbours(one)) {
      tuner::Candidate two = space.candidate(second);
      if (names.insert(two.name()).second) pairs.push_back(std::move(two));
    }
    near.push_back(std::move(one));
  }
  tuner::Random random(options.seed);
  for (size_t i = pairs.size(); i > 1; --i) std::swap(pairs[i - 1], pairs[random() % i]);
  for (tuner::Candidate& c : pairs) near.push_back(std::move(c));
  row.to_enumerate = static_cast<int64_t>(near.size());
  const Clock::time_point start = Clock::now();
  const auto machine =
      tuner::worker_measurer(tuner::problem_of(which.op, which.sizes, 1, tuning.target), tuning.measure);
  if (!machine->measure(first, 600)) return;
  machine->accept(first);
  double best = row.tuned.speedup;
  for (const tuner::Candidate& candidate : near) {
    if (std::chrono::duration<double>(Clock::now() - start).count() > options.enumerate_seconds) break;
    const auto measured = machine->measure(candidate, 600);
    if (measured && measured->outcome == tuner::Outcome::good) best = std::max(best, measured->ratio);
    ++row.enumerated;
  }
  if (row.enumerated > 0) row.of_enumerated = 1 / best;
}

Row row_of(const Case& which, const TunerOptions& options, MachineBound& machine, tuner::Store& store) {
  Row row;
  const Found found = search(which, tune_options(which, options.seconds, options.seed), store);
  row.tuned = found.tuned;
  count_to_close(row, found);
  row.noisy = found.tuned.last.counts[static_cast<size_t>(tuner::Outcome::noisy)] > found.tuned.last.trials / 4;
  row.again = time_ratio(which, row.tuned.constructed, row.tuned.schedule);
  row.of_bound = machine.bound(which.op, which.sizes).us / row.tuned.constructed_us;
  if (!row.gains() && row.of_bound < kNear && options.enumerate_seconds > 0) enumerate(row, which, options);
  return row;
}

void print_row(const Case& which, const Row& row) {
  fmt::print("{:<26} {:<40} {:>12.2f} {:>12.2f} {:>7.3f} {:>7.3f} {:>7} {:>8} {:>7} {:>7.2f} {:>7.2f} {:>7.3f}",
             which.name, tools::size_text(which.op, which.sizes), row.tuned.constructed_us, row.tuned.us,
             row.tuned.speedup, row.again, row.tuned.last.trials, row.measured, row.to_close, row.close_s,
             row.allowed_s, row.of_bound);
  if (row.to_enumerate > 0) {
    fmt::print(" {:>7.3f} of {}/{}", row.of_enumerated, row.enumerated, row.to_enumerate);
  } else {
    fmt::print(" {:>7}", "-");
  }
  fmt::print("  {}{}\n", row.tuned.ended, row.noisy ? ", noisy" : "");
  std::fflush(stdout);
}

bool summary(const std::vector<Row>& rows) {
  std::vector<double> speedups, to_close;
  int slower = 0, noisy = 0, late = 0, near = 0, far = 0;
  for (const Row& row : rows) {
    speedups.push_back(row.tuned.speedup);
    slower += row.again < kNoise;
    noisy += row.noisy;
    if (row.gains()) {
      to_close.push_back(static_cast<double>(row.to_close));
      late += row.close_s > row.allowed_s;
    } else {
      ++(row.of_bound >= kNear || row.of_enumerated >= kNear ? near : far);
    }
  }
  const double middle = quantile(to_close, 0.5), most = quantile(to_close, 0.9);
  fmt::print("{} cases; geometric mean of constructed/tuned {:.3f}; {} on a machine too noisy\n", rows.size(),
             geometric_mean(speedups), noisy);
  fmt::print("tuned is never slower than constructed beyond 2 %: {} slower: {}\n", slower, held(slower == 0));
  fmt::print(
      "{} with a gain of 5 % or more: measurements to 95 % of the final speed: median {:.0f} (at most 8), 90 % within "
      "{:.0f} (32): {}\n",
      to_close.size(), middle, most, held(middle <= 8 && most <= 32));
  fmt::print("... in at most 2 s and 100 runs of the constructed schedule: {} later: {}\n", late, held(late == 0));
  fmt::print("{} without: {} constructed ones within 0.9 of the bound or of the best enumerated, {} not: {}\n",
             near + far, near, far, held(far == 0));
  return slower == 0 && middle <= 8 && most <= 32 && late == 0 && far == 0;
}

}  // namespace

bool bench_gains(const TunerOptions& options) {
  fmt::print("gains: searches of {:.0f} s from the constructed schedule; again: the same two in fresh processes\n",
             options.seconds);
  fmt::print("{:<26} {:<40} {:>12} {:>12} {:>7} {:>7} {:>7} {:>8} {:>7} {:>7} {:>7} {:>7} {:>7}  ended\n", "operator",
             "sizes", "constructed", "tuned us", "gain", "again", "trials", "measured", "to 95 %", "s", "allowed",
             "bound", "enum.");
  const TemporaryFolder folder;
  MachineBound machine(host_target());
  std::vector<Row> rows;
  for (const Case& which : cases_of("suite.txt", options)) {
    try {
      const auto store = tuner::open_store(folder.path(fmt::format("{}.sqlite", rows.size())), tuner::StoreUse::write);
      rows.push_back(row_of(which, options, machine, *store));
      print_row(which, rows.back());
    } catch (const Error& error) {
      fmt::print("{:<26} {:<40} {}\n", which.name, tools::size_text(which.op, which.sizes), error.what());
    }
  }
  return summary(rows);
}

}  // namespace lathe::bench
