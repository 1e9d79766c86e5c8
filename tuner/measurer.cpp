#include "tuner/measurer.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "support/error.h"

namespace lathe::tuner {

namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr double kPrepareSeconds = 120;                     // the oracle works out what must come out
constexpr double kNoTime = 0.01;                            // what waiting for an answer is late by
constexpr double kChallenge = 1.005;                        // ratio from which a candidate may be the next incumbent
constexpr size_t kMostLoaded = 48;                          // kernels in a worker
constexpr int kStarts = 3;                                  // of a worker that somebody killed before it was ready

class WorkerMeasurer : public Measurer {
 public:
  WorkerMeasurer(Problem problem, MeasureOptions options) : problem_(std::move(problem)), options_(std::move(options)) {}

  std::optional<Measured> measure(const Candidate& candidate, double seconds_left) override {
    end_ = Clock::now() + std::chrono::microseconds(static_cast<int64_t>(seconds_left * 1e6));
    if ((!worker_ || !worker_->alive()) && !start()) return std::nullopt;
    Measured result;
    const std::string text = candidate.text();
    if (!loaded_.count(text)) {
      if (!load(candidate, options_.load_seconds, result)) return cut_off(result);
      make_room();
      loaded_.insert(text);
    }
    if (!candidate.params.empty() &&
        !ask({{"do", "check"}, {"schedule", text}, {"params", candidate.params}}, options_.load_seconds, result)) {
      return cut_off(result);
    }
    if (time(incumbent_ ? *incumbent_ : candidate, candidate, result) && result.ratio > kChallenge && first_)
      challenge(candidate, result);
    return cut_off(result);
  }

  void be_thorough() override { thorough_ = true; }

  void accept(const Candidate& candidate) override {
    if (!first_) first_ = candidate;
    incumbent_ = candidate;
    incumbent_speed_ = speed_;
  }

  Modelled rank(const Candidate& candidate, double seconds_left, bool* refused) override {
    end_ = Clock::now() + std::chrono::microseconds(static_cast<int64_t>(seconds_left * 1e6));
    if (left() <= 0 || ((!worker_ || !worker_->alive()) && !start())) return {};
    Measured result;
    ask({{"do", "rank"}, {"schedule", candidate.text()}, {"params", candidate.all_params}}, options_.rank_seconds, result);
    *refused = result.outcome == Outcome::refused;
    if (!result.model.program.empty()) result.model.program += lathe::tuner::print(candidate.all_params);
    return result.model;
  }

 private:
  double left() const { return std::chrono::duration<double>(end_ - Clock::now()).count(); }

  // False where the answer is not good. A schedule for all sizes is checked at some, which the worker works out before.
  bool load(const Candidate& c, double seconds, Measured& result) {
    if (!c.at_sizes && !knows_sizes_) {
      knows_sizes_ = ask({{"do", "sizes"}}, kPrepareSeconds, result);
      if (!knows_sizes_) return false;
    }
    return ask({{"do", "load"}, {"schedule", c.text()}, {"all_sizes", !c.at_sizes}}, seconds, result);
  }

  static json contestant(const Candidate& c) { return {{"schedule", c.text()}, {"params", c.params}}; }

  // False where the answer is not good, and the result says why.
  bool time(const Candidate& against, const Candidate& candidate, Measured& result) {
    const double seconds = std::clamp(left(), 0.0, options_.time_seconds);
    return ask({{"do", "time"},
                {"incumbent", contestant(against)},
                {"candidate", contestant(candidate)},
                {"seconds", seconds}},
               seconds + options_.hang_seconds, result) &&
           result.outcome == Outcome::good;
  }

  // What seems to be faster is timed once more, beside the first incumbent of all: of many candidates that are no
  // faster some seem to be, and the product of what they seem to gain would be believed.
  void challenge(const Candidate& candidate, Measured& result) {
    Measured again;
    if (!time(*first_, candidate, again)) {
      result.outcome = again.outcome, result.detail = again.detail;
      return;
    }
    speed_ = again.ratio;
    result.ratio = std::min(result.ratio, speed_ / incumbent_speed_);
  }

  // A failure because the tuner's time was over is none of the candidate's.
  std::optional<Measured> cut_off(Measured result) const {
    if (result.outcome == Outcome::hang && left() <= 0) return std::nullopt;
    return result;
  }

