#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <random>

#include "tests/math/accuracy.h"

namespace lathe::test {

namespace {

constexpr int lanes = 16;
constexpr uint64_t every = 4099;                            // a prime: all exponents and many endings of the fraction

void pad(std::vector<float>& values) {
  while (values.size() % (2 * lanes) != 0) values.push_back(1);
}

std::vector<float> sampled_operands() {
  std::vector<float> values = special_operands();
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += every) {
    values.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  }
  pad(values);
  return values;
}

void check(const MathFunction& function, const std::vector<float>& x, const std::vector<float>& y) {
  set_module_verification(true);
  for (const Target& target : targets_of_host()) {
    Accuracy accuracy;
    measure(function, MathLoop(function.op, f32, lanes, target), x, y, accuracy);
    INFO(info_of(function.op).name << " on " << target.name << ": " << accuracy.text());
    CHECK(accuracy.worst_ulp <= function.most_ulp);
  }
}

}  // namespace

TEST_CASE("functions of one operand keep their error bound on every target, special values included") {
  const std::vector<float> x = sampled_operands();
  for (const MathFunction& function : math_functions()) {
    if (function.of_one) check(function, x, {});
  }
}

TEST_CASE("pow keeps its error bound for all pairs of special values and for random ones") {
  std::vector<float> x, y;
  for (float a : special_operands()) {
    for (float b : special_operands()) x.push_back(a), y.push_back(b);
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 200000; ++i) {
    // Bases and exponents whose powers are finite more often than not, and any others.
    const bool any = i % 4 == 0;
    const auto bits = static_cast<uint32_t>(random());
    x.push_back(std::bit_cast<float>(any ? bits : bits % 0x10000000 + 0x38000000));
    y.push_back(any ? std::bit_cast<float>(static_cast<uint32_t>(random()))
                    : std::ldexp(static_cast<float>(static_cast<int32_t>(random())), -26));
  }
  pad(x), pad(y);
  for (const MathFunction& function : math_functions()) {
    if (function.of_two) check(function, x, y);
  }
}

TEST_CASE("a function has the same value in every number of lanes") {
  std::vector<float> x = special_operands();
  pad(x);
  const Target target = targets_of_host().back();
  for (const MathFunction& function : math_functions()) {
    std::vector<float> need(x.size()), got(x.size());
    MathLoop(function.op, f32, lanes, target).run(x.data(), x.data(), need.data(), static_cast<int64_t>(x.size()));
    for (int width : {1, 4, 8, 32}) {
      MathLoop(function.op, f32, width, target).run(x.data(), x.data(), got.data(), static_cast<int64_t>(x.size()));
      for (size_t i = 0; i < x.size(); ++i) {
        INFO(info_of(function.op).name << " of " << x[i] << " in " << width << " lanes");
        CHECK((got[i] == need[i] || (std::isnan(got[i]) && std::isnan(need[i]))));
      }
    }
  }
}

TEST_CASE("f64 functions agree with the C library") {
  std::vector<double> x;
  for (float v : special_operands()) x.push_back(v);
  while (x.size() % 8 != 0) x.push_back(1);
  for (const Target& target : targets_of_host()) {
    for (const MathFunction& function : math_functions()) {
      std::vector<double> z(x.size());
      MathLoop(function.op, f64, 8, target).run(x.data(), x.data(), z.data(), static_cast<int64_t>(x.size()));
      for (size_t i = 0; i < x.size(); ++i) {
        const double need = function.of_one ? function.of_one(x[i]) : function.of_two(x[i], x[i]);
        INFO(info_of(function.op).name << " of " << x[i] << ": got " << z[i] << ", need " << need);
        CHECK((z[i] == need || (std::isnan(z[i]) && std::isnan(need)) || std::fabs(z[i] - need) <= 1e-15 * std::fabs(need)));
      }
    }
  }
}

}  // namespace lathe::test
