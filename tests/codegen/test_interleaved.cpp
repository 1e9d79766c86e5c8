// Elements a small constant number apart: whole vectors and shuffles instead of single elements.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>

#include "bench/loops/loop_counts.h"
#include "jit/ir/text.h"
#include "tests/codegen/run_program.h"

namespace lathe::test {
namespace {

// `count` floats that end where the next byte faults.
class Guarded {
 public:
  explicit Guarded(int64_t count) {
    pages_ = static_cast<char*>(mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(pages_ + page, page, PROT_NONE);
    data = reinterpret_cast<float*>(pages_ + page) - count;
    for (int64_t i = 0; i < count; ++i) data[i] = static_cast<float>(i);
  }
  ~Guarded() { munmap(pages_, 2 * page); }
  float* data;

 private:
  static constexpr size_t page = 4096;
  char* pages_;
};

// Y[i*stride + c] = X[i*stride + c] + 1000 c for n whole blocks of lanes.
std::string channels(int stride, int lanes) {
  std::string text = "program p\nentry main(X: f32 readonly, Y: f32; n: i64) {\n  for i in 0, n serial {\n";
  for (int c = 0; c < stride; ++c) {
    text += fmt::format("    Y[ramp(i*{0} + {1}, {2}, {3})] = X[ramp(i*{0} + {1}, {2}, {3})] + broadcast(f32({4}), {3})\n",
                        lanes * stride, c, stride, lanes, 1000 * c);
  }
  return text + "  }\n}\n";
}

}  // namespace

TEST_CASE("interleaved channels come apart and together again") {
  for (const Target& target : runnable_targets()) {
    for (int stride : {2, 3, 4}) {
      for (int lanes : {4, 5, 8, 16}) {
        CAPTURE(target.name);
        CAPTURE(stride);
        CAPTURE(lanes);
        Compiled code(channels(stride, lanes), target);
        const int64_t count = 2 * lanes * stride;
        Guarded x(count), y(count);
        REQUIRE(code.run({x.data, y.data}, {2}) == 0);
        for (int64_t i = 0; i < count; ++i) REQUIRE(y.data[i] == static_cast<float>(i + 1000 * (i % stride)));
      }
    }
  }
}

TEST_CASE("a single channel is read without touching what lies behind its last element") {
  for (const Target& target : runnable_targets()) {
    for (int stride : {2, 3, 4}) {
      Compiled code(fmt::format("program p\nentry main(X: f32 readonly, Y: f32) {{\n"
                                "  Y[ramp(0, 1, 8)] = X[ramp(0, {}, 8)]\n}}\n", stride), target);
      Guarded x(7 * stride + 1), y(8);
      REQUIRE(code.run({x.data, y.data}) == 0);
      for (int64_t i = 0; i < 8; ++i) REQUIRE(y.data[i] == static_cast<float>(i * stride));
    }
  }
}

TEST_CASE("stores that read what the one before wrote are not merged") {
  for (const Target& target : runnable_targets()) {
    Compiled code("program p\nentry main(Y: f32) {\n"
                  "  Y[ramp(0, 2, 8)] = Y[ramp(0, 2, 8)] + broadcast(f32(1), 8)\n"
                  "  Y[ramp(1, 2, 8)] = Y[ramp(0, 2, 8)]\n}\n", target);
    Guarded y(16);
    REQUIRE(code.run({y.data}) == 0);
    for (int64_t i = 0; i < 8; ++i) {
      REQUIRE(y.data[2 * i] == static_cast<float>(2 * i + 1));
      REQUIRE(y.data[2 * i + 1] == static_cast<float>(2 * i + 1));
    }
  }
}

TEST_CASE("three channels take whole loads and stores") {
  const Target target = test_target("x86-64-v4");
  const auto loops = loops::innermost_loops(assembly_text(ir::parse_program(channels(3, 16)), target), "main");
  REQUIRE(loops.size() == 1);
  INFO(loops[0].text());
  const loops::LoopCounts counts = loops::counts_of(loops[0], target);
  CHECK(loops[0].count("vmovss") == 0);
  CHECK(loops[0].count("vextract") == 0);
  CHECK(counts.spills == 0);
  CHECK(loops[0].count("vperm") <= 12);
  CHECK(counts.loads == 3);
}

TEST_CASE("channels that are read together touch nothing outside of what is read") {
  for (const Target& target : runnable_targets()) {
    // Each text: 8 pixels of three channels of which some are read, the last of them at the end of a page.
    for (const std::vector<int>& read : {std::vector<int>{0, 2}, {0, 1}, {1, 2}, {2, 1, 0}}) {
      std::string text = "program p\nentry main(X: f32 readonly, Y: f32) {\n";
      for (int c : read) text += fmt::format("  Y[ramp({0}, 1, 8)] = X[ramp({1}, 3, 8)]\n", 8 * c, c);
      Compiled code(text + "}\n", target);
      const int64_t last = *std::max_element(read.begin(), read.end());
      Guarded x(7 * 3 + last + 1), y(24);
      REQUIRE(code.run({x.data, y.data}) == 0);
      for (int c : read) {
        for (int64_t i = 0; i < 8; ++i) REQUIRE(y.data[8 * c + i] == static_cast<float>(3 * i + c));
      }
    }
  }
}

TEST_CASE("a store between channels that are read together is seen") {
  for (const Target& target : runnable_targets()) {
    Compiled code("program p\nentry main(X: f32, Y: f32) {\n"
                  "  Y[ramp(0, 1, 8)] = X[ramp(0, 2, 8)]\n"
                  "  X[3] = f32(100)\n"
                  "  Y[ramp(8, 1, 8)] = X[ramp(1, 2, 8)]\n}\n", target);
    Guarded x(16), y(16);
    REQUIRE(code.run({x.data, y.data}) == 0);
    for (int64_t i = 0; i < 8; ++i) {
      REQUIRE(y.data[i] == static_cast<float>(2 * i));
      REQUIRE(y.data[8 + i] == (i == 1 ? 100.f : static_cast<float>(2 * i + 1)));
    }
  }
}

}  // namespace lathe::test
