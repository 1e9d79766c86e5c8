// An explanation (tuner/explain.h) as sentences and as JSON.
#pragma once

#include <string>
#include <vector>

#include "analysis/count_ops.h"
#include "tools/choice.h"
#include "tuner/explain.h"

namespace lathe::tools {

struct Explained {
  Chosen chosen;
  std::map<std::string, int64_t> sizes;
  tuner::Explanation kernel;
  Work work;  // that the formula asks for, at these sizes
};

// `sizes`: "M=7,N=33". `alternatives`: whether other decisions are counted.
Explained explained(const Chosen& chosen, const std::string& sizes, bool alternatives);

std::string text_of(const Explained& e);
std::string json_text(const std::vector<Explained>& all);  // an array

// Shared by both: what stands in a sentence.
std::string condition_text(const std::vector<Expr>& conditions);
std::string condition_here(const std::vector<Expr>& conditions, const Explained& e);  // with the numbers of the call
SourceLocation where_is(const std::string& part, const Operator& op);                 // a Func, or one of its updates
// Cycles that the formula needs on its busiest pipe at full width, and the pipe.
std::pair<double, std::string> least_cycles(const Explained& e);
std::string level_that_holds(int64_t bytes, const Target& target);

}  // namespace lathe::tools
