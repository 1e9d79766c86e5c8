// Floats of packed elements of four bits.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "bench/loops/loop_counts.h"
#include "jit/ir/text.h"
#include "tests/codegen/run_program.h"

namespace lathe::test {
namespace {

// Y[16 i + l] = a float of element 16 i + l of X, of which those below m count; `of` is written of the four bits h.
std::string floats_of(const std::string& of, const std::string& first = "0", bool masked = false) {
  const std::string mask = masked ? " if ramp(0, 1, 16) < broadcast(m, 16)" : "";
  std::string value = of;
  const std::string half = fmt::format("select(ramp({}, 1, 16) % broadcast(2, 16) == broadcast(1, 16), x >> broadcast(u8(4), 16), x & broadcast(u8(15), 16))", first);
  value.replace(value.find('h'), 1, half);
  return fmt::format("program p\nentry main(X: u8 readonly, Y: f32; n: i64, m: i64) {{\n  for i in 0, n serial {{\n"
                     "    let x = X[broadcast(i*8, 16) + ramp({}, 1, 16)/broadcast(2, 16)]{}\n    Y[ramp(i*16, 1, 16)] = {}\n  }}\n}}\n", first, mask, value);
}

constexpr const char* signed_value = "f32x16(i8x16(h ^ broadcast(u8(8), 16)) - broadcast(i8(8), 16))";
constexpr const char* scaled = "f32x16(i32x16(h) * broadcast(i32(3), 16) - broadcast(i32(7), 16))";

std::vector<uint8_t> all_bytes() {
  std::vector<uint8_t> bytes(256 + 8);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(37 * i + 5);
  return bytes;
}

int half_of(const std::vector<uint8_t>& bytes, int64_t at) { return at % 2 == 1 ? bytes[static_cast<size_t>(at / 2)] >> 4 : bytes[static_cast<size_t>(at / 2)] & 15; }

}  // namespace

TEST_CASE("every value of every half byte becomes its float") {
  std::vector<uint8_t> bytes = all_bytes();
  for (const Target& target : runnable_targets()) {
    std::vector<float> y(512);
    Compiled plain(floats_of(signed_value), target), formula(floats_of(scaled), target);
    REQUIRE(plain.run({bytes.data(), y.data()}, {32, 16}) == 0);
    for (int64_t i = 0; i < 512; ++i) REQUIRE(y[static_cast<size_t>(i)] == static_cast<float>((half_of(bytes, i) ^ 8) - 8));
    REQUIRE(formula.run({bytes.data(), y.data()}, {32, 16}) == 0);
    for (int64_t i = 0; i < 512; ++i) REQUIRE(y[static_cast<size_t>(i)] == static_cast<float>(3 * half_of(bytes, i) - 7));
  }
}

TEST_CASE("lanes of half bytes that are off are those of zero") {
  std::vector<uint8_t> bytes = all_bytes();
  for (const Target& target : runnable_targets()) {
    Compiled code(floats_of(scaled, "0", true), target);
    for (int64_t on : {0, 1, 7, 8, 15, 16}) {
      CAPTURE(on);
      std::vector<float> y(16);
      REQUIRE(code.run({bytes.data(), y.data()}, {1, on}) == 0);
      for (int64_t l = 0; l < 16; ++l) REQUIRE(y[static_cast<size_t>(l)] == static_cast<float>((l < on ? 3 * half_of(bytes, l) : 0) - 7));
    }
  }
}

TEST_CASE("half bytes are right where the first one is the upper half") {
  std::vector<uint8_t> bytes = all_bytes();
  for (const Target& target : runnable_targets()) {
    std::vector<float> y(32);
    Compiled code(floats_of(signed_value, "1"), target);
    REQUIRE(code.run({bytes.data(), y.data()}, {2, 16}) == 0);
    for (int64_t i = 0; i < 32; ++i) REQUIRE(y[static_cast<size_t>(i)] == static_cast<float>((half_of(bytes, i + 1) ^ 8) - 8));
  }
}

TEST_CASE("half bytes take one look into a table") {
  const Target target = test_target("x86-64-v4");
  for (const bool masked : {false, true}) {
    const auto loops = loops::innermost_loops(assembly_text(ir::parse_program(floats_of(signed_value, "0", masked)), target), "main");
    REQUIRE(loops.size() == 1);
    INFO(loops[0].text());
    CHECK(loops[0].count("vperm") == 1);
    CHECK(loops[0].count("vcvt") == 0);
    CHECK(loops[0].count("kshift") == 0);
  }
}

}  // namespace lathe::test
