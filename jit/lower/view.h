// The algorithm as one variant of a schedule sees it: directives that change definitions, not loops, have been applied.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "jit/lower/layout.h"
#include "lang/algorithm.h"
#include "schedules/schedule.h"

namespace lathe {

// The values that a reduction variable takes, lowest <= r < end, in terms of its Func's other variables. The variable's
// extent in the definition is the hull of all of them.
struct ReductionRange {
  Expr lowest, end;
  SourceLocation where = {};
};
using ReductionRanges = std::map<std::pair<std::string, std::string>, ReductionRange>;   // by Func and variable

struct View {
  Operator op;
  // Argument -> which of its dimensions each dimension of the view takes its stride from.
  std::map<std::string, std::vector<size_t>> strides_from;
  // (input, dimension of the view) -> elements that belong together at a border: an index outside moves by multiples.
  std::map<std::pair<std::string, size_t>, Expr> granule;
  Expr condition;                                           // on strides; undefined: none
  std::map<std::string, Layout> layouts;                    // of inputs and outputs, where the schedule gives them one
  ReductionRanges ranges;                                   // of reduction variables that do not run from 0 to their extent
};

// The input or Func that an argument holds values of.
std::string tensor_of(const Operator& op, const TensorArgument& argument);

View view_of(const Operator& op, const std::map<std::string, Layout>& layouts = {});
// Applies collapse and rfactor in their order. A split whose blocks rfactor sums apart goes out of the list.
View view_of(const Operator& op, const std::map<std::string, Layout>& layouts, std::vector<Directive>& directives);

}  // namespace lathe
