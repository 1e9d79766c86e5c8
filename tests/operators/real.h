// Numbers of the references: a value far more exact than the type that the operator computes in, and beside it a bound of
// what computing it in that type, one operation after another, may be off. With `rounds` set the value itself is rounded to
// the type after each operation, so that the same loops give the error that a loop in it really has. Integers are exact
// and wrap.
#pragma once

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "support/dtype.h"

namespace lathe::reference {

using Ix = int64_t;

// The arithmetic of an element type. Types of storage are only moved: what is computed beside them is in f32.
struct Arithmetic {
  explicit Arithmetic(DType of) : type(is_integer(of) || of == f64 ? of : f32) {}
  bool whole() const { return is_integer(type); }
  long double unit() const { return type == f64 ? 0x1p-53L : 0x1p-24L; }   // half a unit in the last place of 1..2
  long double tiny() const { return type == f64 ? 0x1p-1074L : 0x1p-149L; }  // the smallest denormal
  // From here on a value is rounded to infinity.
  long double overflow() const { return type == f64 ? 0x1.fffffffffffff8p1023L : 0x1.ffffffp127L; }
  long double rounded(long double value) const {
    if (type == f64) return static_cast<double>(value);
    return whole() ? wrapped(value) : static_cast<float>(value);
  }
  long double lowest() const { return is_signed(type) ? -std::ldexp(1.L, bits_of(type) - 1) : 0; }
  long double highest() const { return std::ldexp(1.L, bits_of(type) - (is_signed(type) ? 1 : 0)) - 1; }
  long double wrapped(long double value) const {
    if (std::isinf(value)) return value;
    const long double span = std::ldexp(1.L, bits_of(type));
    return value - span * std::floor((value - lowest()) / span);
  }
  // Exact beyond the digits of a long double.
  long double product(long double a, long double b) const {
    const auto bits = [](long double v) { return v < 0 ? static_cast<uint64_t>(static_cast<Ix>(v)) : static_cast<uint64_t>(v); };
    return wrapped(static_cast<Ix>(bits(a) * bits(b)));
  }

  DType type;
};

struct Real {
  long double value = 0;
  long double error = 0;  // 0: every operation so far was exact
  static inline bool rounds = false;
  static inline Arithmetic in = Arithmetic(f32);

