// Polynomials come from tools/math/coefficients.py. Each function reduces its operand to a short interval, evaluates a
// polynomial there, and puts the parts together; no step branches, so that all lanes take the same path.
//
// Two tricks recur. Adding 1.5 * 2^23 rounds a float to a whole number and leaves that number, modulo 2^22, in the low
// bits: no conversion is needed, and with 127 added a shift by 23 makes it a power of two. And a constant that a whole number multiplies is
// split into parts of few bits, so that the product with the first is exact (W. J. Cody and W. Waite, Software Manual for
// the Elementary Functions, 1980).
#include "jit/passes/math_formulas.h"

#include <initializer_list>
#include <limits>

#include "targets/instruction.h"

namespace lathe {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr int sign_bit = std::numeric_limits<int>::min();
constexpr float to_whole = 0x1.8p23f;                       // adding it rounds to a whole number
constexpr double to_whole_f64 = 0x1.8p52;

Expr magnitude_with_sign_of(const Expr& magnitude, const Expr& sign) {
  return float_of_bits(bits_of(magnitude) | (bits_of(sign) & sign_bit));
}

class Formulas {
 public:
  explicit Formulas(const Target& target) : fused_(target.has_feature("fma")), scales_(has_scaling(target)) {}

  // e^x = 2^k e^r with k = round(x / ln 2).
  Expr exp(const Expr& x) const {
    const Expr bounded = max(min(x, 89.f), -104.f);         // beyond: infinity and 0, by the last product
    if (scales_) return scaled_power(bounded, -104.f);
    const Expr half = half_way(bounded);
    const Expr shifted = mul_add(bounded, log2_e, half);
    return times_power(exp_reduced(bounded, shifted - half), shifted, bounded, -104.f);
  }

  Expr exp2(const Expr& x) const {
    const Expr bounded = max(min(x, 129.f), -151.f);
    const Expr half = scales_ ? Expr(to_whole) : half_way(bounded);
    const Expr shifted = bounded + half;
    const Expr r = bounded - (shifted - half);
    const Expr power = polynomial(r, {0.000153312474f, 0.00133911835f, 0.00961849652f, 0.0555035919f, 0.240226477f,
                                      0.693147182f, 1.f});
    return scales_ ? scaled(above(bounded, -151.f, power), shifted - half) : times_power(power, shifted, bounded, -151.f);
  }

  // log(m 2^e) = e ln 2 + log(1 + f), where 1 + f is between the roots of 1/2 and 2.
  Expr log(const Expr& x) const {
    const Parts parts = parts_of(x);
    const Expr f = parts.fraction, e = parts.exponent, square = f * f;
    const Expr q = polynomial(f, {-0.0763677955f, 0.127623662f, -0.131595537f, 0.142015547f, -0.166234121f,
                                  0.200012431f, -0.250008196f, 0.333333313f});
    const Expr tail = mul_add(square, -0.5f, mul_add(f * square, q, e * ln2_low));
    return logarithm_or_special(x, mul_add(e, ln2_high, f + tail));
  }

  Expr log2(const Expr& x) const {
    const Parts parts = parts_of(x);
    const Expr f = parts.fraction;
    const Expr q = polynomial(f, {-0.110975698f, 0.187168896f, -0.191166222f, 0.204453871f, -0.239583999f,
                                  0.288573653f, -0.360698372f, 0.480898172f, -0.721347332f});
    const Expr tail = mul_add(f * f, q, f * 1.92596303e-8f);
    return logarithm_or_special(x, parts.exponent + mul_add(f, log2_e, tail));
  }

  // sin(x) = (-1)^k sin(x - k pi). cos(x) = sin(x + pi/2): the same with k in the middle between two whole numbers.
  // Far from 0 that loses digits; there the operator itself stays, for code generation to call the C library.
  Expr sine(const Expr& x, Op op) const {
    const bool is_sine = op == Op::sin;
    const HalfTurns turns = half_turns(x, is_sine);
    const Expr z = turns.rest * turns.rest;
    const Expr q = polynomial(z, {2.60607294e-6f, -0.000198097725f, 0.00833306927f, -0.166666597f});
    const Expr sine = max(min(mul_add(turns.rest * z, q, turns.rest), 1.f), -1.f);   // rounding may go beyond
    const Expr sign = is_sine ? turns.parity : turns.parity ^ sign_bit;
    Expr near = float_of_bits(bits_of(sine) ^ sign);
    if (is_sine) near = select(eq(x, 0.f), x, near);        // the sign of a zero
    const Expr far = gt(abs(x), 0x1p15f) & lt(abs(x), infinity);
    return select(far, make_op(op, {x}), near);
  }

