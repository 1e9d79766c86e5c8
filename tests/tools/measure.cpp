// The arithmetic of measurements.
#include "tools/measure.h"

#include <doctest/doctest.h>

namespace {
using namespace lathe::tools;

TEST_CASE("the median is the middle value, or the mean of the middle two") {
  CHECK(median({3, 1, 2}) == 2);
  CHECK(median({4, 1, 3, 2}) == 2.5);
  CHECK(median({7}) == 7);
  CHECK(median({}) == 0);
}

TEST_CASE("the time of several calls counts each call") {
  int calls = 0;
  CHECK(time_us([&] { calls++; }, 5) >= 0);
  CHECK(calls == 5);
}

}  // namespace
