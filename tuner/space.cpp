#include "tuner/space.h"

#include <algorithm>
#include <set>

#include "analysis/simplify.h"
#include "schedules/construct/construct.h"
#include "schedules/formula.h"
#include "schedules/text.h"
#include "tuner/argument_layout.h"
#include "tuner/executed.h"
#include "tuner/one_variant.h"

namespace lathe::tuner {

namespace {

constexpr int64_t kEveryStep = 16;                          // numbers of so few values are tried one by one
constexpr const char* kParam = "param.";

// Other answers to a decision. Of a number those near the one taken: any extent is one, not only divisors.
std::vector<std::string> others(const Decision& d) {
  std::vector<std::string> answers;
  if (!d.is_number()) {
    for (const std::string& option : d.options) if (option != d.taken) answers.push_back(option);
    return answers;
  }
  const int64_t taken = std::stoll(d.taken);
  std::set<int64_t> values{taken * 2, taken / 2, std::stoll(d.usual)};
  if (d.highest - d.lowest <= kEveryStep) {
    values.insert({taken + 1, taken - 1, taken + 2, taken - 2});
  } else {
    values.insert({taken + taken / 2, taken - taken / 3, taken * 4, taken / 4});
  }
  for (const int64_t value : values) {
    if (value != taken && value >= d.lowest && value <= d.highest) answers.push_back(std::to_string(value));
  }
  return answers;
}

const Decision* find(const std::vector<Decision>& decisions, const std::string& name) {
  for (const Decision& d : decisions) if (d.name == name) return &d;
  return nullptr;
}

Trace with(Trace trace, const Decision& d, const std::string& answer) {
  if (answer == d.usual) {
    trace.erase(d.name);
  } else {
    trace[d.name] = answer;
  }
  return trace;
}

Schedule with_values(Schedule schedule, const Sizes& params) {
  Substitution values;
  for (const auto& [name, value] : params) values.emplace_back(name, Expr(value));
  schedule.params.clear();
  return substitute(schedule, values);
}

size_t below(Random& random, size_t bound) { return static_cast<size_t>(random() % bound); }

}  // namespace

std::string Candidate::text() const { return print(taken ? *taken : schedule); }

Candidate Candidate::kept() const {
  Candidate ready = *this;
  if (at_sizes) {
    ready.taken = decided();
    ready.params.clear();
  } else {
    ready.taken.reset();
  }
  return ready;
}

Schedule Candidate::decided() const {
  if (at_sizes) return with_values(*taken, all_params);
  Schedule result = schedule;
  for (ScheduleParam& p : result.params) {
    if (const auto value = params.find(p.name); value != params.end()) p.formula = Expr(value->second);
  }
  return result;
}

std::string Candidate::name() const { return text() + print(params); }

Candidate Space::candidate(const Trace& trace) const {
  Trace wishes = fixed_;
  wishes.insert(trace.begin(), trace.end());
  Decisions decisions(wishes);
  Candidate made;
  Operator seen = op_;
  std::vector<ArgumentLayout> layouts;
  for (const auto& [argument, right] : layouts_)
    seen = layouts.emplace_back(op_, argument, right, decisions).seen(std::move(seen));
  made.schedule = construct_schedule(seen, target_, decisions);
  bool lies_otherwise = false;
  for (const ArgumentLayout& layout : layouts) {
    lies_otherwise = layout.write(made.schedule, seen, target_, decisions) || lies_otherwise;
  }
  for (const ScheduleParam& p : made.schedule.params) {
    const Expr formula = simplify(substitute(p.formula, values_of_facts(target_)));
    int64_t usual = p.lowest;
    is_integer_constant(formula, &usual);
    usual = std::clamp(usual, p.lowest, p.highest);
    const int64_t taken = decisions.number(kParam + p.name, usual, p.lowest, p.highest);
    if (taken != usual) made.params[p.name] = taken;
    made.all_params[p.name] = taken;
  }
  if (lies_otherwise) {  // whether a block of terms ends where a digit of a layout does is seen from numbers alone
    made.schedule = with_values(std::move(made.schedule), made.all_params);
    made.params.clear();
  }
  made.trace = decisions.trace();
  made.decisions = decisions.made();
  // A layout is that of all calls, so that all of them need code for it.
  if (sizes_.empty() || !layouts_.empty()) return at_any_sizes(std::move(made));
  made.taken = variant_at(made.schedule, variant_of(made), op_, sizes_);
  made.at_sizes = true;
  return made;
}

size_t Space::variant_of(const Candidate& candidate) const {
  Sizes scalars = scalars_of(op_, sizes_);
  scalars.insert(candidate.all_params.begin(), candidate.all_params.end());
  return variant_taken(candidate.schedule, target_, scalars);
}

Candidate Space::at_any_sizes(Candidate candidate) const {
  candidate.at_sizes = false;
  if (!sizes_.empty()) candidate.taken = one_variant(candidate.schedule, variant_of(candidate));
  return candidate;
}

// Threads make no difference where there is one.
bool Space::matters(const Decision& decision) const {
  return !fixed_.count(decision.name) && (threads_ != 1 || !decision.name.ends_with(".threads"));
}

std::vector<Trace> Space::neighbours(const Candidate& candidate) const {
  std::vector<Trace> traces;
  for (const Decision& d : candidate.decisions) {
    if (!matters(d)) continue;
    for (const std::string& answer : others(d)) traces.push_back(with(candidate.trace, d, answer));
  }
  return traces;
}

Trace Space::mutated(const Candidate& candidate, int changes, Random& random) const {
  Trace trace = candidate.trace;
  for (int i = 0; i < changes && !candidate.decisions.empty(); ++i) {
    const Decision& d = candidate.decisions[below(random, candidate.decisions.size())];
    const std::vector<std::string> answers = others(d);
    if (!answers.empty() && matters(d)) trace = with(std::move(trace), d, answers[below(random, answers.size())]);
  }
  return trace;
}

Trace Space::mixed(const Candidate& a, const Candidate& b, Random& random) const {
  Trace trace;
  for (const Decision& d : a.decisions) {
    const Decision* other = find(b.decisions, d.name);
    const std::string answer = other && below(random, 2) == 1 ? other->taken : d.taken;
    trace = with(std::move(trace), d, answer);
  }
  return trace;
}

}  // namespace lathe::tuner
