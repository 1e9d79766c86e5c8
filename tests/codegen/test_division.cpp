// A vector divided by one number: by its reciprocal where that gives the same bits.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "tests/codegen/run_program.h"

namespace lathe::test {
namespace {

constexpr const char* program =
    "program p\nentry main(X: f32 readonly, D: f32 readonly, Y: f32; n: i64) {\n  let d = D[0]\n  for i in 0, n serial {\n"
    "    Y[ramp(i*16, 1, 16)] = X[ramp(i*16, 1, 16)] / broadcast(d, 16)\n  }\n}\n";

uint32_t bits(float x) {
  uint32_t all = 0;
  std::memcpy(&all, &x, sizeof all);
  return all;
}

float number(uint32_t all) {
  float x = 0;
  std::memcpy(&x, &all, sizeof x);
  return x;
}

int differences(Compiled& compiled, std::vector<float>& x, float d) {
  std::vector<float> y(x.size());
  compiled.run({x.data(), &d, y.data()}, {static_cast<int64_t>(x.size() / 16)});
  int found = 0;
  for (size_t i = 0; i < x.size(); ++i) found += std::isnan(x[i] / d) ? !std::isnan(y[i]) : bits(x[i] / d) != bits(y[i]);
  return found;
}

}  // namespace

TEST_CASE("vectors divided by one number are rounded as divisions are, whatever the bits") {
  std::mt19937 random(7);
  for (const Target& target : runnable_targets()) {
    Compiled compiled(program, target);
    std::vector<float> x(16 * 64);
    int found = 0;
    for (int round = 0; round < 4000; ++round) {
      // Every second round all exponents are near 1, so that quotients come from reciprocals; the others meet all floats.
      const auto any = [&] { return number(round % 2 ? (random() & 0x807fffffu) | (117 + random() % 20) << 23 : random()); };
      for (float& value : x) value = any();
      found += differences(compiled, x, any());
    }
    CHECK_MESSAGE(found == 0, target.name);
  }
}

TEST_CASE("quotients next to the middle between two floats, and the ends of the floats' range, are right") {
  for (const Target& target : runnable_targets()) {
    Compiled compiled(program, target);
    int found = 0;
    for (uint32_t significand = 0; significand < 4096; ++significand) {
      const float d = number(0x3f800000u + significand * 2048 + significand % 2047);
      std::vector<float> x;
      for (uint32_t q = 0; q < 16; ++q) {                   // products with (2^24 + 2 q + 1) / 2^24 lie next to a middle
        const float near = static_cast<float>(static_cast<double>(d) * (1 + (2.0 * q * 997 + 1) * 0x1p-24));
        for (const int step : {-1, 0, 1}) x.push_back(number(bits(near) + static_cast<uint32_t>(step)));
      }
      found += differences(compiled, x, d) + differences(compiled, x, -d);
    }
    std::vector<float> ends{0.f, -0.f, 1e-45f, -1e-45f, 1e-38f, 1e-30f, 3e38f, -3e38f, 1e30f, INFINITY, -INFINITY, NAN, 1.f, -1.f, 0x1p-90f, 0x1p90f};
    for (const float d : {0.f, -0.f, 1e-45f, 1e-38f, 3e38f, INFINITY, NAN, 1.f, -3.f, 0x1p-32f, 0x1p32f, 0x1p31f}) found += differences(compiled, ends, d);
    for (const float value : ends) {
      std::vector<float> same(16, value);
      for (const float d : {0.f, 1e-45f, 3e38f, INFINITY, 7.f, 0x1.fffffep-33f, 0x1p-31f}) found += differences(compiled, same, d);
    }
    CHECK_MESSAGE(found == 0, target.name);
  }
}

}  // namespace lathe::test
