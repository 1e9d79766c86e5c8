// Expressions of schedules: integer formulas and conditions over sizes, parameters, strides and target facts. They
// have the operators of ops.def, the words `or`, `and`, `not` (binding weaker than any of these), and two calls of their own:
//
//   stride(B, k)   elements between neighbours along a dimension of an argument: its number, or the size that is its
//                  extent in B's declaration; becomes the var "B.stride.0"
//   bytes(Y)       bytes of an argument's elements; becomes their product, 4 * M * N
#pragma once

#include "lang/algorithm.h"
#include "schedules/token_reader.h"

namespace lathe {

struct FormulaScope {
  const Operator* op = nullptr;
  std::vector<std::string> params;                          // of the schedule, declared so far
};

Expr parse_formula(TokenReader& tokens, const FormulaScope& scope);
std::string print_formula(const Expr& e);

}  // namespace lathe
