#include "tuner/tune.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <random>
#include <thread>

#include "jit/tuned_files.h"
#include "schedules/text.h"
#include "support/error.h"
#include "tuner/replay.h"

namespace lathe::tuner {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double kCommitSeconds = 0.25;                     // the longest that a trial waits to be on disk
constexpr double kConfirmPart = 0.1, kConfirmMost = 3;      // of the budget, in seconds: kept for the last measurement ...
constexpr double kThoroughFrom = 5;                         // seconds that are left
constexpr double kWorth = 1.015;  // a gain that is more than what a process differs from the next
constexpr double kConfirmTimes = 12,
                 kConfirmLimit = 0.4;  // ... or times what the first one took, up to a part of the budget

std::string new_run_id() {
  std::random_device entropy;
  return fmt::format("{:08x}{:08x}", entropy(), entropy());
}

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

class Tuning {
 public:
  Tuning(const Operator& op, const TuneOptions& options, Store* store, const MakeMeasurer& make)
      : options_(options),
        store_(store),
        make_(make),
        space_(op, options.target, options.measure.threads, options.measure.layouts, options.sizes, options.fixed),
        problem_(problem_of(op, options.sizes, options.measure.threads, options.target, options.measure.layouts)),
        start_(Clock::now()) {}

  Tuned run() {
    Known known;
    result_.run = new_run_id();
    if (store_) {
      const std::string knowledge = options_.fresh ? "" : knowledge_of(*store_, problem_);
      known = known_from(knowledge, *store_, problem_, space_);
      store_->begin(problem_, {result_.run, problem_.key(), options_.seed, options_.budget_s, utc_now(), "", lathe_version(),
                               llvm_version(), knowledge});
    }
    const std::unique_ptr<Measurer> machine = make_(problem_);
    const Model model = [&](const Candidate& candidate) { return rank(*machine, candidate); };
    Search search(space_, {.seed = options_.seed, .first_form = options_.first_form, .model = model}, std::move(known.start),
                  std::move(known.tried));
    try {
      result_.ended = loop(search, *machine);
      if (!search.incumbent()) {
        throw Error(ErrorCode::no_measurement, {.step = "tune", .what = "no schedule of " + problem_.op + " could be measured",
                                                .got = last_failure_.empty() ? "no time" : last_failure_, .need = "a kernel that runs"});
      }
      confirm(search);
      if (store_) store_->end(result_.run, result_.ended);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::store_full || !search.incumbent()) throw;
      result_.ended = error.what();                         // what was found is still worth showing
      if (!winner_ && !result_.confirmed) winner_ = *search.incumbent();
    }
    finish();
    return std::move(result_);
  }

 private:
  double elapsed() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  double search_seconds() const {
    const double usual = std::min(options_.budget_s * kConfirmPart, kConfirmMost);
    return options_.budget_s - std::clamp(kConfirmTimes * first_seconds_, usual, std::max(options_.budget_s * kConfirmLimit, usual));
  }

  std::optional<Modelled> rank(Measurer& machine, const Candidate& candidate) {
    bool refused = false;
    const Modelled model = machine.rank(candidate, std::max(search_seconds() - elapsed(), 0.0), &refused);
    if (!refused) return model;
    ++progress_.counts[static_cast<size_t>(Outcome::refused)];
    return std::nullopt;
  }

  std::string loop(Search& search, Measurer& machine) {
    for (;;) {
      if (options_.stop && options_.stop()) return "stopped";
      const double left = search_seconds() - elapsed();
      if (left <= 0 && search.incumbent()) return "time";
      if (options_.most_trials > 0 && progress_.trials >= options_.most_trials) return "trials";
      const std::optional<Candidate> candidate = search.next();
      if (!candidate) return "converged";
      const double began = elapsed();
      const std::optional<Measured> measured = machine.measure(*candidate, left);
      rest(elapsed() - began);
      if (!measured) return "time";
      keep(*candidate, *measured, false);
      if (!search.incumbent()) last_failure_ = fmt::format("{}: {}", name_of(measured->outcome), measured->detail);
      const bool first = !search.incumbent();
      if (search.tell(*candidate, {measured->outcome, measured->ratio})) {
        machine.accept(*candidate);
        take(*candidate, *measured, first);
      }
      report(false);
    }
  }

  void rest(double busy) const {
    const double seconds = std::min(busy * (1 / options_.cpu_share - 1), search_seconds() - elapsed());
    if (seconds > 0) std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  }

  // The new incumbent.
  void take(const Candidate& candidate, const Measured& measured, bool first) {
    if (first) {
      constructed_ = candidate;
      first_seconds_ = elapsed();
      progress_.constructed_us = measured.us;
    } else {
      speedup_ *= measured.ratio;
    }
    progress_.best_us = measured.us;
    progress_.speedup = speedup_;
  }

