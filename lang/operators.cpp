// The C++ spelling of scalar operators.
#include "lang/expr.h"

namespace lathe {

Expr operator+(const Expr& a, const Expr& b) { return make_op(Op::add, {a, b}); }
Expr operator-(const Expr& a, const Expr& b) { return make_op(Op::sub, {a, b}); }
Expr operator*(const Expr& a, const Expr& b) { return make_op(Op::mul, {a, b}); }
Expr operator/(const Expr& a, const Expr& b) { return make_op(Op::div, {a, b}); }
Expr operator%(const Expr& a, const Expr& b) { return make_op(Op::mod, {a, b}); }
Expr operator-(const Expr& a) { return make_op(Op::neg, {a}); }
Expr operator&(const Expr& a, const Expr& b) { return make_op(Op::bit_and, {a, b}); }
Expr operator|(const Expr& a, const Expr& b) { return make_op(Op::bit_or, {a, b}); }
Expr operator^(const Expr& a, const Expr& b) { return make_op(Op::bit_xor, {a, b}); }
Expr eq(const Expr& a, const Expr& b) { return make_op(Op::eq, {a, b}); }
Expr ne(const Expr& a, const Expr& b) { return make_op(Op::ne, {a, b}); }
Expr lt(const Expr& a, const Expr& b) { return make_op(Op::lt, {a, b}); }
Expr le(const Expr& a, const Expr& b) { return make_op(Op::le, {a, b}); }
Expr gt(const Expr& a, const Expr& b) { return make_op(Op::gt, {a, b}); }
Expr ge(const Expr& a, const Expr& b) { return make_op(Op::ge, {a, b}); }
Expr min(const Expr& a, const Expr& b) { return make_op(Op::min, {a, b}); }
Expr max(const Expr& a, const Expr& b) { return make_op(Op::max, {a, b}); }
Expr min_number(const Expr& a, const Expr& b) { return make_op(Op::min_number, {a, b}); }
Expr max_number(const Expr& a, const Expr& b) { return make_op(Op::max_number, {a, b}); }
Expr select(const Expr& condition, const Expr& yes, const Expr& no) {
  return make_op(Op::select, {condition, yes, no});
}
Expr abs(const Expr& a) { return make_op(Op::abs, {a}); }
Expr sqrt(const Expr& a) { return make_op(Op::sqrt, {a}); }
Expr exp(const Expr& a) { return make_op(Op::exp, {a}); }
Expr popcount(const Expr& a) { return make_op(Op::popcount, {a}); }
Expr cast(DType type, const Expr& a) { return make_cast(type, a); }

}  // namespace lathe