  // 1 - 2 / (e^2|x| + 1), and an odd polynomial where that would cancel.
  Expr tanh(const Expr& x) const {
    const Expr a = abs(x), z = x * x;
    const Expr q = polynomial(z, {-0.00569805177f, 0.020632321f, -0.0537374355f, 0.133314118f, -0.333332807f});
    const Expr small = mul_add(a * z, q, a);
    const Expr large = Expr(1.f) - Expr(2.f) / (small_power(min(a + a, 20.f)) + 1.f);
    return magnitude_with_sign_of(select(lt(a, 0.625f), small, large), x);
  }

  // With s = e^-|x|, which does not overflow: s / (1 + s) below 0, else 1 / (1 + s).
  Expr sigmoid(const Expr& x) const {
    const bool narrow = x.type().dtype == DType::f32;
    const Expr one = make_broadcast(make_float(x.type().dtype, 1), x.type().lanes);
    const Expr s = narrow ? exp_of_negative(-abs(x)) : lathe::exp(-abs(x));
    const Expr numerator = select(lt(x, 0.f), s, one);
    if (!narrow) return numerator / (s + one);
    if (!fused_) return cast(DType::f32, cast(DType::f64, numerator) / (cast(DType::f64, s) + 1.));
    return quotient(numerator, s);
  }

  // An odd polynomial near 0; beyond, 1 - e^p(|x|) with p = log(1 - erf), which is nearly a parabola.
  Expr erf(const Expr& x) const {
    const Expr a = min(abs(x), 4.f);                        // from there on it rounds to 1
    const Expr near = polynomial(x * x, {-0.000595958962f, 0.00498735299f, -0.0267629661f, 0.11281731f, -0.376124889f,
                                         0.128379151f});
    const Expr far = polynomial(a, {-1.12331509e-5f, 0.000322821172f, -0.00364252622f, 0.0237622038f, -0.106237046f,
                                    -0.635151207f, -1.12864852f});
    const Expr large = magnitude_with_sign_of(Expr(1.f) - small_power(a * far), x);
    return select(lt(a, 0.93f), mul_add(x, near, x), large);
  }

  // 2^(y log2 |x|), in f64: the product needs eight digits more than the result has.
  Expr pow(const Expr& x, const Expr& y) const {
    const Expr a = abs(x);
    const Parts parts = parts_of(a);
    const Expr e = select(eq(a, 0.f), -infinity, select(lt(a, infinity), parts.exponent, a));
    const Expr f = cast(DType::f64, parts.fraction);
    const Expr log_x = mul_add(
        f,
        polynomial(f, {-0.086341283538111727, 0.15485436933620547, -0.15698291704564174, 0.15900221075345286,
                       -0.1790469455817755, 0.20609619868655674, -0.24050417204841817, 0.28854064550577319,
                       -0.36067280062183854, 0.48089832070572625, -0.72134752521268186, 1.442695040939393}),
        cast(DType::f64, e));
    // 1 to the power of infinity is 1: a y that is finite gives that too.
    const Expr finite_y = max(min(y, 1e30f), -1e30f);
    const Expr power = max(min(cast(DType::f64, finite_y) * log_x, 130.), -160.);
    const Expr shifted = power + to_whole_f64;
    const Expr r = power - (shifted - to_whole_f64);
    const Expr fraction = polynomial(r, {0.00015353149267902669, 0.0013399134401443405, 0.0096184398813078907,
                                         0.055503318481946846, 0.24022647879552445, 0.6931472031191267, 1.});
    const Expr size = cast(DType::f32, float_of_bits(bits_of(fraction) + (bits_of(shifted) << 52)));
    return power_or_special(x, y, size);
  }

