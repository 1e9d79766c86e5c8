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
Expr operator~(const Expr& a) { return make_op(Op::bit_not, {a}); }
Expr operator<<(const Expr& a, const Expr& b) { return make_op(Op::shift_left, {a, b}); }
Expr operator>>(const Expr& a, const Expr& b) { return make_op(Op::shift_right, {a, b}); }
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
Expr fma(const Expr& a, const Expr& b, const Expr& c) { return make_op(Op::fma, {a, b, c}); }
Expr abs(const Expr& a) { return make_op(Op::abs, {a}); }
Expr floor(const Expr& a) { return make_op(Op::floor, {a}); }
Expr ceil(const Expr& a) { return make_op(Op::ceil, {a}); }
Expr round(const Expr& a) { return make_op(Op::round, {a}); }
Expr sqrt(const Expr& a) { return make_op(Op::sqrt, {a}); }
Expr rsqrt(const Expr& a) { return make_op(Op::rsqrt, {a}); }
Expr reciprocal(const Expr& a) { return make_op(Op::reciprocal, {a}); }
Expr exp(const Expr& a) { return make_op(Op::exp, {a}); }
Expr exp2(const Expr& a) { return make_op(Op::exp2, {a}); }
Expr log(const Expr& a) { return make_op(Op::log, {a}); }
Expr log2(const Expr& a) { return make_op(Op::log2, {a}); }
Expr sin(const Expr& a) { return make_op(Op::sin, {a}); }
Expr cos(const Expr& a) { return make_op(Op::cos, {a}); }
Expr tanh(const Expr& a) { return make_op(Op::tanh, {a}); }
Expr sigmoid(const Expr& a) { return make_op(Op::sigmoid, {a}); }
Expr erf(const Expr& a) { return make_op(Op::erf, {a}); }
Expr bits_of(const Expr& a) { return make_op(Op::bits_of, {a}); }
Expr float_of_bits(const Expr& a) { return make_op(Op::float_of_bits, {a}); }
Expr pow(const Expr& a, const Expr& b) { return make_op(Op::pow, {a, b}); }
Expr popcount(const Expr& a) { return make_op(Op::popcount, {a}); }
Expr cast(DType type, const Expr& a) { return make_cast(type, a); }

}  // namespace lathe
