// Floats of 16 bits as they lie in memory: f16 (IEEE binary16) and bf16 (the upper half of an f32).
#pragma once

#include <cstdint>

namespace lathe {

// The nearest such number, ties to even; a NaN stays one, and what is too large becomes infinity.
uint16_t small_float_bits(int exponent_bits, int mantissa_bits, double value);
double small_float_value(int exponent_bits, int mantissa_bits, uint16_t bits);      // exact

template <int exponent_bits, int mantissa_bits> struct SmallFloat {
  uint16_t bits = 0;
  SmallFloat() = default;
  explicit SmallFloat(double value) : bits(small_float_bits(exponent_bits, mantissa_bits, value)) {}
  explicit operator double() const { return small_float_value(exponent_bits, mantissa_bits, bits); }
};
using Float16 = SmallFloat<5, 10>;
using BFloat16 = SmallFloat<8, 7>;

}  // namespace lathe
