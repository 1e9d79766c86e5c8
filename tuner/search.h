// Which candidate to try next. It proposes and is told; it knows no clock, process or file, so that the same seed and the same
// outcomes give the same proposals.
#pragma once

#include <functional>
#include <set>

#include "tuner/space.h"

namespace lathe::tuner {

// What is known of a candidate that was tried.
struct Result {
  Outcome outcome = Outcome::good;
  double ratio = 0;                                         // time of the incumbent / its time
};

// Nothing where lowering refuses the candidate.
using Model = std::function<std::optional<Modelled>(const Candidate&)>;

struct SearchOptions {
  uint64_t seed = 1;
  int patience = 48;                                        // proposals in a row without a gain, once no neighbour is left
  std::string first_form = {};                              // what to start from; "": the constructed schedule
  Model model = {};                                         // none: candidates are tried in the order of their promise
  double gain = 1.01;                                       // ratio from which a candidate is the new incumbent
};

class Search {
 public:
  // `start`: traces to try first, after the constructed schedule: what is known from elsewhere. `tried`: names of candidates
  // that need no trial any more.
  Search(const Space& space, SearchOptions options, std::vector<Trace> start = {}, std::set<std::string> tried = {});

  // The next candidate; nothing where the search has converged. The first is the constructed schedule, or one simpler than it
  // where that is refused.
  std::optional<Candidate> next();
  // Whether it is the incumbent from now on.
  bool tell(const Candidate& candidate, const Result& result);

  const std::optional<Candidate>& incumbent() const { return incumbent_; }
  std::vector<Candidate> best() const;  // the incumbent, then the others that were faster than the first: fastest first

 private:
  struct Credit {                                           // of a decision's name without its Func
    double gain = 0;
    int tried = 0;
  };
  // A candidate that waits for its trial, with what the model says of it.
  struct Ranked {
    Candidate candidate;
    Modelled model;
  };
  void refill();
  std::optional<Candidate> proposal();
  std::optional<Ranked> ranked(Candidate candidate);
  double score(const Ranked& ranked) const;
  void learn(const Candidate& candidate, double ratio);
  double promise(const Trace& trace) const;
  std::vector<std::string> changed(const Trace& trace) const;
  std::optional<Candidate> fresh(const Trace& trace);
  std::optional<Candidate> evolved();

  const Space& space_;
  const SearchOptions options_;
  Random random_;
  std::vector<Trace> waiting_;                              // the next one last
  std::vector<Ranked> pool_;                                // of which the best is tried next
  size_t pool_size_ = 1;                                    // that it is filled up to
  std::set<std::string> programs_;                          // of candidates that were proposed
  double incumbent_cycles_ = 0, last_cycles_ = 0;           // of the incumbent, of the last proposal
  std::map<std::string, Credit> correction_;                // of the model, by answer: logarithms of time
  std::set<std::string> tried_;
  std::optional<Candidate> incumbent_;
  std::vector<std::pair<double, Candidate>> elite_;         // by speed relative to the first incumbent
  std::map<std::string, Credit> credit_;
  double speed_ = 1;                                        // of the incumbent, relative to the first
  int idle_ = 0;
  size_t forms_ = 0, start_ = 0;                            // forms proposed; traces from elsewhere that are left
};

}  // namespace lathe::tuner
