// What a run of a search was told, so that it can be told again: by the store when it began, and by its trials.
#pragma once

#include "tuner/search.h"
#include "tuner/store.h"

namespace lathe::tuner {

struct Known {
  std::vector<Trace> start;                                 // worth a try first: the best of this problem, of others like it
  std::set<std::string> tried;                              // names of candidates that need no trial
};
// As text, for the record of the run: traces, and how many trials of which runs.
std::string knowledge_of(const Store& store, const Problem& problem);
Known known_from(const std::string& knowledge, const Store& store, const Problem& problem, const Space& space);

// Whether a search that is told the outcomes of the run proposes its trials: "" where it does, else where it parts from them.
// `model`: what the run had.
std::string replay(const Space& space, const Store& store, const std::string& run, const Problem& problem, const Model& model);

}  // namespace lathe::tuner