  // False where the time was over before.
  bool start() {
    Measured failure;
    for (int i = 0; i < kStarts; ++i) {
      const char* what = "the worker cannot prepare ";
      failure = {};
      worker_ = std::make_unique<WorkerProcess>(options_.worker);
      loaded_.clear();
      knows_sizes_ = false;
      bool ready = ask(preparation(), kPrepareSeconds, failure);
      for (const auto& [text, candidate] : kept()) {
        if (!ready) break;
        what = "the incumbent fails in a new worker for ";
        ready = load(*candidate, kPrepareSeconds, failure);
        loaded_.insert(text);
      }
      if (ready) return true;
      if (left() < kNoTime) return false;
      const bool died = !worker_ || (!worker_->alive() && failure.outcome != Outcome::hang);
      if (!died || i + 1 == kStarts) {
        throw Error(ErrorCode::no_measurement, {.step = "tune",
                                                .what = what + problem_.op + " at " + print(problem_.sizes),
                                                .got = fmt::format("{}: {}", name_of(failure.outcome), failure.detail),
                                                .need = "a kernel that runs"});
      }
    }
    return false;
  }

  json preparation() const {
    std::map<std::string, int> layouts;
    for (const auto& [argument, right] : options_.layouts) layouts[argument] = static_cast<int>(right);
    return {{"do", "prepare"},
            {"layouts", layouts},
            {"algorithm", problem_.algorithm},
            {"sizes", problem_.sizes},
            {"threads", options_.threads},
            {"target", options_.target},
            {"cold", options_.cold},
            {"thorough", thorough_},
            {"run_params", options_.run_params},
            {"memory_bytes", options_.memory_bytes}};
  }

  // False where the answer is not good.
  bool ask(const json& request, double seconds, Measured& result) {
    if (!worker_) {
      result.outcome = Outcome::crash;
      return false;
    }
    const Answer answer = worker_->ask(request.dump(), std::min(seconds, left()));
    if (answer.ended) {
      result.outcome = *answer.ended;
      result.detail = answer.detail;
      return false;
    }
    try {
      const json j = json::parse(answer.line);
      result.outcome = outcome_named(j.at("outcome").get<std::string>()).value_or(Outcome::crash);
      result.detail = j.value("detail", "");
      result.us = j.value("us", 0.0);
      result.ratio = j.value("ratio", 0.0);
      result.model = {j.value("cycles", 0.0), j.value("program", "")};
      result.samples_us = j.value("samples_us", std::vector<double>{});
      if (j.value("ended", false)) worker_.reset();
    } catch (const json::exception& e) {
      worker_.reset();                                      // what follows may be none either
      result.outcome = Outcome::crash;
      result.detail = fmt::format("an answer that is none: {}", e.what());
    }
    return result.outcome == Outcome::good || result.outcome == Outcome::noisy;
  }

  void make_room() {
    if (loaded_.size() < kMostLoaded) return;
    Measured ignored;
    const auto needed = kept();
    for (const std::string& text : loaded_) {
      if (!needed.count(text)) ask({{"do", "drop"}, {"schedule", text}}, options_.hang_seconds, ignored);
    }
    std::erase_if(loaded_, [&](const std::string& text) { return !needed.count(text); });
  }

  // What others are timed beside, by text.
  std::map<std::string, const Candidate*> kept() const {
    std::map<std::string, const Candidate*> all;
    for (const auto* candidate : {&first_, &incumbent_})
      if (*candidate) all.emplace((*candidate)->text(), &**candidate);
    return all;
  }

  const Problem problem_;
  const MeasureOptions options_;
  std::unique_ptr<WorkerProcess> worker_;
  std::set<std::string> loaded_;
  bool thorough_ = false, knows_sizes_ = false;
  std::optional<Candidate> first_, incumbent_;
  double speed_ = 1, incumbent_speed_ = 1;  // beside the first: of what was challenged last; of the incumbent
  Clock::time_point end_;
};

}  // namespace

std::unique_ptr<Measurer> worker_measurer(const Problem& problem, const MeasureOptions& options) {
  return std::make_unique<WorkerMeasurer>(problem, options);
}

}  // namespace lathe::tuner
