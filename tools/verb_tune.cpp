// lathe tune: searches for a better schedule, with a progress line, and says what it found.
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "lang/oracle.h"
#include "tools/bound.h"
#include "tools/choice.h"
#include "tools/files.h"
#include "tools/verbs.h"
#include "tuner/describe.h"
#include "tuner/jobs.h"
#include "tuner/replay.h"
#include "tuner/tune.h"
#include "tuner/tuned.h"

namespace lathe::tools {
namespace {

struct TuneVerbOptions {
  Choice choice;
  std::string budget, store, csv, replay, job;
  std::vector<std::string> constants, frees;                // arguments whose layout is searched
  uint64_t seed = 1;
  int64_t trials = 0, store_mb = 0, memory_mb = 4096;
  double cpu_share = 1;
  bool fresh = false, cold = false;
};

std::atomic<int> interrupts = 0;

// The first Ctrl-C ends the search, a second one the process.
void end_on_interrupt() {
  struct sigaction action {};
  action.sa_handler = [](int) {
    if (interrupts.fetch_add(1) > 0) _exit(130);
  };
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

double budget_of(const std::string& text) {
  const auto seconds = tuner::seconds_in(text);
  if (!seconds) wrong_use("--budget", text, "a time such as 30s, 10m or 8h");
  return *seconds;
}

tuner::Layouts layouts_of(const TuneVerbOptions& verb, const Operator& op) {
  tuner::Layouts layouts;
  const auto add = [&](const std::vector<std::string>& names, tuner::LayoutRight right) {
    for (const std::string& name : names) {
      std::vector<std::string> known;
      for (const TensorArgument& t : tensor_arguments(op)) if (right == tuner::LayoutRight::free || t.is_input) known.push_back(t.name);
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        wrong_use("an argument whose layout is free or constant", name, fmt::format("one of {}", fmt::join(known, ", ")));
      }
      layouts[name] = right;
    }
  };
  add(verb.frees, tuner::LayoutRight::free);
  add(verb.constants, tuner::LayoutRight::constant);
  return layouts;
}

// The least time that the formula can take at these sizes on this machine.
double bound_us(const Operator& op, const tuner::Sizes& sizes, const Target& target, int threads) {
  Work work = count_work(op, sizes);
  MachineRates machine;
  for (Pipe pipe : pipes_of(work)) machine.instructions_per_ns[pipe] = measure_pipe_rate(pipe, target, threads);
  machine.bandwidth = measure_bandwidth(std::max<int64_t>(work.bytes, 4096), threads);
  return bound_of(work, machine, target).us;
}

// A line that writes over itself on a terminal; elsewhere one for each commit.
class ProgressLine {
 public:
  explicit ProgressLine(double bound) : bound_(bound), terminal_(isatty(2) == 1) {}

  void show(const tuner::Progress& p) {
    if (!terminal_ && p.committed == shown_) return;
    shown_ = p.committed;
    std::string text = fmt::format("{:.0f} s left, {} trials ({} kept), best {:.2f} us, {:.2f} times as fast as constructed",
                                   p.seconds_left, p.trials, p.committed, p.best_us, p.speedup);
    if (p.best_us > 0) text += fmt::format(", {:.2f} of the bound", bound_ / p.best_us);
    text += tuner::failures(p.counts);
    fmt::print(stderr, "{}{}{}", terminal_ ? "\r\x1b[K" : "", text, terminal_ ? "" : "\n");
    std::fflush(stderr);
  }
  void end() const {
    if (terminal_) fmt::print(stderr, "\n");
  }

