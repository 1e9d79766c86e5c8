// Conversions of f16 and bf16 by machine code, one element and several lanes at a time, with and without instructions for
// them: all 2^16 values to f32, and back from all of them, from what lies half way, and from its neighbours.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "support/small_float.h"
#include "support/tensor_view.h"
#include "tests/codegen/run_program.h"

namespace lathe::test {
namespace {

std::string conversion(const std::string& from, const std::string& to, int lanes) {
  const std::string index = lanes == 1 ? "i" : fmt::format("ramp(i*{0}, 1, {0})", lanes);
  const std::string type = lanes == 1 ? to : fmt::format("{}x{}", to, lanes);
  return fmt::format("program p\nentry main(X: {} readonly, Y: {}; n: i64) {{\n  for i in 0, n serial {{\n    Y[{}] = {}(X[{}])\n  }}\n}}\n",
                     from, to, index, type, index);
}

Tensor converted(const Tensor& x, DType to, int lanes, const Target& target) {
  const int64_t count = x.view().elements();
  Tensor y(to, {count});
  Compiled code(conversion(std::string(name_of(x.view().dtype)), std::string(name_of(to)), lanes), target);
  REQUIRE(code.run({x.view().data, y.view().data}, {count / lanes}) == 0);
  return y;
}

bool same(float a, double b) { return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b); }

// Every value of the type, what lies between it and the next one, the numbers next to that, and random bits.
template <class Small> Tensor interesting_floats() {
  std::vector<float> list;
  for (int bits = 0; bits < 0x10000; ++bits) {
    Small here, next;
    here.bits = static_cast<uint16_t>(bits);
    next.bits = static_cast<uint16_t>(bits + 1);
    const auto a = static_cast<float>(static_cast<double>(here)), b = static_cast<float>(static_cast<double>(next));
    const float middle = a + (b - a) / 2;
    for (float f : {a, middle, std::nextafter(middle, a), std::nextafter(middle, b)}) list.push_back(f);
  }
  for (float f : {65519.996f, 65520.f, 3.4e38f, 3.39e38f, 3.3961e38f}) list.push_back(f), list.push_back(-f);
  std::mt19937 random(1);
  while (list.size() % 64 != 0 || list.size() < 400'000) list.push_back(std::bit_cast<float>(static_cast<uint32_t>(random())));
  Tensor x(f32, {static_cast<int64_t>(list.size())});
  std::copy(list.begin(), list.end(), x.as<float>());
  return x;
}

template <class Small> void check_conversions(DType type) {
  Tensor all(type, {0x10000});
  for (int bits = 0; bits < 0x10000; ++bits) all.as<uint16_t>()[bits] = static_cast<uint16_t>(bits);
  const Tensor floats = interesting_floats<Small>();
  for (const Target& target : runnable_targets()) {
    for (int lanes : {1, 4, 8, 16, 32}) {
      CAPTURE(target.name);
      CAPTURE(lanes);
      const Tensor wide = converted(all, f32, lanes, target);
      int wrong = 0;
      for (int bits = 0; bits < 0x10000; ++bits) wrong += !same(wide.as<float>()[bits], load_as_double(all.view(), bits));
      CHECK(wrong == 0);
      const Tensor narrow = converted(floats, type, lanes, target);
      wrong = 0;
      for (int64_t i = 0; i < floats.view().elements(); ++i) {
        const float f = floats.as<float>()[i];
        const Small got = narrow.as<Small>()[i], need(f);
        wrong += std::isnan(f) ? !std::isnan(static_cast<double>(got)) : got.bits != need.bits;
      }
      CHECK(wrong == 0);
    }
  }
}

}  // namespace

TEST_CASE("machine code converts every f16 and rounds to it like the interpreter") { check_conversions<Float16>(f16); }
TEST_CASE("machine code converts every bf16 and rounds to it like the interpreter") { check_conversions<BFloat16>(bf16); }

}  // namespace lathe::test