  void keep(const Candidate& candidate, const Measured& measured, bool confirmed) {
    ++progress_.counts[static_cast<size_t>(measured.outcome)];
    const int64_t number = progress_.trials++;
    if (!store_) return;
    const double speedup = confirmed ? measured.ratio : speedup_ * measured.ratio;
    store_->add({result_.run, number, lathe::print(candidate.trace), lathe::print(candidate.decided()), measured.outcome, measured.detail,
                 measured.us, measured.ratio, measured.outcome == Outcome::good ? speedup : 0, measured.samples_us, confirmed});
  }

  void report(bool now) {
    if (store_ && (now || elapsed() - committed_at_ >= kCommitSeconds)) {
      store_->commit();
      committed_at_ = elapsed();
      progress_.committed = progress_.trials;
    }
    progress_.seconds_left = std::max(options_.budget_s - elapsed(), 0.0);
    if (options_.progress) options_.progress(progress_);
  }

  double confirm_seconds() const { return result_.ended == "stopped" ? kConfirmMost : options_.budget_s - elapsed(); }

  // A process that has seen no candidate, with the constructed schedule as its incumbent; null where that does not run.
  std::unique_ptr<Measurer> fresh_machine(Measured* constructed) {
    std::unique_ptr<Measurer> machine = make_(problem_);
    if (confirm_seconds() > kThoroughFrom) machine->be_thorough();
    const Candidate usual = space_.at_any_sizes(*constructed_);
    const auto measured = machine->measure(usual, confirm_seconds());
    if (!measured || measured->outcome != Outcome::good) return nullptr;
    machine->accept(usual);
    *constructed = *measured;
    return machine;
  }

  // The best ones, as they would be kept, beside the constructed schedule as `compile` has it untuned, in a fresh
  // process, until one is faster there; and in a second one, where there is time: processes differ in where code and
  // data lie.
  void confirm(const Search& search) {
    winner_ = *search.incumbent();
    if (is_usual(*winner_) || confirm_seconds() <= 0) return report(true);
    const double began = elapsed();
    Measured before, elsewhere;
    const std::unique_ptr<Measurer> machine = fresh_machine(&before);
    if (!machine) return report(true);
    for (const Candidate& candidate : search.best()) {
      if (is_usual(candidate)) break;
      result_.confirmed = false;
      auto after = machine->measure(candidate.kept(), confirm_seconds());
      if (!after) return report(true);  // the time is over: what the search believed holds
      const bool is_time = confirm_seconds() > elapsed() - began;
      if (const auto second = is_time && after->ratio >= kWorth ? fresh_machine(&elsewhere) : nullptr) {
        const auto again = second->measure(candidate.kept(), confirm_seconds());
        if (again && again->ratio < after->ratio) after = again;
      }
      keep(candidate, *after, true);
      result_.confirmed = after->outcome == Outcome::good;
      if ((!result_.confirmed && after->outcome != Outcome::noisy) || after->ratio < kWorth) continue;
      winner_ = candidate;
      progress_.speedup = after->ratio;
      progress_.constructed_us = before.us;
      progress_.best_us = after->us;
      return report(true);
    }
    winner_.reset();  // what the search believed was noise
    result_.confirmed = true;
    progress_.speedup = 1;
    progress_.constructed_us = progress_.best_us = before.us;
    report(true);
  }

  // The constructed schedule, not even told the sizes.
  bool is_usual(const Candidate& candidate) const {
    return !candidate.at_sizes && candidate.name() == constructed_->name();
  }

  void finish() {
    result_.constructed = space_.at_any_sizes(*constructed_).decided();
    const bool only_sizes = winner_ && winner_->name() == constructed_->name();
    if (!winner_ || (only_sizes && !result_.confirmed)) winner_ = space_.at_any_sizes(*constructed_);
    result_.schedule = winner_->decided();
    if (winner_->at_sizes) result_.schedule = with_variants_first({result_.schedule}, result_.constructed);
    result_.trace = lathe::print(winner_->trace);
    result_.constructed_us = progress_.constructed_us;
    result_.us = progress_.best_us;
    result_.speedup = progress_.speedup;
    result_.last = progress_;
  }

  const TuneOptions& options_;
  Store* const store_;
  const MakeMeasurer& make_;
  const Space space_;
  const Problem problem_;
  const Clock::time_point start_;
  std::optional<Candidate> constructed_;                    // or the simpler one that runs
  std::optional<Candidate> winner_;
  double speedup_ = 1;                                      // of the incumbent
  double committed_at_ = 0;
  double first_seconds_ = 0;                                // until a fresh process had measured something
  std::string last_failure_;
  Progress progress_;
  Tuned result_;
};

}  // namespace

Tuned tune(const Operator& op, const TuneOptions& options, Store* store, const MakeMeasurer& make) {
  return Tuning(op, options, store, make).run();
}

Tuned tune(const Operator& op, const TuneOptions& options, Store* store) {
  return tune(op, options, store, [&](const Problem& problem) { return worker_measurer(problem, options.measure); });
}

}  // namespace lathe::tuner
