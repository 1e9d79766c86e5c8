// The library under each of Halide's autoschedulers for CPUs. Each trial has a process of its own: an autoscheduler that fails may
// end it, and one may search for very long.
#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <map>
#include <memory>

#include "tests/fuzz/program/child.h"
#include "tests/halide/verbs.h"

namespace lathe::halide {
namespace {

const std::vector<std::string> autoschedulers = {"Mullapudi2016", "Adams2019", "Li2018"};

using Clock = std::chrono::steady_clock;
// A child may wait so long for a second of CPU time, as other work slows it; one that waits for itself takes none.
constexpr std::chrono::seconds waits_a_second{20};

constexpr const char* head = R"(# The library under Halide's autoschedulers

Written by `./dev halide autoschedulers --out FILE`; [docs/halide.md](../../docs/halide.md) says what the words mean.

)";

// One operator under one of them: a word or two for the table, and what Halide says.
struct Outcome {
  std::string word = "stopped", message;
};

std::FILE* out_of_child = nullptr;

void tell(const std::string& word, const std::string& message) {
  std::fprintf(out_of_child, "%s\t%s\n", word.c_str(), one_line(message).c_str());
  std::fflush(out_of_child);
}

// Halide throws out of destructors too: nobody catches that.
[[noreturn]] void tell_last_words() {
  try {
    if (const std::exception_ptr error = std::current_exception()) std::rethrow_exception(error);
  } catch (const Halide::Error& error) {
    tell("fails", message_of(error));
  } catch (...) {
    tell("fails", "an exception without a message");
  }
  _exit(0);
}

void try_one(std::FILE* out, const Operator& op, const TrialOptions& options, int seconds) {
  out_of_child = out;
  std::set_terminate(tell_last_words);
  setenv("HL_DEBUG_CODEGEN", "1", 0);                       // with it Halide says where an internal error is from
  limit_cpu_seconds(seconds);
  const Trial trial = run_trial(op, options);
  if (!trial.refusals.empty()) {
    tell("fails", trial.refusals.front().parts().got);
  } else if (!trial.differences.empty()) {
    tell("differs", trial.differences.front());
  } else if (trial.elements == 0) {
    tell(trial.too_small > 0 ? "too small" : "nothing", "");
  } else {
    tell("agrees", "");
  }
}

// The children that run at a time, and what they found.
class Trials {
 public:
  Trials(const std::vector<Operator>& operators, const AutoschedulerOptions& options)
      : operators_(operators), options_(options), lanes_(static_cast<size_t>(options.jobs)) {}

  // By operator, then by autoscheduler.
  std::vector<std::vector<Outcome>> run() {
    outcomes_.assign(operators_.size(), std::vector<Outcome>(autoschedulers.size()));
    while (true) {
      std::vector<pollfd> waiting;
      for (Lane& lane : lanes_) {
        if (!lane.child && next_ < operators_.size() * autoschedulers.size()) start(lane);
        waiting.push_back({lane.child ? lane.child->descriptor() : -1, POLLIN, 0});
      }
      if (std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return !lane.child; })) return std::move(outcomes_);
      poll(waiting.data(), waiting.size(), 1000);
      for (size_t i = 0; i < lanes_.size(); ++i) {
        if (lanes_[i].child && waiting[i].revents != 0) serve(lanes_[i]);
        if (lanes_[i].child && Clock::now() - lanes_[i].since > waits_a_second * options_.seconds) lanes_[i].child->kill_now();
      }
    }
  }

 private:
  struct Lane {
    std::unique_ptr<Child> child;
    size_t number = 0;
    Clock::time_point since;
  };

  const Operator& op_of(size_t number) const { return operators_[number / autoschedulers.size()]; }
  const std::string& autoscheduler_of(size_t number) const { return autoschedulers[number % autoschedulers.size()]; }
  Outcome& outcome_of(size_t number) { return outcomes_[number / autoschedulers.size()][number % autoschedulers.size()]; }

  void start(Lane& lane) {
    lane.number = next_++;
    lane.since = Clock::now();
    TrialOptions options = options_.trial;
    options.autoscheduler = autoscheduler_of(lane.number);
    lane.child = std::make_unique<Child>(
        [&, number = lane.number](std::FILE* out) { try_one(out, op_of(number), options, options_.seconds); });
  }

  void serve(Lane& lane) {
    Outcome& outcome = outcome_of(lane.number);
    const auto take = [&](const std::string& line) {
      const size_t tab = line.find('\t');
      outcome = {line.substr(0, tab), many_lines(line.substr(tab + 1))};
    };
    if (lane.child->read_some(take)) return;
    const std::string how = lane.child->end();
    if (outcome.word == "stopped") outcome.message = how;
    if (how.find("CPU time") != std::string::npos || how.find("Killed") != std::string::npos)
      outcome = {"too long", fmt::format("no end after {} s of CPU time", options_.seconds)};
    fmt::print(stderr, "{:<24} {:<14} {} {}\n", op_of(lane.number).name, autoscheduler_of(lane.number), outcome.word,
               outcome.message);
    lane.child.reset();
  }

  const std::vector<Operator>& operators_;
  const AutoschedulerOptions& options_;
  std::vector<Lane> lanes_;
  std::vector<std::vector<Outcome>> outcomes_;
  size_t next_ = 0;
};

std::string page_of(const std::vector<Operator>& operators, const std::vector<std::vector<Outcome>>& outcomes) {
  std::string table, messages, totals;
  for (size_t a = 0; a < autoschedulers.size(); ++a) {
    std::map<std::string, int> counts;
    for (const auto& row : outcomes) ++counts[row[a].word];
    totals += fmt::format("{}{}:", a == 0 ? "" : "; ", autoschedulers[a]);
    for (const auto& [word, count] : counts) totals += fmt::format(" {} {}", count, word);
  }
  for (size_t i = 0; i < operators.size(); ++i) {
    table += fmt::format("| {} |", operators[i].name);
    for (size_t a = 0; a < autoschedulers.size(); ++a) {
      const Outcome& outcome = outcomes[i][a];
      table += fmt::format(" {} |", outcome.word);
      if (!outcome.message.empty())
        messages += fmt::format("- {}, {}: `{}`\n", operators[i].name, autoschedulers[a], outcome.message);
    }
    table += "\n";
  }
  return fmt::format("{}.\n\n| operator | {} | {} | {} |\n|---|---|---|---|\n{}\n{}", totals, autoschedulers[0],
                     autoschedulers[1], autoschedulers[2], table, messages);
}

}  // namespace

int try_autoschedulers(const std::vector<std::string>& names, const AutoschedulerOptions& options) {
  std::vector<Operator> operators;
  for (const Operator& op : library()) {
    if (names.empty() || std::find(names.begin(), names.end(), op.name) != names.end())
      operators.push_back(with_static_params(op, {}));
  }
  const std::vector<std::vector<Outcome>> outcomes = Trials(operators, options).run();
  const std::string page = page_of(operators, outcomes);
  if (options.out.empty())
    fmt::print("{}", page);
  else
    std::ofstream(options.out) << head << page;
  for (const auto& row : outcomes) {
    for (const Outcome& outcome : row) {
      if (outcome.word == "differs") return 1;
    }
  }
  return operators.empty() ? 1 : 0;
}

}  // namespace lathe::halide