 private:
  double bound_;
  bool terminal_;
  int64_t shown_ = -1;
};

// Whether a recorded run comes to the same decisions.
int replay(const TuneVerbOptions& verb, const Chosen& chosen, const tuner::Store& store, const std::string& sizes) {
  const tuner::Layouts layouts = layouts_of(verb, chosen.fixed);
  const auto problem = tuner::problem_of(chosen.fixed, sizes_of(chosen.fixed, sizes), verb.choice.threads, chosen.target, layouts);
  tuner::MeasureOptions options;
  options.worker = {"/proc/self/exe", "tune-worker"};
  options.target = verb.choice.target;
  options.threads = verb.choice.threads;
  options.layouts = layouts;
  const auto machine = tuner::worker_measurer(problem, options);
  const tuner::Model model = [&](const tuner::Candidate& candidate) -> std::optional<tuner::Modelled> {
    bool refused = false;
    const tuner::Modelled model = machine->rank(candidate, 60, &refused);
    return refused ? std::nullopt : std::optional(model);
  };
  const std::string parts =
      tuner::replay(tuner::Space(chosen.fixed, chosen.target, verb.choice.threads, layouts, problem.sizes), store,
                    verb.replay, problem, model);
  fmt::print("{}\n", parts.empty() ? "the same decisions" : parts);
  return parts.empty() ? good : refused;
}

// One operator at one combination of sizes.
class Tuning {
 public:
  Tuning(const TuneVerbOptions& verb, const Choice& choice, const std::string& sizes, tuner::Store* store)
      : verb_(verb), choice_(choice), chosen_(choose(choice)), sizes_(sizes_of(chosen_.fixed, sizes)),
        layouts_(layouts_of(verb, chosen_.fixed)), store_(store) {}

  const tuner::Tuned& run(double seconds) {
    if (bound_ == 0) bound_ = bound_us(chosen_.fixed, sizes_, chosen_.target, choice_.threads);
    tuner::TuneOptions options;
    options.sizes = sizes_;
    options.target = chosen_.target;
    options.budget_s = seconds;
    options.seed = verb_.seed;
    options.most_trials = verb_.trials;
    options.fresh = verb_.fresh;
    options.cpu_share = verb_.cpu_share;
    options.measure.worker = {"/proc/self/exe", "tune-worker"};
    options.measure.target = choice_.target;
    options.measure.threads = choice_.threads;
    options.measure.cold = verb_.cold;
    options.measure.run_params = chosen_.run_params;
    options.measure.layouts = layouts_;
    options.measure.memory_bytes = verb_.memory_mb << 20;
    options.stop = [] { return interrupts.load() > 0; };
    ProgressLine line(bound_);
    options.progress = [&](const tuner::Progress& p) { line.show(p); };
    latest_ = tuner::tune(chosen_.fixed, options, store_);
    line.end();
    // What a fresh process saw counts more than what a later turn had no time to confirm.
    const bool keeps_last = !latest_.confirmed && (tuned_.confirmed || tuned_.speedup > latest_.speedup);
    if (!keeps_last) tuned_ = latest_;
    tuner::leave_for_compile(chosen_.fixed, chosen_.target, problem(), *store_);
    if (!verb_.csv.empty()) add_to_csv();
    return latest_;
  }

  void print_summary() const {
    fmt::print("# {}: {:.2f} us, {:.2f} times as fast as the constructed schedule ({:.2f} us), {:.2f} of the bound\n", name(), tuned_.us,
               tuned_.speedup, tuned_.constructed_us, of_bound());
    fmt::print("# {} trials{}; ended: {}; {}; run {}\n", tuned_.last.trials, tuner::failures(tuned_.last.counts), tuned_.ended,
               tuned_.confirmed ? "measured again in a fresh process" : "not measured again", tuned_.run);
    const int64_t unsettled = tuned_.last.counts[static_cast<size_t>(tuner::Outcome::noisy)];
    if (2 * unsettled > tuned_.last.trials) {
      fmt::print("# this machine is too noisy: {} of {} times did not settle\n", unsettled, tuned_.last.trials);
    }
    const tuner::Space space(chosen_.fixed, chosen_.target, choice_.threads, layouts_);
    std::vector<std::string> differences = tuner::differences(space, tuned_.trace);
    if (tuned_.trace.empty() && tuned_.speedup > 1)
      differences = {"the usual decisions, made for calls at these sizes alone"};
    for (const std::string& line : differences) fmt::print("# {}\n", line);
    fmt::print("{}", print(tuned_.schedule));
  }

