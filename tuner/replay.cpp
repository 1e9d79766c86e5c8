#include "tuner/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/error.h"

namespace lathe::tuner {

namespace {

using nlohmann::json;

constexpr size_t kStarts = 3;                               // traces of other sizes and machines: worth a try, not trusted

}  // namespace

std::string knowledge_of(const Store& store, const Problem& problem) {
  std::vector<std::pair<double, std::string>> starts;
  if (const auto own = best_trial(store, problem.key())) starts.emplace_back(1e9, own->trace);
  for (const Problem& other : store.problems()) {
    if (other.op != problem.op || other.key() == problem.key()) continue;
    if (const auto best = best_trial(store, other.key())) starts.emplace_back(best->speedup, best->trace);
  }
  std::stable_sort(starts.begin(), starts.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  json knowledge = {{"start", json::array()}, {"trials", json::object()}};
  for (size_t i = 0; i < starts.size() && i < kStarts; ++i) knowledge["start"].push_back(starts[i].second);
  const std::vector<Trial> trials = store.trials(problem.key());
  for (const Run& run : store.runs(problem.key())) {
    if (run.lathe != lathe_version() || run.llvm != llvm_version()) continue;
    knowledge["trials"][run.id] = std::count_if(trials.begin(), trials.end(), [&](const Trial& t) { return t.run == run.id; });
  }
  return knowledge.dump();
}

Known known_from(const std::string& knowledge, const Store& store, const Problem& problem, const Space& space) {
  Known known;
  if (knowledge.empty()) return known;
  const json told = json::parse(knowledge);
  for (const Trial& t : store.trials(problem.key())) {
    const int64_t count = told.at("trials").value(t.run, int64_t{0});
    if (t.number < count && t.outcome != Outcome::noisy) known.tried.insert(space.candidate(parse_trace(t.trace)).name());
  }
  for (const std::string trace : told.at("start")) {
    known.start.push_back(parse_trace(trace));
    known.tried.erase(space.candidate(known.start.back()).name());
  }
  return known;
}

std::string replay(const Space& space, const Store& store, const std::string& run, const Problem& problem, const Model& model) {
  for (const Run& r : store.runs(problem.key())) {
    if (r.id != run) continue;
    Known known = known_from(r.knew, store, problem, space);
    Search search(space, {.seed = r.seed, .model = model}, std::move(known.start), std::move(known.tried));
    for (const Trial& t : store.trials(problem.key())) {
      if (t.run != run || t.confirmed) continue;
      const auto candidate = search.next();
      const std::string proposed = candidate ? lathe::print(candidate->trace) : "nothing";
      if (!candidate || proposed != t.trace) return fmt::format("trial {} was '{}', now '{}'", t.number, t.trace, proposed);
      search.tell(*candidate, {t.outcome, t.ratio});
    }
    return "";
  }
  throw Error(ErrorCode::wrong_use, {.step = "tune", .what = "the store has no such run", .got = run,
                                     .need = "a run of this operator at these sizes, as `lathe store show` prints it"});
}

}  // namespace lathe::tuner
