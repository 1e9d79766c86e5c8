// How near the constructed schedule comes to the best that is known, and how well the model ranks candidates: for each shape the
// candidates that the model ranks first, others drawn at random, and the author's schedule, each beside the constructed one.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "bench/tuner/search.h"
#include "bench/tuner/shapes.h"
#include "tools/choice.h"

namespace lathe::bench {

namespace {

constexpr int kPool = 160;                             // candidates that are ranked
constexpr double kMean = 0.92, kWorst = 0.70;          // of the best known
constexpr double kTau = 0.6;
constexpr double kSame = 1.02;                         // times that differ by less are one
constexpr int kMostChanges = 4;                        // of a candidate that is drawn
constexpr size_t kFewest = 8;                          // candidates that a ranking can be told from

struct Ranked {
  tuner::Candidate candidate;
  double cycles = 0, ratio = 0;                        // ratio: time of the constructed schedule / its own; 0: not measured
  bool drawn = false;
};

struct Row {
  double us = 0;                                       // of the constructed schedule
  double best = 1;                                     // of the best known: time of the constructed schedule / its own
  std::string who = "constructed";
  double tau = 0, regret = 0;                          // of the order of those that were drawn; of the model's first choice
  size_t pool = 0, measured = 0, compared = 0;
};

// Kendall's tau-b of predicted and measured cost; pairs that are equal in one of them, times as far as they can be told apart, say
// nothing.
double tau(const std::vector<std::pair<double, double>>& points) {
  double sum = 0, of_first = 0, of_second = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const auto sign = [](double a, double b, double same) { return a * same < b ? -1.0 : a > b * same ? 1.0 : 0.0; };
      const double x = sign(points[i].first, points[j].first, 1), y = sign(points[i].second, points[j].second, kSame);
      sum += x * y, of_first += x * x, of_second += y * y;
    }
  }
  return of_first > 0 && of_second > 0 ? sum / std::sqrt(of_first * of_second) : 0;
}

// What lowering accepts, each program once: all neighbours of the constructed schedule, then some that differ in more.
std::vector<Ranked> pool_of(const tuner::Space& space, tuner::Measurer& machine, const tuner::Candidate& first, tuner::Random& random) {
  std::vector<Ranked> pool;
  std::set<std::string> names, programs;
  const auto add = [&](const Trace& trace, bool drawn) {
    tuner::Candidate candidate = space.candidate(trace);
    if (!names.insert(candidate.name()).second) return;
    bool refused = false;
    const tuner::Modelled model = machine.rank(candidate, 600, &refused);
    if (refused || model.cycles <= 0 || !programs.insert(model.program).second) return;
    pool.push_back({std::move(candidate), model.cycles, 0, drawn});
  };
  add(first.trace, false);
  for (const Trace& trace : space.neighbours(first)) add(trace, false);
  const size_t near = pool.size();
  for (int i = 0; i < 4 * kPool && pool.size() < near + kPool; ++i) {
    const tuner::Candidate& from = random() % 2 ? first : pool[random() % pool.size()].candidate;
    add(space.mutated(from, 1 + static_cast<int>(random() % kMostChanges), random), true);
  }
  return pool;
}

std::optional<Schedule> of_the_author(const Case& which) {
  const tools::Chosen chosen = tools::choose({.spec = which.name});
  if (chosen.schedule_label != "author" || print(chosen.fixed) != print(which.op)) return std::nullopt;
  return chosen.schedule;
}

void print_candidates(const std::vector<Ranked>& pool, double first_cycles) {
  for (const Ranked& r : pool) {
    if (r.ratio > 0) fmt::print("  predicted {:>7.3f} measured {:>7.3f}  {}\n", r.cycles / first_cycles, 1 / r.ratio, print(r.candidate.trace));
  }
}