  nlohmann::json json() const {
    nlohmann::json counts;
    for (size_t i = 0; i < tuner::outcome_count; ++i) {
      counts[std::string(tuner::name_of(static_cast<tuner::Outcome>(i)))] = tuned_.last.counts[i];
    }
    return {{"operator", chosen_.op.name}, {"sizes", size_text(chosen_.fixed, sizes_)}, {"time_us", tuned_.us},
            {"constructed_us", tuned_.constructed_us}, {"speedup", tuned_.speedup}, {"bound_us", bound_},
            {"confirmed", tuned_.confirmed}, {"ended", tuned_.ended}, {"run", tuned_.run}, {"trials", tuned_.last.trials},
            {"outcomes", counts}, {"trace", tuned_.trace}, {"schedule", print(tuned_.schedule)}};
  }

  // Where nothing could be measured.
  nlohmann::json json_of_failure(const std::string& why) const {
    return {{"operator", chosen_.op.name}, {"sizes", size_text(chosen_.fixed, sizes_)}, {"error", why}};
  }

  std::string name() const { return chosen_.op.name + " at " + size_text(chosen_.fixed, sizes_); }
  double of_bound() const { return tuned_.us > 0 ? bound_ / tuned_.us : 0; }

 private:
  tuner::Problem problem() const {
    return tuner::problem_of(chosen_.fixed, sizes_, choice_.threads, chosen_.target, layouts_);
  }

  // One row for each sample of the run.
  void add_to_csv() const {
    const bool begun = std::filesystem::exists(verb_.csv);
    std::ofstream out(verb_.csv, std::ios::app);
    if (!begun) out << "operator,sizes,run,trial,outcome,confirmed,sample,us\n";
    const tuner::Problem tuned = problem();
    for (const tuner::Trial& t : store_->trials(tuned.key())) {
      for (size_t i = 0; t.run == latest_.run && i < t.samples_us.size(); ++i) {
        out << fmt::format("{},\"{}\",{},{},{},{},{},{}\n", tuned.op, tuner::print(tuned.sizes), t.run, t.number,
                           tuner::name_of(t.outcome), t.confirmed, i, t.samples_us[i]);
      }
    }
    if (out) return;
    throw Error(ErrorCode::bad_file, {.step = "tune", .what = "cannot write " + verb_.csv, .got = "a failure of the system",
                                      .need = "a file that can be written"});
  }