 private:
  static constexpr float log2_e = 1.44269502f, ln2_high = 0.693359375f, ln2_low = -0.000212194442f;

  Expr mul_add(const Expr& a, const Expr& b, const Expr& c) const { return fused_ ? fma(a, b, c) : a * b + c; }

  // Coefficients from the highest power down.
  template <class Number>
  Expr polynomial(const Expr& x, std::initializer_list<Number> coefficients) const {
    Expr sum;
    for (const Number& c : coefficients) sum = sum.defined() ? mul_add(sum, x, c) : Expr(c);
    return sum;
  }

  // e^r for r = x - k ln 2.
  Expr exp_reduced(const Expr& x, const Expr& k) const {
    const Expr r = mul_add(k, -ln2_low, mul_add(k, -ln2_high, x));
    return polynomial(r, {0.00138237572f, 0.00836883578f, 0.04166824f, 0.166665196f, 0.49999994f, 1.f, 1.f});
  }

  static constexpr float to_exponent = to_whole + 127;
  static Expr power_of_two(const Expr& shifted) { return float_of_bits(bits_of(shifted) << 23); }

  // 2^k overflows and underflows before the result does. So 2^(k +- 64) is a factor first, and the rest another, whose
  // product rounds denormals and overflows as it must. From `lowest` down it is 0 without rounding: processors take a hundred
  // cycles or more for a product that vanishes, and where scores are masked all do.
  static Expr half_way(const Expr& x) {
    return select(lt(x, 0.f), broadcast(to_exponent + 64, x), broadcast(to_exponent - 64, x));
  }
  static Expr times_power(const Expr& value, const Expr& shifted, const Expr& x, float lowest) {
    const Expr small = select(gt(x, lowest), broadcast(0x1p-64f, x), broadcast(0.f, x));
    const Expr rest = select(lt(x, 0.f), small, broadcast(0x1p64f, x));
    return value * power_of_two(shifted) * rest;
  }
  static Expr broadcast(float value, const Expr& like) {
    return make_broadcast(make_float(DType::f32, value), like.type().lanes);
  }

  // value 2^k, rounded once, in one instruction.
  static Expr scaled(const Expr& value, const Expr& k) { return make_instruction(std::string(scaling_instruction), {value, k}); }
  // Nothing is scaled from `lowest` down, as in times_power: what vanishes takes as long here.
  static Expr above(const Expr& x, float lowest, const Expr& value) { return select(gt(x, lowest), value, broadcast(0.f, x)); }
  Expr scaled_power(const Expr& x, float lowest) const {
    const Expr k = mul_add(x, log2_e, to_whole) - to_whole;
    return scaled(above(x, lowest, exp_reduced(x, k)), k);
  }

  // e^x where the result is not far from 1.
  Expr small_power(const Expr& x) const {
    if (scales_) {
      const Expr k = mul_add(x, log2_e, to_whole) - to_whole;
      return scaled(exp_reduced(x, k), k);
    }
    const Expr shifted = mul_add(x, log2_e, to_exponent);
    return exp_reduced(x, shifted - to_exponent) * power_of_two(shifted);
  }

  Expr exp_of_negative(const Expr& x) const {
    const Expr bounded = max(x, -104.f);
    if (scales_) return scaled_power(bounded, -104.f);
    const Expr shifted = mul_add(bounded, log2_e, to_exponent + 64);
    return exp_reduced(bounded, shifted - (to_exponent + 64)) * power_of_two(shifted) * select(gt(bounded, -104.f), broadcast(0x1p-64f, x), broadcast(0.f, x));
  }

  // n / (1 + s) for s in [0, 1], of which only the last step rounds: the remainder of a first quotient, with what 1 + s
  // lost, gives a correction, for which 1.4571 - d / 2 is near enough to 1 / d.
  static Expr quotient(const Expr& n, const Expr& s) {
    const Expr d = s + 1.f, lost = s - (d - 1.f), first = n / d;
    const Expr remainder = fma(-first, lost, fma(-first, d, n));
    return fma(remainder, fma(d, -0.5f, 1.4571f), first);
  }

