// Scalar operators and conversions of Lathe as expressions of Halide.
#pragma once

#include <Halide.h>

#include "lang/expr.h"

namespace lathe {

// Whose rules hold where the two languages differ: NaN in min and max, overflow, division by zero and by negative
// numbers, shifts by the width, floats too large for an integer.
enum class Arithmetic : uint8_t {
  lathe,   // docs/semantics.md: what an oracle needs
  halide,  // Halide's own operators, as its authors write them: what a peer is timed with
};

Halide::Type halide_type(DType type);  // of packed types: the byte that holds one element
Halide::Expr halide_constant(const ExprNode& constant);
Halide::Expr halide_op(Op op, const std::vector<Halide::Expr>& args, Arithmetic arithmetic);
Halide::Expr halide_cast(DType to, DType from, const Halide::Expr& value, Arithmetic arithmetic);

// floor(a / b) and a - floor(a / b) * b. Halide's own operators are that for a divisor that is not negative.
Halide::Expr floor_div(const Halide::Expr& a, const Halide::Expr& b);
Halide::Expr floor_mod(const Halide::Expr& a, const Halide::Expr& b);

}  // namespace lathe
