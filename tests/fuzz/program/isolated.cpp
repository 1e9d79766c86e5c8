// Children write lines to a pipe: "at SEED" before a case, then what it covered that was new, and what came of it. The last
// "at" of a child that died names the case that killed it.
#include "tests/fuzz/program/isolated.h"

#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <sstream>

#include "tests/fuzz/program/child.h"

namespace lathe {
namespace {

constexpr double seconds_a_case = 60;                       // of its process's CPU time: other work slows it, but changes nothing
constexpr uint64_t cases_a_child = 200;                     // then a fresh one: memory of what compiled stays small

void run_cases(std::FILE* out, uint64_t first, uint64_t step, const CaseOptions& options) {
  Coverage told;
  for (uint64_t i = 0; i < cases_a_child; ++i) {
    const uint64_t seed = first + i * step;
    std::fprintf(out, "at %llu\n", static_cast<unsigned long long>(seed));
    std::fflush(out);
    const Trial trial = random_case(seed, options);
    Coverage coverage;
    const Verdict verdict = run(trial, &coverage);
    coverage = coverage.without(told);
    told.merge(coverage);
    std::fprintf(out, "covered %s\n", coverage.text().c_str());
    std::fprintf(out, "done %d %d %lld %s\n", static_cast<int>(verdict.outcome), trial.broken,
                 static_cast<long long>(verdict.skipped), one_line(verdict.message).c_str());
  }
}

// One of several children that share the seeds: those that are `lane` modulo the number of lanes.
struct Lane {
  std::unique_ptr<Child> child;
  std::vector<CoveragePair> missing = {};                   // when the child began
  uint64_t next = 0;                                        // seed of a new child
  uint64_t now = 0;                                         // seed of the case that runs
  bool busy = false;                                        // ... where one does
  double since = 0;                                         // CPU time of the child when the case began
};

class Search {
 public:
  Search(int jobs, bool seeks, const CaseOptions& options, const std::function<bool(uint64_t)>& goes_on,
         const std::function<void(const Failure&)>& on_failure)
      : jobs_(static_cast<uint64_t>(jobs)),
        seeks_(seeks),
        options_(options),
        goes_on_(goes_on),
        on_failure_(on_failure) {}

  Tally run(uint64_t first) {
    std::vector<Lane> lanes(jobs_);
    for (uint64_t j = 0; j < jobs_; ++j) lanes[j].next = first + j;
    while (true) {
      std::vector<pollfd> waiting;
      for (Lane& lane : lanes) {
        if (!lane.child && goes_on_(lane.next)) start(lane);
        waiting.push_back({lane.child ? lane.child->descriptor() : -1, POLLIN, 0});
      }
      if (std::all_of(lanes.begin(), lanes.end(), [](const Lane& lane) { return !lane.child; })) return std::move(tally_);
      poll(waiting.data(), waiting.size(), 1000);
      for (size_t j = 0; j < lanes.size(); ++j) {
        if (lanes[j].child) serve(lanes[j], waiting[j].revents != 0);
      }
    }
  }

 private:
  void start(Lane& lane) {
    const uint64_t first = lane.next, step = jobs_;
    CaseOptions options = options_;
    options.missing = lane.missing =
        seeks_ && tally_.cases > 0 ? tally_.coverage.missing() : std::vector<CoveragePair>{};
    lane.child = std::make_unique<Child>([=](std::FILE* out) { run_cases(out, first, step, options); });
    lane.since = 0;
  }

  void serve(Lane& lane, bool readable) {
    const bool open = !readable || lane.child->read_some([&](const std::string& line) { take(lane, line); });
    const bool late = lane.child->cpu_seconds() - lane.since > seconds_a_case;
    const bool wanted = !lane.busy || goes_on_(lane.now);
    if (open && !late && wanted) return;
    if (open) lane.child->kill_now();
    const std::string how = lane.child->end(), report = lane.child->report();
    lane.child.reset();
    if (lane.busy && wanted) {
      on_failure_({lane.now, late ? "the case does not end" : how, report, lane.missing});
      ++tally_.cases;
    }
    lane.busy = false;
  }

  void take(Lane& lane, const std::string& line) {
    lane.since = lane.child->cpu_seconds();
    std::istringstream words(line);
    std::string what;
    words >> what;
    if (what == "at") {
      words >> lane.now;
      lane.next = lane.now + jobs_;
      lane.busy = true;
    } else if (what == "done") {
      int outcome = 0;
      bool broken = false;
      int64_t skipped = 0;
      words >> outcome >> broken >> skipped;
      lane.busy = false;
      ++tally_.cases;
      tally_.broken += broken;
      tally_.skipped_runs += skipped;
      if (static_cast<Outcome>(outcome) == Outcome::refused) ++tally_.refused;
      std::string message;
      std::getline(words, message);
      if (static_cast<Outcome>(outcome) == Outcome::wrong)
        on_failure_({lane.now, many_lines(message), "", lane.missing});
    } else if (what == "covered") {
      tally_.coverage.merge(Coverage::from(line.substr(8)));
    }
  }

  uint64_t jobs_;
  bool seeks_;
  const CaseOptions& options_;
  const std::function<bool(uint64_t)>& goes_on_;
  const std::function<void(const Failure&)>& on_failure_;
  Tally tally_;
};

}  // namespace

Verdict run_isolated(const Trial& trial, int seconds) {
  Child child([&](std::FILE* out) {
    limit_cpu_seconds(seconds);
    const Verdict verdict = run(trial);
    std::fprintf(out, "%d %s\n", static_cast<int>(verdict.outcome), one_line(verdict.message).c_str());
  });
  Verdict verdict{Outcome::wrong, ""};
  bool told = false;
  while (child.read_some([&](const std::string& line) {
    verdict = {static_cast<Outcome>(line[0] - '0'), many_lines(line.substr(2))};
    told = true;
  })) {
  }
  const std::string how = child.end();
  return told ? verdict : Verdict{Outcome::wrong, how};
}

Tally search(uint64_t first, int jobs, bool seeks, const CaseOptions& options,
             const std::function<bool(uint64_t)>& goes_on, const std::function<void(const Failure&)>& on_failure) {
  return Search(jobs, seeks, options, goes_on, on_failure).run(first);
}

}  // namespace lathe
