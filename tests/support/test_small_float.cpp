// f16 and bf16 over all their values, against the formats' own order: between neighbours everything goes to the nearer one,
// and the midpoint to the one whose last bit is 0.
#include "support/small_float.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <initializer_list>
#include <limits>

namespace lathe {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// `step`: of the value whose bits are 1; `first_above`: the power of two behind the largest finite value.
template <class Small>
void check_every_value(int mantissa_bits, double step, double first_above) {
  const int infinite = Small(infinity).bits;
  double expected = 0, distance = step;
  for (int bits = 0; bits <= infinite; ++bits) {
    Small small;
    small.bits = static_cast<uint16_t>(bits);
    const double value = static_cast<double>(small);
    REQUIRE(value == (bits == infinite ? infinity : expected));
    REQUIRE(Small(value).bits == bits);
    REQUIRE(Small(-value).bits == (bits | 0x8000));
    if (bits == infinite) break;
    if ((bits >> mantissa_bits) > 1 && bits % (1 << mantissa_bits) == 0) distance *= 2;
    const double next = bits + 1 == infinite ? first_above : expected + distance, middle = expected + (next - expected) / 2;
    REQUIRE(Small(middle).bits == bits + bits % 2);
    REQUIRE(Small(std::nextafter(middle, 0)).bits == bits);
    REQUIRE(Small(std::nextafter(middle, infinity)).bits == bits + 1);
    REQUIRE(Small(-middle).bits == (Small(middle).bits | 0x8000));
    expected = next;
  }
}

}  // namespace

TEST_CASE("f16 numbers round to the nearest neighbour, ties to even") { check_every_value<Float16>(10, 0x1p-24, 0x1p16); }
TEST_CASE("bf16 numbers round to the nearest neighbour, ties to even") { check_every_value<BFloat16>(7, 0x1p-133, 0x1p128); }

TEST_CASE("a bf16 is the upper half of an f32") {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    BFloat16 small;
    small.bits = static_cast<uint16_t>(bits);
    const double value = static_cast<double>(small), whole = std::bit_cast<float>(bits << 16);
    REQUIRE((value == whole || (std::isnan(value) && std::isnan(whole))));
  }
}

TEST_CASE("a NaN stays one in 16 bits") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(static_cast<double>(Float16(nan))));
  CHECK(std::isnan(static_cast<double>(BFloat16(-nan))));
  for (int bits : {0x7c01, 0x7fff, 0xfc01}) {
    Float16 small;
    small.bits = static_cast<uint16_t>(bits);
    CHECK(std::isnan(static_cast<double>(small)));
  }
}

}  // namespace lathe
