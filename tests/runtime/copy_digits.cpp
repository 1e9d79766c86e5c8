// Conversions to layouts of digits, beside the definition: element by element.
#include "jit/runtime/copy_digits.h"

#include <doctest/doctest.h>

#include <functional>
#include <numeric>
#include <vector>

#include "support/tensor_view.h"

namespace lathe {
namespace {

struct Layout {
  const char* name;
  std::vector<int64_t> shape;
  struct Digit {
    size_t dimension;
    int64_t divisor, steps;
  };
  std::vector<Digit> digits;  // outermost first
};

// Where each element of the row-major tensor of this shape lies in the other one.
std::vector<int64_t> places_of(const Layout& layout, const std::vector<int64_t>& strides) {
  std::vector<int64_t> places, index(layout.shape.size(), 0);
  const int64_t elements = std::accumulate(layout.shape.begin(), layout.shape.end(), int64_t{1}, std::multiplies<>());
  for (int64_t i = 0; i < elements; ++i) {
    int64_t place = 0;
    for (size_t d = 0; d < layout.digits.size(); ++d) {
      const Layout::Digit& digit = layout.digits[d];
      place += index[digit.dimension] / digit.divisor % digit.steps * strides[d];
    }
    places.push_back(place);
    for (size_t d = index.size(); d-- > 0 && ++index[d] == layout.shape[d];) index[d] = 0;
  }
  return places;
}

template <class T>
void compare(const Layout& layout) {
  CAPTURE(layout.name);
  CAPTURE(sizeof(T));
  std::vector<int64_t> packed_shape;
  for (const Layout::Digit& digit : layout.digits) packed_shape.push_back(digit.steps);
  const std::vector<int64_t> own = dense_strides(DType::u8, layout.shape),
                             other = dense_strides(DType::u8, packed_shape);
  const std::vector<int64_t> places = places_of(layout, other);
  std::vector<T> plain(places.size()), back(places.size(), T(77));
  for (size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<T>(i * 7 + 1);
  std::vector<T> packed(
      static_cast<size_t>(std::accumulate(packed_shape.begin(), packed_shape.end(), int64_t{1}, std::multiplies<>())),
      T(0));
  std::vector<T> expected = packed;
  for (size_t i = 0; i < places.size(); ++i) expected[static_cast<size_t>(places[i])] = plain[i];
  std::vector<CopiedDigit> there, home;
  for (size_t d = 0; d < layout.digits.size(); ++d) {
    const Layout::Digit& digit = layout.digits[d];
    const int64_t from = own[digit.dimension] * digit.divisor;
    there.push_back({digit.steps, digit.divisor, digit.dimension, from, other[d]});
    home.push_back({digit.steps, digit.divisor, digit.dimension, other[d], from});
  }
  copy_digits(there, layout.shape, sizeof(T), plain.data(), packed.data());
  CHECK(packed == expected);
  copy_digits(home, layout.shape, sizeof(T), packed.data(), back.data());
  CHECK(back == plain);
}

TEST_CASE("every element goes to the place that its digits say, and home again") {
  const std::vector<Layout> layouts = {
      {"as it is", {5, 7}, {{0, 1, 5}, {1, 1, 7}}},
      {"exchanged", {37, 53}, {{1, 1, 53}, {0, 1, 37}}},
      {"panels of columns", {9, 100}, {{1, 32, 4}, {0, 1, 9}, {1, 1, 32}}},
      {"panels of rows, exchanged", {100, 9}, {{0, 32, 4}, {1, 1, 9}, {0, 1, 32}}},
      {"the low digit outside", {37}, {{0, 1, 8}, {0, 8, 5}}},
      {"the low digit outside of another dimension", {37, 21}, {{0, 1, 8}, {1, 1, 21}, {0, 8, 5}}},
      {"three digits", {301, 3}, {{0, 64, 5}, {0, 1, 8}, {1, 1, 3}, {0, 8, 8}}},
      {"four dimensions in blocks",
       {3, 3, 20, 18},
       {{3, 16, 2}, {2, 8, 3}, {0, 1, 3}, {1, 1, 3}, {2, 1, 8}, {3, 1, 16}}},
      {"dimensions of one step", {1, 41, 1, 6}, {{2, 1, 1}, {3, 1, 6}, {0, 1, 1}, {1, 1, 41}}},
      {"one element", {1, 1}, {{1, 1, 1}, {0, 1, 1}}},
      {"no dimension", {}, {}},
      {"no element", {4, 0}, {{1, 1, 0}, {0, 1, 4}}},
  };
  for (const Layout& layout : layouts) {
    compare<uint8_t>(layout);
    compare<uint16_t>(layout);
    compare<uint32_t>(layout);
    compare<uint64_t>(layout);
  }
}

}  // namespace
}  // namespace lathe