  // x = 2^exponent (1 + fraction) for a positive x, 1 + fraction from the root of 1/2 on.
  struct Parts {
    Expr exponent, fraction;
  };
  static Parts parts_of(const Expr& x) {
    constexpr int root_of_half = 0x3f3504f3;
    // Bits of a denormal as if exponents went on below: those of a multiple, less its exponent.
    const Expr of_denormal = bits_of(x * 0x1p24f) - (24 << 23);
    const Expr bits = select(lt(x, 0x1p-126f), of_denormal, bits_of(x)) - root_of_half;
    return {cast(DType::f32, bits >> 23), float_of_bits((bits & 0x7fffff) + root_of_half) - 1.f};
  }

  static Expr logarithm_or_special(const Expr& x, const Expr& value) {
    const Expr above = select(lt(x, infinity), value, x);
    const Expr below = select(eq(x, 0.f), broadcast(-infinity, x), broadcast(not_a_number, x));
    return select(gt(x, 0.f), above, below);
  }

  // x = k pi + rest for a sine, (k + 1/2) pi + rest for a cosine; the lowest bit of k stands in the sign's place.
  struct HalfTurns {
    Expr rest, parity;
  };
  HalfTurns half_turns(const Expr& x, bool of_sine) const {
    return fused_ ? half_turns_f32(x, of_sine) : half_turns_f64(x, of_sine);
  }
  HalfTurns half_turns_f32(const Expr& x, bool of_sine) const {
    const Expr shifted = of_sine ? mul_add(x, 0.318309886f, to_whole) : mul_add(x, 0.318309886f, -0.5f) + to_whole;
    const Expr k = of_sine ? shifted - to_whole : shifted - to_whole + 0.5f;
    Expr rest = mul_add(k, -3.14159274f, x);
    rest = mul_add(k, 8.74227766e-8f, rest);
    rest = mul_add(k, 3.43024902e-15f, rest);
    return {rest, bits_of(shifted) << 31};
  }
  // A product that rounds needs a shorter first part: 33 bits of pi times k is exact in f64.
  HalfTurns half_turns_f64(const Expr& x, bool of_sine) const {
    const Expr wide = cast(DType::f64, x), turns = wide * 0.31830988618379067;
    const Expr shifted = (of_sine ? turns : turns - 0.5) + to_whole_f64;
    const Expr k = of_sine ? shifted - to_whole_f64 : shifted - to_whole_f64 + 0.5;
    const Expr rest = wide - k * 3.1415926534682512 - k * 1.2154201013012384e-10;
    return {cast(DType::f32, rest), cast(DType::i32, bits_of(shifted)) << 31};
  }

  static Expr power_or_special(const Expr& x, const Expr& y, const Expr& size) {
    const Expr whole = eq(floor(y), y), half = y * 0.5f;
    const Expr odd = whole & ne(floor(half), half);
    const Expr zero = make_broadcast(make_integer(DType::i32, 0), x.type().lanes);
    const Expr power = float_of_bits(bits_of(size) ^ select(odd, bits_of(x) & sign_bit, zero));
    const Expr undefined = lt(x, 0.f) & gt(x, -infinity) & ~whole;
    return select(eq(x, 1.f) | eq(y, 0.f), broadcast(1, x), select(undefined, broadcast(not_a_number, x), power));
  }

  bool fused_, scales_;
};

}  // namespace

Expr math_formula(const Expr& e, const Target& target) {
  if (e.kind() != ExprKind::op) return {};
  const Formulas formulas(target);
  const Expr& x = e.arg(0);
  switch (e->op) {
    case Op::rsqrt: return Expr(1.f) / sqrt(x);
    case Op::reciprocal: return Expr(1.f) / x;
    case Op::sigmoid: return formulas.sigmoid(x);
    default: break;
  }
  if (e.type().dtype != DType::f32) return {};
  switch (e->op) {
    case Op::exp: return formulas.exp(x);
    case Op::exp2: return formulas.exp2(x);
    case Op::log: return formulas.log(x);
    case Op::log2: return formulas.log2(x);
    case Op::sin: case Op::cos: return formulas.sine(x, e->op);
    case Op::tanh: return formulas.tanh(x);
    case Op::erf: return formulas.erf(x);
    case Op::pow: return formulas.pow(x, e.arg(1));
    default: return {};
  }
}

}  // namespace lathe
