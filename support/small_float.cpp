// Conversions of 16-bit floats by arithmetic on their value: slow, and plainly what the formats mean.
#include "support/small_float.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe {

uint16_t small_float_bits(int exponent_bits, int mantissa_bits, double value) {
  const int lowest_exponent = 2 - (1 << (exponent_bits - 1));
  const int infinity = ((1 << exponent_bits) - 1) << mantissa_bits;
  int bits = infinity;
  if (std::isnan(value)) {
    bits |= 1 << (mantissa_bits - 1);
  } else if (std::isfinite(value)) {
    int exponent = 0;
    std::frexp(value, &exponent);                           // value = [1/2, 1) * 2^exponent
    exponent = value == 0 ? lowest_exponent : std::max(exponent - 1, lowest_exponent);
    if (exponent < 1 << (exponent_bits - 1)) {
      // With its leading one for a normal number, which adds 1 to the exponent's field; so does rounding up to 2.
      const double mantissa = std::nearbyint(std::ldexp(std::fabs(value), mantissa_bits - exponent));
      bits = std::min(((exponent - lowest_exponent) << mantissa_bits) + static_cast<int>(mantissa), infinity);
    }
  }
  return static_cast<uint16_t>(bits | (std::signbit(value) ? 0x8000 : 0));
}

double small_float_value(int exponent_bits, int mantissa_bits, uint16_t bits) {
  const int exponent = (bits & 0x7fff) >> mantissa_bits, mantissa = bits & ((1 << mantissa_bits) - 1);
  const int lowest_exponent = 2 - (1 << (exponent_bits - 1));
  double value = 0;
  if (exponent == (1 << exponent_bits) - 1) {
    value = mantissa ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
  } else {
    const int whole = exponent ? mantissa + (1 << mantissa_bits) : mantissa;
    value = std::ldexp(whole, std::max(exponent - 1, 0) + lowest_exponent - mantissa_bits);
  }
  return bits & 0x8000 ? -value : value;
}

}  // namespace lathe
