// Descent, then evolution. The neighbours of the incumbent stand in a queue, those first whose kind of change has gained most
// so far; a new incumbent makes a new queue. When none is left, candidates are mutations and mixtures of the best ones. Of a few
// candidates at the head the model chooses: predicted cycles, corrected by how far it was off for the same answers before.
#include "tuner/search.h"

#include <algorithm>
#include <cmath>

#include "schedules/construct/construct.h"

namespace lathe::tuner {

namespace {

constexpr size_t kElite = 6;
constexpr size_t kFirstPool = 4, kPool = 16;  // candidates that the model chooses from: after a gain, later
constexpr double kPrior = 2;                                // trials that a correction of 0 counts as
constexpr int kDraws = 40;                                  // at random, until one is new
constexpr double kUntried = 0.02;                           // gain that a kind of change is trusted with before it is tried
// Kinds of change that move a kernel far, most first: what a small budget is spent on.
constexpr const char* kFar[] = {"cut",   "dimensions", "vectors", "tile.rows",  "tile.vectors",
                                "order", "place",      "vector",  "rows.steps", "form"};

std::string kind_of_change(const std::string& name) {
  const size_t dot = name.find('.');
  return dot == std::string::npos || name.rfind("param.", 0) == 0 ? name : name.substr(dot + 1);
}

}  // namespace

Search::Search(const Space& space, SearchOptions options, std::vector<Trace> start, std::set<std::string> tried)
    : space_(space), options_(options), random_(options.seed), waiting_(std::move(start)), tried_(std::move(tried)) {
  std::reverse(waiting_.begin(), waiting_.end());
}

// Names of the decisions in which a trace differs from the incumbent's.
std::vector<std::string> Search::changed(const Trace& trace) const {
  std::vector<std::string> names;
  for (const auto& [name, answer] : trace) {
    const auto other = incumbent_->trace.find(name);
    if (other == incumbent_->trace.end() || other->second != answer) names.push_back(name);
  }
  for (const auto& [name, answer] : incumbent_->trace) if (!trace.count(name)) names.push_back(name);
  return names;
}

double Search::promise(const Trace& trace) const {
  double best = 0;
  for (const std::string& name : changed(trace)) {
    const std::string kind = kind_of_change(name);
    double prior = kUntried;
    for (size_t i = 0; i < std::size(kFar); ++i) if (kind == kFar[i]) prior = kUntried * 2 - 0.001 * static_cast<double>(i);
    const auto known = credit_.find(kind);
    const double tried = known == credit_.end() ? 0 : known->second.tried, gain = known == credit_.end() ? 0 : known->second.gain;
    best = std::max(best, (prior + gain) / (1 + tried));
  }
  return best;
}

void Search::refill() {
  for (const Ranked& r : pool_) tried_.erase(r.candidate.name());
  pool_.clear();
  pool_size_ = kFirstPool;
  waiting_ = space_.neighbours(*incumbent_);
  for (size_t i = waiting_.size(); i > 1; --i) std::swap(waiting_[i - 1], waiting_[random_() % i]);
  std::vector<std::pair<double, Trace>> ranked;
  for (Trace& t : waiting_) ranked.emplace_back(promise(t), std::move(t));
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  waiting_.clear();
  for (auto& [promise, trace] : ranked) waiting_.push_back(std::move(trace));
}

std::optional<Candidate> Search::fresh(const Trace& trace) {
  Candidate made = space_.candidate(trace);
  if (!tried_.insert(made.name()).second) return std::nullopt;
  return made;
}

std::optional<Candidate> Search::evolved() {
  for (int draw = 0; draw < kDraws; ++draw) {
    const Candidate& a = elite_[random_() % elite_.size()].second;
    const bool mix = elite_.size() > 1 && random_() % 2 == 0;
    Trace trace = mix ? space_.mixed(a, elite_[random_() % elite_.size()].second, random_)
                      : space_.mutated(a, 2 + static_cast<int>(random_() % 2), random_);
    if (auto made = fresh(trace)) return made;
  }
  return std::nullopt;
}

std::optional<Search::Ranked> Search::ranked(Candidate candidate) {
  if (!options_.model) return Ranked{std::move(candidate), {}};
  auto model = options_.model(candidate);
  if (!model || programs_.count(model->program)) return std::nullopt;
  return Ranked{std::move(candidate), std::move(*model)};
}

// The logarithm of its time against the incumbent's, as far as that can be told; less what its kind of change promises.
double Search::score(const Ranked& ranked) const {
  double predicted =
      ranked.model.cycles > 0 && incumbent_cycles_ > 0 ? std::log(ranked.model.cycles / incumbent_cycles_) : 0;
  for (const std::string& name : changed(ranked.candidate.trace)) {
    const auto answer = ranked.candidate.trace.find(name);
    const auto known = correction_.find(name + "=" + (answer == ranked.candidate.trace.end() ? "" : answer->second));
    if (known != correction_.end()) predicted += known->second.gain / (known->second.tried + kPrior);
  }
  return predicted - promise(ranked.candidate.trace);
}

void Search::learn(const Candidate& candidate, double ratio) {
  if (last_cycles_ <= 0 || incumbent_cycles_ <= 0) return;
  const std::vector<std::string> names = changed(candidate.trace);
  const double off = -std::log(ratio) - std::log(last_cycles_ / incumbent_cycles_);
  for (const std::string& name : names) {
    const auto answer = candidate.trace.find(name);
    Credit& credit = correction_[name + "=" + (answer == candidate.trace.end() ? "" : answer->second)];
    credit.gain += off / static_cast<double>(names.size());
    ++credit.tried;
  }
}

// The next candidate that was not tried, in the order of promise; then evolved ones.
std::optional<Candidate> Search::proposal() {
  while (!waiting_.empty()) {
    const Trace trace = std::move(waiting_.back());
    waiting_.pop_back();
    if (auto made = fresh(trace)) return made;
  }
  if (idle_ >= options_.patience || elite_.empty()) return std::nullopt;
  ++idle_;
  return evolved();
}

std::optional<Candidate> Search::next() {
  if (!incumbent_) {                                        // the simplest form is always legal
    const std::vector<Decision> usual = space_.candidate({}).decisions;
    const auto form = std::find_if(usual.begin(), usual.end(), [](const Decision& d) { return d.name == "form"; });
    const std::vector<std::string>& forms = form->options;
    if (const auto wanted = std::find(forms.begin(), forms.end(), options_.first_form); wanted != forms.end() && forms_ == 0) {
      forms_ = static_cast<size_t>(wanted - forms.begin());
    }
    if (forms_ >= forms.size()) return std::nullopt;
    Candidate first = space_.candidate({{"form", forms[forms_++]}});
    tried_.insert(first.name());
    return first;
  }
  const size_t wanted = options_.model && start_ == 0 ? pool_size_ : 1;
  pool_size_ = std::min(pool_size_ + 1, kPool);
  if (start_ > 0) --start_;
  while (pool_.size() < wanted) {
    auto made = proposal();
    if (!made) break;
    if (auto with_cycles = ranked(std::move(*made))) pool_.push_back(std::move(*with_cycles));
  }
  if (pool_.empty()) return std::nullopt;
  const auto best = std::min_element(pool_.begin(), pool_.end(), [&](const Ranked& a, const Ranked& b) { return score(a) < score(b); });
  Ranked chosen = std::move(*best);
  pool_.erase(best);
  last_cycles_ = chosen.model.cycles;
  if (!chosen.model.program.empty()) {  // whoever is the same waits in vain
    programs_.insert(chosen.model.program);
    std::erase_if(pool_, [&](const Ranked& r) { return r.model.program == chosen.model.program; });
  }
  return std::move(chosen.candidate);
}

bool Search::tell(const Candidate& candidate, const Result& result) {
  if (!incumbent_) {
    if (result.outcome != Outcome::good && result.outcome != Outcome::noisy) return false;
    incumbent_ = candidate;
    elite_ = {{1, candidate}};
    if (options_.model) {
      const Modelled first = options_.model(candidate).value_or(Modelled());
      incumbent_cycles_ = first.cycles;
      if (!first.program.empty()) programs_.insert(first.program);
    }
    const std::vector<Trace> start = std::move(waiting_);
    refill();
    waiting_.insert(waiting_.end(), start.begin(), start.end());
    start_ = start.size();
    return true;
  }
  const double gain = result.outcome == Outcome::good ? std::max(std::log(result.ratio), 0.0) : 0;
  for (const std::string& name : changed(candidate.trace)) {
    Credit& credit = credit_[kind_of_change(name)];
    ++credit.tried;
    credit.gain += gain;
  }
  if (result.outcome != Outcome::good) return false;
  learn(candidate, result.ratio);
  elite_.emplace_back(speed_ * result.ratio, candidate);
  std::stable_sort(elite_.begin(), elite_.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  if (elite_.size() > kElite) elite_.resize(kElite);
  if (result.ratio < options_.gain) return false;
  speed_ *= result.ratio;
  incumbent_ = candidate;
  incumbent_cycles_ = last_cycles_;
  idle_ = 0;
  refill();
  return true;
}

std::vector<Candidate> Search::best() const {
  std::vector<Candidate> all;
  if (incumbent_) all.push_back(*incumbent_);
  for (const auto& [speed, candidate] : elite_) {
    if (speed > 1 && candidate.name() != all.front().name()) all.push_back(candidate);
  }
  return all;
}

}  // namespace lathe::tuner
