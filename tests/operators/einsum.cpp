// einsum of any two operands: random strings of indices against a loop over all values of all letters, in long double.
#include "stdlib/einsum.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "jit/compile.h"
#include "lang/scalar.h"
#include "support/tensor_view.h"

namespace lathe {
namespace {

constexpr int64_t extents[] = {2, 3, 1, 5, 7, 17};           // of the letters a to f

struct Letters {
  std::string left, right, result;
  std::string text() const { return left + "," + right + "->" + result; }
};

// Up to three letters in each operand, which may stand twice; some of them in the result, in any order.
Letters random_letters(std::mt19937_64& random) {
  const auto drawn = [&] {
    std::string text;
    for (uint64_t n = random() % 4; n > 0; --n) text += static_cast<char>('a' + random() % std::size(extents));
    return text;
  };
  Letters f{drawn(), drawn(), ""};
  std::string all = f.left + f.right;
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::shuffle(all.begin(), all.end(), random);
  for (char letter : all) {
    if (random() % 2 == 0) f.result += letter;
  }
  return f;
}

std::vector<int64_t> shape_of(const std::string& letters) {
  std::vector<int64_t> shape;
  for (char letter : letters) shape.push_back(extents[letter - 'a']);
  return shape;
}

// The place of an element where the letters have these values; every tensor lies densely.
int64_t place_of(const std::string& letters, const std::map<char, int64_t>& values) {
  int64_t place = 0;
  for (char letter : letters) place = place * extents[letter - 'a'] + values.at(letter);
  return place;
}

Tensor random_tensor(DType type, const std::string& letters, std::mt19937_64& random) {
  Tensor tensor(type, shape_of(letters));
  const CellStore store = cell_store(type);
  for (int64_t i = 0; i < tensor.view().elements(); ++i) {
    const double share = static_cast<double>(random() >> 11) * 0x1p-53;
    Cell cell;
    if (is_float(type))
      cell.f = 4 * share - 2;
    else
      cell.i = static_cast<int64_t>(std::floor(19 * share)) - 9;
    store(tensor.view().data, i, cell);
  }
  return tensor;
}

// Sums of products, and of their sizes, for each element of the result.
struct Sums {
  std::vector<long double> value, size;
  long double terms = 1;
};

Sums sums_of(const Letters& f, const TensorView& left, const TensorView& right) {
  std::string all = f.result;
  for (char letter : f.left + f.right) {
    if (all.find(letter) == std::string::npos) all += letter;
  }
  Sums sums;
  size_t elements = 1;
  for (char letter : f.result) elements *= static_cast<size_t>(extents[letter - 'a']);
  for (char letter : all.substr(f.result.size())) sums.terms *= static_cast<long double>(extents[letter - 'a']);
  sums.value.resize(elements);
  sums.size.resize(elements);
  std::map<char, int64_t> values;
  for (char letter : all) values[letter] = 0;
  const auto element = [](const TensorView& view, int64_t place) -> long double {
    return is_float(view.dtype) ? load_as_double(view, place) : static_cast<long double>(load_as_integer(view, place));
  };
  while (true) {
    const long double term = element(left, place_of(f.left, values)) * element(right, place_of(f.right, values));
    const auto to = static_cast<size_t>(place_of(f.result, values));
    sums.value[to] += term;
    sums.size[to] += std::fabs(term);
    size_t d = all.size();
    while (d > 0 && ++values[all[d - 1]] == extents[all[d - 1] - 'a']) values[all[--d]] = 0;
    if (d == 0) return sums;
  }
}

void check(const Letters& f, DType type, std::mt19937_64& random) {
  const Tensor left = random_tensor(type, f.left, random), right = random_tensor(type, f.right, random),
               result(type, shape_of(f.result));
  compile(stdlib::einsum(f.text(), type)).run({{"left", left.view()}, {"right", right.view()}, {"result", result.view()}}, {}, {});
  const Sums sums = sums_of(f, left.view(), right.view());
  const long double unit = type == f64 ? 0x1p-53L : type == f32 ? 0x1p-24L : 0;
  for (size_t i = 0; i < sums.value.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    const long double got = is_float(type) ? static_cast<long double>(load_as_double(result.view(), at))
                                           : static_cast<long double>(load_as_integer(result.view(), at));
    CHECK_MESSAGE(std::fabs(got - sums.value[i]) <= 4 * sums.terms * unit * sums.size[i],
                  fmt::format("einsum {} of {}: element {}: got {}, need {}", f.text(), name_of(type), i, double(got),
                              double(sums.value[i])));
  }
}

}  // namespace

TEST_CASE("einsum of any two operands computes its definition") {
  std::mt19937_64 random(7);
  for (const Letters& f : std::vector<Letters>{{"ab", "bc", "ac"}, {"fab", "fbc", "fac"}, {"ab", "ab", ""}, {"f", "e", "fe"},
                                               {"aab", "b", "a"}, {"", "ef", "fe"}, {"abf", "fcd", "abcd"}}) {
    for (DType type : {f32, f64, i32}) check(f, type, random);
  }
  for (int i = 0; i < 30; ++i) check(random_letters(random), i % 2 == 0 ? f32 : f64, random);
}

}  // namespace lathe