  Real() = default;
  Real(int exact) : value(exact) {}
  Real(Ix exact) : value(static_cast<long double>(exact)) {}
  Real(double exact) : value(exact) {}
  Real(long double v, long double e) : value(v), error(e) {}
};

// What an operation gives: its exact value, the errors of its operands passed on, and its own rounding.
inline Real rounded(long double value, long double passed_on, long double units = 1) {
  if (Real::rounds || Real::in.whole()) return {Real::in.rounded(value), 0};
  if (std::fabs(value) >= Real::in.overflow())
    value = std::copysign(std::numeric_limits<long double>::infinity(), value);
  return {value, passed_on + units * (Real::in.unit() * std::fabs(value) + Real::in.tiny())};
}

// A constant, which the type may not hold.
inline Real constant(long double value) { return rounded(value, 0); }

inline Real operator+(const Real& a, const Real& b) { return rounded(a.value + b.value, a.error + b.error); }
inline Real operator-(const Real& a, const Real& b) { return rounded(a.value - b.value, a.error + b.error); }
inline Real operator-(const Real& a) {
  return {Real::in.whole() ? Real::in.wrapped(-a.value) : -a.value, a.error};
}
inline Real operator*(const Real& a, const Real& b) {
  if (Real::in.whole()) return {Real::in.product(a.value, b.value), 0};
  return rounded(a.value * b.value, std::fabs(a.value) * b.error + std::fabs(b.value) * a.error + a.error * b.error);
}
inline Real operator/(const Real& a, const Real& b) {
  if (Real::in.whole()) return rounded(b.value == 0 ? 0 : std::floor(a.value / b.value), 0);
  const long double least = std::fabs(b.value) - b.error;
  const long double passed =
      a.error == 0 && b.error == 0 ? 0 : (a.error + std::fabs(a.value / b.value) * b.error) / std::max(least, 0.L);
  return rounded(a.value / b.value, passed);
}

inline bool operator<(const Real& a, const Real& b) { return a.value < b.value; }
inline bool operator>(const Real& a, const Real& b) { return a.value > b.value; }
inline bool operator<=(const Real& a, const Real& b) { return a.value <= b.value; }
inline bool operator==(const Real& a, const Real& b) { return a.value == b.value; }
inline bool is_nan(const Real& a) { return std::isnan(a.value); }

// NaN if an operand is.
inline Real max(const Real& a, const Real& b) {
  return is_nan(a) || a > b ? a : is_nan(b) ? b : Real(b.value, std::max(a.error, b.error));
}
inline Real min(const Real& a, const Real& b) {
  return is_nan(a) || a < b ? a : is_nan(b) ? b : Real(b.value, std::max(a.error, b.error));
}
inline Real abs(const Real& a) { return {std::fabs(a.value), a.error}; }

// A function of one number with this slope near it, right within half a unit in the last place.
inline Real function(long double value, long double slope, const Real& x, long double units = 1) {
  return rounded(value, x.error == 0 ? 0 : std::fabs(slope) * x.error, units);
}
inline Real sqrt(const Real& x) {
  const auto y = std::sqrt(x.value);
  return function(y, 0.5L / y, x);
}
inline Real exp(const Real& x) {
  const auto y = std::exp(x.value);
  return function(y, y * std::exp(std::min(x.error, 1.L)), x);
}
inline Real log(const Real& x) { return function(std::log(x.value), 1 / (x.value - x.error), x); }
inline Real tanh(const Real& x) {
  const auto y = std::tanh(x.value);
  return function(y, 1, x);
}
inline Real sigmoid(const Real& x) { return function(1 / (1 + std::exp(-x.value)), 0.25L, x); }
inline Real erf(const Real& x) { return function(std::erf(x.value), 1.13L, x, 2); }
inline Real sin(const Real& x) { return function(std::sin(x.value), 1, x); }
inline Real cos(const Real& x) { return function(std::cos(x.value), 1, x); }
// The operands of pow are exact but for a relative error of the exponent.
inline Real pow(const Real& base, const Real& x) {
  const auto y = std::pow(base.value, x.value);
  return function(y, y * std::log(base.value), x, 2);
}

// A sum in any order: n additions of terms err by at most n u sum |terms|.
class Sum {
 public:
  void add(const Real& term) {
    if (Real::rounds || Real::in.whole()) {
      total_ = total_ + term;
      return;
    }
    total_.value += term.value;
    total_.error += term.error;
    size_ += std::fabs(term.value);
    ++terms_;
  }
  Real result() const {
    if (terms_ < 2) return total_;
    Real all = total_;
    if (std::fabs(all.value) >= Real::in.overflow())
      all.value = std::copysign(std::numeric_limits<long double>::infinity(), all.value);
    all.error += static_cast<long double>(terms_ - 1) * (Real::in.unit() * size_ + Real::in.tiny());
    return all;
  }

 private:
  Real total_;
  long double size_ = 0;
  Ix terms_ = 0;
};

template <class F>
Real sum(Ix n, const F& term) {
  Sum s;
  for (Ix i = 0; i < n; ++i) s.add(term(i));
  return s.result();
}
template <class F>
Real sum(Ix n, Ix m, const F& term) {
  Sum s;
  for (Ix i = 0; i < n; ++i)
    for (Ix j = 0; j < m; ++j) s.add(term(i, j));
  return s.result();
}
template <class F>
Real sum(Ix n, Ix m, Ix l, const F& term) {
  Sum s;
  for (Ix i = 0; i < n; ++i)
    for (Ix j = 0; j < m; ++j)
      for (Ix k = 0; k < l; ++k) s.add(term(i, j, k));
  return s.result();
}
template <class F>
Ix whole_sum(Ix n, const F& term) {
  Ix s = 0;
  for (Ix i = 0; i < n; ++i) s += term(i);
  return s;
}
template <class F>
Real largest(Ix n, const F& term) {
  Real top = -std::numeric_limits<double>::infinity();
  for (Ix i = 0; i < n; ++i) top = max(top, term(i));
  return top;
}
template <class F>
Real smallest(Ix n, const F& term) {
  Real least = std::numeric_limits<double>::infinity();
  for (Ix i = 0; i < n; ++i) least = min(least, term(i));
  return least;
}

// A function that keeps its last result: what a whole row has in common.
template <class F>
class Kept {
 public:
  explicit Kept(F f) : f_(std::move(f)) {}
  const auto& operator()(Ix key) const {
    if (key != key_) value_ = f_(key);
    key_ = key;
    return value_;
  }

 private:
  F f_;
  mutable Ix key_ = -1;
  mutable std::invoke_result_t<F, Ix> value_{};
};

}  // namespace lathe::reference
