// `By.collapse(x, c, xc)`: two neighbouring dimensions of a Func, of what it reads and of what reads it, become one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lang/algorithm.h"
#include "schedules/schedule.h"

namespace lathe {

// The algorithm as a variant sees it.
struct View {
  Operator op;
  // Argument -> which of its dimensions each dimension of the view takes its stride from.
  std::map<std::string, std::vector<size_t>> strides_from;
  // (input, dimension of the view) -> elements that belong together at a border: an index outside moves by multiples.
  std::map<std::pair<std::string, size_t>, Expr> granule;
  Expr condition;                                           // on strides; undefined: none
};

View view_of(const Operator& op);
// Applies every collapse directive. Refuses (Error{illegal_schedule}) where the two indices do not stand side by side, as
// x + constant and c, in every read.
View collapsed_view(const Operator& op, const std::vector<Directive>& directives);

}  // namespace lathe