  const TuneVerbOptions& verb_;
  const Choice choice_;
  const Chosen chosen_;
  const tuner::Sizes sizes_;
  const tuner::Layouts layouts_;
  tuner::Store* const store_;
  double bound_ = 0;
  tuner::Tuned latest_, tuned_;  // of the last turn; of the one that is shown
};

int tune_operator(const TuneVerbOptions& verb, tuner::Store* store) {
  Choice choice = verb.choice;
  choice.schedule = "naive";                                // the search constructs its own
  std::vector<std::string> texts = choice.sizes;
  if (texts.empty()) texts.push_back("");
  if (!verb.replay.empty()) return replay(verb, choose(choice), *store, texts.front());
  const double each_s = budget_of(verb.budget) / static_cast<double>(texts.size());
  nlohmann::json rows = nlohmann::json::array();
  for (const std::string& text : texts) {
    Tuning tuning(verb, choice, text, store);
    tuning.run(each_s);
    if (choice.json) rows.push_back(tuning.json());
    if (!choice.json) tuning.print_summary();
    if (interrupts.load() > 0) break;
  }
  if (choice.json) fmt::print("{}\n", rows.dump(2));
  return good;
}

// A job: turns, each to where most is expected, and all summaries at the end. What cannot be measured costs the others nothing
// but its turns.
int tune_job(const TuneVerbOptions& verb, tuner::Store* store) {
  const tuner::Job job = tuner::parse_job(read_file(verb.job, "tune"), verb.job);
  const double budget = budget_of(verb.budget.empty() ? job.budget : verb.budget);
  const auto start = std::chrono::steady_clock::now();
  const auto left = [&] { return budget - std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  std::vector<std::unique_ptr<Tuning>> all;
  std::vector<double> weights;
  for (const tuner::JobItem& item : job.items) {
    Choice choice = verb.choice;
    choice.schedule = "naive";
    choice.spec = item.op;
    choice.sets = item.sets;
    choice.threads = job.threads;
    all.push_back(std::make_unique<Tuning>(verb, choice, item.sizes, store));
    weights.push_back(item.weight);
  }
  tuner::Shares shares(weights, budget);
  std::vector<double> best(all.size(), 0);
  std::vector<std::string> failure(all.size(), "no time");
  for (auto turn = shares.next(left()); turn && interrupts.load() == 0; turn = shares.next(left())) {
    fmt::print(stderr, "{}: {:.0f} s, expected gain {:.0f} %\n", all[turn->item]->name(), turn->seconds, 100 * turn->expected_gain);
    try {
      const tuner::Tuned& tuned = all[turn->item]->run(turn->seconds);
      const double gain = best[turn->item] > 0 && tuned.us > 0 ? best[turn->item] / tuned.us : tuned.speedup;
      best[turn->item] = tuned.us;
      shares.tell(turn->item, gain, all[turn->item]->of_bound(), tuned.ended == "converged");
    } catch (const Error& error) {
      if (error.code() == ErrorCode::store_full) throw;
      failure[turn->item] = error.what();
      fmt::print(stderr, "{}: {}\n", all[turn->item]->name(), error.what());
      shares.tell_nothing(turn->item);
    }
  }
  nlohmann::json rows = nlohmann::json::array();
  int code = good;
  for (size_t i = 0; i < all.size(); ++i) {
    const bool failed = best[i] == 0;
    if (failed && interrupts.load() == 0) code = refused;
    if (verb.choice.json) rows.push_back(failed ? all[i]->json_of_failure(failure[i]) : all[i]->json());
    else if (failed) fmt::print("# {}: nothing could be measured: {}\n", all[i]->name(), failure[i]);
    else all[i]->print_summary();
  }
  if (verb.choice.json) fmt::print("{}\n", rows.dump(2));
  return code;
}

int run_tune(TuneVerbOptions verb) {
  if (verb.choice.spec.empty() == verb.job.empty()) {
    wrong_use("lathe tune takes an operator or a job", verb.job.empty() ? "neither" : "both", "FILE[:op], or --job FILE");
  }
  const std::string path = verb.store.empty() ? tuner::default_store_path() : verb.store;
  const auto store = tuner::open_store(path, verb.replay.empty() ? tuner::StoreUse::write : tuner::StoreUse::read, verb.store_mb << 20);
  end_on_interrupt();
  if (!verb.job.empty()) return tune_job(verb, store.get());
  if (verb.budget.empty()) verb.budget = "30s";
  return tune_operator(verb, store.get());
}

}  // namespace

Action add_tune(CLI::App& app) {
  auto options = std::make_shared<TuneVerbOptions>();
  add_operator_options(app, options->choice);
  app.get_option("operator")->required(false);
  app.add_option("--job", options->job, "a TOML file that lists operators and sizes: docs/tuning.md");
  add_size_options(app, options->choice);
  app.add_option("--target", options->choice.target, "instruction set; the host's own if not given");
  add_thread_option(app, options->choice);
  app.add_option("--budget", options->budget, "time for all sizes together, such as 30s, 10m or 8h; 30s, or what the job says");
  app.add_option("--store", options->store, "the file of records; $LATHE_STORE or the user's own if not given");
  app.add_option("--seed", options->seed, "of all random choices")->capture_default_str();
  app.add_option("--trials", options->trials, "the most candidates; 0 for no limit")->capture_default_str();
  app.add_flag("--fresh", options->fresh, "do not go on from what the store knows");
  app.add_option("--replay", options->replay, "a recorded run: tells whether the search comes to the same decisions");
  app.add_option("--constant", options->constants, "an input that is the same at every call: its layout is searched, and converted once")
      ->allow_extra_args(false);
  app.add_option("--free", options->frees, "an argument whose layout may change: its conversion counts")->allow_extra_args(false);
  app.add_flag("--cold", options->cold, "rotate over arguments larger than the last cache");
  app.add_option("--csv", options->csv, "a file for the raw samples of the run");
  app.add_option("--cpu-share", options->cpu_share, "the part of the time in which candidates run")->check(CLI::Range(0.01, 1.0));
  app.add_option("--store-limit", options->store_mb, "the most MiB that the store may take; 0 for no limit");
  app.add_option("--memory", options->memory_mb, "MiB that a candidate may use")->check(CLI::PositiveNumber)->capture_default_str();
  return [options] { return run_tune(*options); };
}

}  // namespace lathe::tools
