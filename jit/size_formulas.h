// Expressions over sizes as the postfix programs that the run time evaluates.
#pragma once

#include <optional>

#include "jit/runtime/kernel.h"
#include "lang/expr.h"

namespace lathe {

// Names stand for their positions in `names`. Nothing where the expression names something else, or has an operator
// that formulas have not.
std::optional<SizeFormula> size_formula(const Expr& e, const std::vector<std::string>& names);

}  // namespace lathe
