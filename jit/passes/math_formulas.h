// Mathematical functions as arithmetic on floats and on their bits.
#pragma once

#include "lang/expr.h"
#include "targets/target.h"

namespace lathe {

// What computes the operator `e`, whose operands are variables or constants of any lane count: an expression that shares
// its parts, as the target computes it best: with fused multiply-adds, and powers of two in one instruction, where it has
// them. Undefined for operators that are arithmetic
// already, and for those that stay calls of the C library (f64 but rsqrt, reciprocal and sigmoid).
//
// f32, in units in the last place over all 2^32 operands: see docs/math.md. NaN, infinities, signed zeros and
// denormals come out as in C.
Expr math_formula(const Expr& e, const Target& target);

}  // namespace lathe
