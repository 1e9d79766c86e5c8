// Halide leaves open what Lathe defines: signed overflow of 32 and 64 bits (computed in unsigned integers here), min
// and max of NaN (selects), shifts by the width, conversions of floats that do not fit. Its integer division leaves a
// remainder that is never negative, Lathe's one that has the divisor's sign. Its mathematical functions lose denormals,
// infinities and NaN: an oracle calls the C library's, as everyone does where Halide has no operator.
#include "interop/halide/scalar.h"

#include <cmath>

namespace lathe {
namespace {

using Halide::cast;
using Halide::Expr;
using Halide::reinterpret;
using Halide::select;

Expr number(const Halide::Type& type, int64_t value) { return Halide::Internal::make_const(type, value); }
Expr zero_of(const Expr& e) { return number(e.type(), 0); }

bool overflows_undefined(const Halide::Type& type) { return type.is_int() && type.bits() >= 32; }
Halide::Type unsigned_of(const Halide::Type& type) { return Halide::UInt(type.bits()); }

// Modulo 2^bits.
template <class Compute>
Expr wrapping(const Expr& a, const Expr& b, const Compute& compute) {
  const Halide::Type type = a.type();
  if (!overflows_undefined(type)) return compute(a, b);
  return reinterpret(type, compute(reinterpret(unsigned_of(type), a), reinterpret(unsigned_of(type), b)));
}

Expr sum(const Expr& a, const Expr& b) {
  return wrapping(a, b, [](const Expr& x, const Expr& y) { return x + y; });
}
Expr difference(const Expr& a, const Expr& b) {
  return wrapping(a, b, [](const Expr& x, const Expr& y) { return x - y; });
}
Expr product(const Expr& a, const Expr& b) {
  return wrapping(a, b, [](const Expr& x, const Expr& y) { return x * y; });
}

// Halide refuses to divide by the constant 0, as round(0) becomes one: times infinity is the same.
Expr quotient(const Expr& a, const Expr& b) {
  const Expr divisor = Halide::Internal::simplify(b);
  const auto* zero = divisor.as<Halide::Internal::FloatImm>();
  if (!zero || zero->value != 0) return a / b;
  return a * Halide::Internal::make_const(a.type(), std::copysign(HUGE_VAL, zero->value));
}

// Halide's -a is 0 - a, which gives 0 for 0.
Expr negated(const Expr& a) {
  const Halide::Type bits = unsigned_of(a.type());
  const Expr sign = Halide::Internal::make_const(bits, uint64_t{1} << (bits.bits() - 1));
  return reinterpret(a.type(), reinterpret(bits, a) ^ sign);
}

// A function of C's mathematical library, under the name that the element type has there.
Expr library_call(const std::string& name, const std::vector<Expr>& args) {
  const Halide::Type type = args[0].type();
  return Halide::Internal::Call::make(type, type.bits() == 32 ? name + "f" : name, args,
                                      Halide::Internal::Call::PureExtern);
}

// The smallest signed number by -1 wraps, and would stop the machine.
Expr wrapping_floor_div(const Expr& a, const Expr& b) {
  if (!overflows_undefined(a.type())) return floor_div(a, b);
  const Expr minus_one = b == number(b.type(), -1);
  return select(minus_one, difference(zero_of(a), a), floor_div(a, select(minus_one, number(b.type(), 1), b)));
}

Expr wrapping_floor_mod(const Expr& a, const Expr& b) {
  if (!overflows_undefined(a.type())) return floor_mod(a, b);
  const Expr minus_one = b == number(b.type(), -1);
  return select(minus_one, zero_of(a), floor_mod(a, select(minus_one, number(b.type(), 1), b)));
}

Expr shifted(const Expr& a, const Expr& by, bool left) {
  const Halide::Type type = a.type(), bits = unsigned_of(type);
  const Expr last = number(by.type(), type.bits() - 1);
  const Expr amount = cast(bits, Halide::clamp(by, zero_of(by), last));
  const Expr inside = by >= zero_of(by) && by <= last;
  if (left) return select(inside, reinterpret(type, reinterpret(bits, a) << amount), zero_of(a));
  if (type.is_uint()) return select(inside, a >> amount, zero_of(a));
  return select(by >= zero_of(by), a >> amount, zero_of(a));  // clamped: the sign
}

// Of e^-|a|, which is at most 1.
Expr sigmoid_of(const Expr& a, const Expr& small) {
  const Expr one = number(a.type(), 1);
  return select(a < zero_of(a), small, one) / (one + small);
}

Expr minus_magnitude(const Expr& a) { return -Halide::abs(a); }

bool is_bool(const Expr& e) { return e.type().is_bool(); }

Expr bitwise(Op op, const std::vector<Expr>& args) {
  const Expr &a = args[0], &b = args.back();
  switch (op) {
    case Op::bit_and:
      return is_bool(a) ? a && b : a & b;
    case Op::bit_or:
      return is_bool(a) ? a || b : a | b;
    case Op::bit_xor:
      return is_bool(a) ? a != b : a ^ b;
    default:
      return is_bool(a) ? !a : ~a;
  }
}

// Those where the two languages agree on every value.
Expr common_op(Op op, const std::vector<Expr>& args) {
  const Expr &a = args[0], &b = args.back();
  const bool is_float = a.type().is_float();
  switch (op) {
    case Op::bit_and:
    case Op::bit_or:
    case Op::bit_xor:
    case Op::bit_not:
      return bitwise(op, args);
    case Op::popcount:
      return Halide::popcount(a);
    case Op::eq:
      return a == b;
    case Op::ne:
      return a != b;
    case Op::lt:
      return a < b;
    case Op::le:
      return a <= b;
    case Op::gt:
      return a > b;
    case Op::ge:
      return a >= b;
    case Op::select:
      return select(a, args[1], b);
    case Op::floor:
      return is_float ? Halide::floor(a) : a;
    case Op::ceil:
      return is_float ? Halide::ceil(a) : a;
    case Op::round:
      return is_float ? Halide::round(a) : a;
    case Op::sqrt:
      return Halide::sqrt(a);
    case Op::rsqrt:
      return quotient(number(a.type(), 1), Halide::sqrt(a));
    case Op::reciprocal:
      return quotient(number(a.type(), 1), a);
    case Op::exp2:
      return library_call("exp2", args);
    case Op::log2:
      return library_call("log2", args);
    case Op::bits_of:
      return reinterpret(Halide::Int(a.type().bits()), a);
    case Op::float_of_bits:
      return reinterpret(Halide::Float(a.type().bits()), a);
    default:
      internal_error("Halide", "an operator that has no translation");
  }
}

Expr exact_op(Op op, const std::vector<Expr>& args) {
  const Expr &a = args[0], &b = args.back();
  const bool is_float = a.type().is_float();
  switch (op) {
    case Op::add:
      return sum(a, b);
    case Op::sub:
      return difference(a, b);
    case Op::mul:
      return product(a, b);
    case Op::div:
      return is_float ? quotient(a, b) : wrapping_floor_div(a, b);
    case Op::mod:
      return is_float ? a - Halide::floor(quotient(a, b)) * b : wrapping_floor_mod(a, b);
    case Op::min:
      return is_float ? select(a < b || Halide::is_nan(a), a, b) : Halide::min(a, b);
    case Op::max:
      return is_float ? select(b < a || Halide::is_nan(a), a, b) : Halide::max(a, b);
    case Op::min_number:
      return is_float ? select(a < b || Halide::is_nan(b), a, b) : Halide::min(a, b);
    case Op::max_number:
      return is_float ? select(b < a || Halide::is_nan(b), a, b) : Halide::max(a, b);
    // a <= b may become !(b < a), which is true of NaN.
    case Op::le:
      return is_float ? a < b || a == b : a <= b;
    case Op::gt:
      return is_float ? b < a : a > b;
    case Op::ge:
      return is_float ? b < a || a == b : a >= b;
    case Op::fma:
      return is_float ? library_call("fma", args) : sum(product(a, args[1]), b);
    case Op::neg:
      return is_float ? negated(a) : difference(zero_of(a), a);
    case Op::abs:
      return is_float ? Halide::abs(a) : a.type().is_uint() ? a : reinterpret(a.type(), Halide::abs(a));
    case Op::shift_left:
      return shifted(a, b, true);
    case Op::shift_right:
      return shifted(a, b, false);
    case Op::exp:
    case Op::log:
    case Op::sin:
    case Op::cos:
    case Op::tanh:
    case Op::erf:
    case Op::pow:
      return library_call(std::string(info_of(op).name), args);
    case Op::sigmoid:
      return sigmoid_of(a, library_call("exp", {minus_magnitude(a)}));
    default:
      return common_op(op, args);
  }
}

Expr native_op(Op op, const std::vector<Expr>& args) {
  const Expr &a = args[0], &b = args.back();
  switch (op) {
    case Op::add:
      return a + b;
    case Op::sub:
      return a - b;
    case Op::mul:
      return a * b;
    case Op::div:
      return a / b;
    case Op::mod:
      return a % b;
    case Op::min:
    case Op::min_number:
      return Halide::min(a, b);
    case Op::max:
    case Op::max_number:
      return Halide::max(a, b);
    case Op::fma:
      return a * args[1] + b;
    case Op::neg:
      return -a;
    case Op::abs:
      return a.type().is_uint() ? a : cast(a.type(), Halide::abs(a));
    case Op::shift_left:
      return a << b;
    case Op::shift_right:
      return a >> b;
    case Op::exp:
      return Halide::exp(a);
    case Op::log:
      return Halide::log(a);
    case Op::sin:
      return Halide::sin(a);
    case Op::cos:
      return Halide::cos(a);
    case Op::tanh:
      return Halide::tanh(a);
    case Op::sigmoid:
      return sigmoid_of(a, Halide::exp(minus_magnitude(a)));
    case Op::erf:
      return a.type().bits() == 32 ? Halide::erf(a) : library_call("erf", args);
    case Op::pow:
      return Halide::pow(a, b);
    default:
      return common_op(op, args);
  }
}

// Truncates; too large numbers give the ends of the range, NaN 0.
Expr saturating(const Halide::Type& to, const Expr& given) {
  const Halide::Type from = given.type();
  const Expr value = select(Halide::is_nan(given), zero_of(given), given);
  const Expr above = Halide::Internal::make_const(from, std::ldexp(1.0, to.bits() - (to.is_int() ? 1 : 0)));
  const Expr lowest = cast(from, to.min());
  const Expr truncated = cast(to, select(lowest < value && value < above, value, zero_of(value)));
  return select(value < above, select(lowest < value, truncated, to.min()), to.max());
}

}  // namespace

Halide::Type halide_type(DType type) {
  switch (type) {
    case DType::boolean:
      return Halide::Bool();
    case DType::f16:
      return Halide::Float(16);
    case DType::bf16:
      return Halide::BFloat(16);
    default:
      break;
  }
  if (is_float(type)) return Halide::Float(bits_of(type));
  const int bits = is_packed(type) ? 8 : bits_of(type);
  return is_signed(type) ? Halide::Int(bits) : Halide::UInt(bits);
}

Halide::Expr halide_constant(const ExprNode& constant) {
  const Halide::Type type = halide_type(constant.type.dtype);
  if (type.is_float()) return Halide::Internal::make_const(type, constant.float_value);
  if (type.is_uint()) return Halide::Internal::make_const(type, static_cast<uint64_t>(constant.integer_value));
  return number(type, constant.integer_value);
}

Halide::Expr halide_op(Op op, const std::vector<Halide::Expr>& args, Arithmetic arithmetic) {
  return arithmetic == Arithmetic::lathe ? exact_op(op, args) : native_op(op, args);
}

Halide::Expr halide_cast(DType to, DType from, const Halide::Expr& value, Arithmetic arithmetic) {
  const Halide::Type type = halide_type(to);
  if (to == from) return value;
  if (to == DType::boolean) return value != zero_of(value);
  // What is stored only is a number of its arithmetic type first.
  if (is_storage(from))
    return halide_cast(to, arithmetic_type_of(from), cast(halide_type(arithmetic_type_of(from)), value), arithmetic);
  if (arithmetic == Arithmetic::lathe && is_float(from) && is_integer(to)) return saturating(type, value);
  // Halide rounds the bits of a NaN too, which may carry into 0 or infinity.
  if (arithmetic == Arithmetic::lathe && to == bf16) {
    return select(Halide::is_nan(value), Halide::Internal::make_const(type, std::nan("")), cast(type, value));
  }
  return cast(type, value);
}

Halide::Expr floor_div(const Halide::Expr& a, const Halide::Expr& b) {
  if (!a.type().is_int() || Halide::Internal::is_positive_const(b)) return a / b;
  return a / b - select(b < zero_of(b) && a % b != zero_of(a), number(a.type(), 1), zero_of(a));
}

Halide::Expr floor_mod(const Halide::Expr& a, const Halide::Expr& b) {
  if (!a.type().is_int() || Halide::Internal::is_positive_const(b)) return a % b;
  const Halide::Expr rest = a % b;
  return rest + select(b < zero_of(b) && rest != zero_of(a), b, zero_of(a));
}

}  // namespace lathe