Row row_of(const Case& which, const TunerOptions& options) {
  const tuner::TuneOptions tuning = tune_options(which, 0, options.seed);
  const tuner::Space space(which.op, tuning.target, 1, {}, which.sizes);
  const auto machine = tuner::worker_measurer(tuner::problem_of(which.op, which.sizes, 1, tuning.target), tuning.measure);
  tuner::Random random(options.seed);
  tuner::Search forms(space, {});
  Row row;
  std::optional<tuner::Candidate> first = forms.next();
  while (first) {
    const auto measured = machine->measure(*first, 600);
    if (measured && measured->us > 0) {
      row.us = measured->us;
      break;
    }
    forms.tell(*first, {measured ? measured->outcome : tuner::Outcome::refused});
    first = forms.next();
  }
  if (!first) throw Error(ErrorCode::no_measurement, {"known", "no candidate runs", which.name, "one that does"});
  machine->accept(*first);
  std::vector<Ranked> pool = pool_of(space, *machine, *first, random);
  row.pool = pool.size();
  const double first_cycles = pool.empty() ? 1 : pool.front().cycles;
  std::stable_sort(pool.begin(), pool.end(), [](const Ranked& a, const Ranked& b) { return a.cycles < b.cycles; });
  std::vector<size_t> others;
  const size_t each = static_cast<size_t>(options.candidates);
  for (size_t i = 0; i < pool.size(); ++i) others.push_back(i);
  for (size_t i = others.size(); i > 1; --i) std::swap(others[i - 1], others[random() % i]);
  if (others.size() > each) others.resize(each);
  const auto measure = [&](Ranked& one) {
    if (one.ratio > 0) return;
    if (one.candidate.name() == first->name()) {
      one.ratio = 1;
      return;
    }
    const auto measured = machine->measure(one.candidate, 600);
    if (measured && measured->us > 0 && measured->outcome != tuner::Outcome::refused) one.ratio = measured->ratio;
    row.measured += one.ratio > 0;
  };
  for (size_t i = 0; i < std::min(each, pool.size()); ++i) measure(pool[i]);
  std::vector<std::pair<double, double>> drawn;
  for (size_t i : others) {
    measure(pool[i]);
    if (pool[i].ratio > 0) drawn.emplace_back(pool[i].cycles, 1 / pool[i].ratio);
  }
  if (options.list) print_candidates(pool, first_cycles);
  row.compared = drawn.size();
  row.tau = tau(drawn);
  double best = 1;
  const Ranked* fastest = nullptr;
  for (const Ranked& r : pool) {
    if (r.ratio > best) best = r.ratio, fastest = &r;
  }
  if (!pool.empty() && pool.front().ratio > 0) row.regret = best / pool.front().ratio - 1;
  // The fastest of many seems faster than it is: it counts as what it is when it is measured again.
  const Schedule constructed = first->decided();
  if (fastest) {
    const double again = time_ratio(which, constructed, fastest->candidate.decided());
    if (again > row.best) row.best = again, row.who = print(fastest->candidate.trace);
    if (options.list) fmt::print("{}", print(fastest->candidate.taken ? *fastest->candidate.taken : fastest->candidate.schedule));
  }
  if (const auto given = of_the_author(which)) {
    const double ratio = time_ratio(which, constructed, *given);
    if (ratio > row.best) row.best = ratio, row.who = "the author's";
  }
  return row;
}

void print_row(const Case& which, const Row& row) {
  fmt::print("{:<20} {:<40} {:>12.2f} {:>8.3f} {:>7.2f} {:>7.2f} {:>6} {:>6}  {}\n", which.name, tools::size_text(which.op, which.sizes), row.us,
             1 / row.best, row.tau, row.regret, row.pool, row.measured, row.who);
  std::fflush(stdout);
}

bool summary(const std::string& of, const std::vector<Row>& rows) {
  std::vector<double> shares, taus, regrets;
  for (const Row& row : rows) {
    shares.push_back(1 / row.best);
    if (row.compared >= kFewest) taus.push_back(row.tau);
    regrets.push_back(row.regret);
  }
  const double mean = geometric_mean(shares), worst = quantile(shares, 0), middle = quantile(taus, 0.5);
  const bool good = mean >= kMean && worst >= kWorst && (taus.empty() || middle >= kTau);
  fmt::print("{}: {} shapes; of the best known: geometric mean {:.3f} (at least {}), worst {:.3f} ({}); tau: median {:.2f} ({}), least {:.2f}; "
             "regret of the model's first choice: median {:.2f}, 90 % within {:.2f}: {}\n",
             of, rows.size(), mean, kMean, worst, kWorst, middle, kTau, quantile(taus, 0), quantile(regrets, 0.5), quantile(regrets, 0.9), held(good));
  return good;
}

}  // namespace

bool bench_known(const TunerOptions& options) {
  fmt::print("known: the constructed schedule beside {} candidates that the model ranks first, {} that are drawn, and the author's\n",
             options.candidates, options.candidates);
  fmt::print("{:<20} {:<40} {:>12} {:>8} {:>7} {:>7} {:>6} {:>6}  best\n", "operator", "sizes", "constructed", "of best", "tau", "regret", "pool",
             "timed");
  std::vector<std::pair<std::string, std::vector<Case>>> classes{{"the public suite", cases_of("suite.txt", options)}};
  for (const std::string& name : shape_classes()) {
    classes.emplace_back(name, drawn_shapes(name, options.seed, options.shapes));
    erase_others(classes.back().second, options);
  }
  bool good = true;
  for (const auto& [name, cases] : classes) {
    std::vector<Row> rows;
    for (const Case& which : cases) {
      try {
        rows.push_back(row_of(which, options));
        print_row(which, rows.back());
      } catch (const Error& error) {
        fmt::print("{:<20} {:<40} {}\n", which.name, tools::size_text(which.op, which.sizes), error.what());
      }
    }
    if (!rows.empty()) good = summary(name, rows) && good;
  }
  return good;
}

}  // namespace lathe::bench
