// Vector accesses and stores of every shape, with and without masks, at every level the machine runs.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <numeric>

#include "bench/loops/assembly.h"
#include "jit/ir/text.h"
#include "tests/codegen/run_program.h"

namespace lathe::test {
namespace {

// `count` elements that end where the next byte faults.
template <class T> class Guarded {
 public:
  explicit Guarded(int64_t count, T value) {
    pages_ = static_cast<char*>(mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(pages_ + page, page, PROT_NONE);
    data_ = reinterpret_cast<T*>(pages_ + page) - count;
    std::fill_n(data_, count, value);
  }
  ~Guarded() { munmap(pages_, 2 * page); }
  T* data() { return data_; }
  T& operator[](int64_t i) { return data_[i]; }

 private:
  static constexpr size_t page = 4096;
  char* pages_;
  T* data_;
};

// Copies n elements in steps of `lanes`, the last step under a prefix mask.
std::string masked_copy(const std::string& type, int lanes) {
  return fmt::format(R"(program p
entry main(X: {0} readonly, Y: {0}; n: i64) {{
  for i in 0, (n + {1} - 1) / {1} serial {{
    let inside = ramp(i * {1}, 1, {1}) < broadcast(n, {1})
    let x = (X[ramp(i * {1}, 1, {1})] if inside)
    Y[ramp(i * {1}, 1, {1})] = x if inside
  }}
}}
)",
                     type, lanes);
}

template <class T> void check_masked_copy(const std::string& type, int lanes, const Target& target) {
  Compiled code(masked_copy(type, lanes), target);
  for (int64_t n : {0, 1, 7, 8, 9, 15, 16, 17, 33, 64, 65}) {
    Guarded<T> x(n, T(0)), y(n, T(1));
    for (int64_t i = 0; i < n; ++i) x[i] = T(i % 2);
    REQUIRE(code.run({x.data(), y.data()}, {n}) == 0);
    for (int64_t i = 0; i < n; ++i) REQUIRE(y[i] == x[i]);
  }
}

}  // namespace

TEST_CASE("lanes behind a bound are neither read nor written, in every type") {
  for (const Target& target : runnable_targets()) {
    for (int lanes : {4, 8, 16, 32}) {
      CAPTURE(target.name);
      CAPTURE(lanes);
      check_masked_copy<float>("f32", lanes, target);
      check_masked_copy<double>("f64", lanes, target);
      check_masked_copy<int64_t>("i64", lanes, target);
      check_masked_copy<int8_t>("i8", lanes, target);
      check_masked_copy<uint16_t>("u16", lanes, target);
      check_masked_copy<bool>("bool", lanes, target);
    }
  }
}

TEST_CASE("a mask of any shape turns lanes off; those read give 0") {
  for (const Target& target : runnable_targets()) {
    Compiled code(R"(program p
entry main(M: bool readonly, X: f32 readonly, Y: f32, Z: f32; s: i64) {
  let m = M[ramp(0, 1, 8)]
  Y[ramp(0, 1, 8)] = (X[ramp(0, 1, 8)] if m)
  Z[ramp(0, 1, 8)] = (X[ramp(0, 1, 8)]) if m
  Z[ramp(8, s, 8)] = (X[ramp(0, s, 8)] if m) if m
}
)",
                  target);
    const bool mask[] = {true, false, false, true, true, false, true, false};
    std::vector<float> x(16), y(8, -1), z(24, -1);
    std::iota(x.begin(), x.end(), 1.0f);
    CHECK(code.run({const_cast<bool*>(mask), x.data(), y.data(), z.data()}, {2}) == 0);
    for (size_t i = 0; i < 8; ++i) {
      CHECK(y[i] == (mask[i] ? x[i] : 0));
      CHECK(z[i] == (mask[i] ? x[i] : -1));
      CHECK(z[8 + 2 * i] == (mask[i] ? x[2 * i] : -1));
    }
  }
}

TEST_CASE("a scalar mask guards one element") {
  Compiled code(R"(program p
entry main(X: f64 readonly, Y: f64; n: i64) {
  for i in 0, 4 serial {
    Y[i] = (X[i] if i < n) + 1 if i < 3
  }
}
)");
  Guarded<double> x(2, 5);
  std::vector<double> y(4, -1);
  CHECK(code.run({x.data(), y.data()}, {2}) == 0);
  CHECK(y == std::vector<double>{6, 6, 1, -1});
}

TEST_CASE("vectors with constant, run-time and arbitrary strides are read lane by lane") {
  for (const Target& target : runnable_targets()) {
    Compiled code(R"(program p
entry main(X: i32 readonly, I: i64 readonly, Y: i32; s: i64) {
  for i in 0, 2 serial {
    Y[ramp(i * 16, 1, 4)] = X[ramp(i, 2, 4)]
    Y[ramp(i * 16 + 4, 1, 4)] = X[ramp(i, s, 4)]
    Y[ramp(i * 16 + 8, 1, 4)] = X[I[ramp(0, 1, 4)] + broadcast(i, 4)]
    Y[ramp(i * 16 + 12, 1, 4)] = X[broadcast(i + s, 4)]
  }
}
)",
                  target);
    std::vector<int32_t> x(20), y(32, -1);
    std::iota(x.begin(), x.end(), 0);
    std::vector<int64_t> indices = {7, 0, 3, 3};
    CHECK(code.run({x.data(), indices.data(), y.data()}, {5}) == 0);
    for (int i = 0; i < 2; ++i) {
      for (int l = 0; l < 4; ++l) {
        CHECK(y[i * 16 + l] == i + 2 * l);
        CHECK(y[i * 16 + 4 + l] == i + 5 * l);
        CHECK(y[i * 16 + 8 + l] == indices[l] + i);
        CHECK(y[i * 16 + 12 + l] == i + 5);
      }
    }
  }
}

TEST_CASE("of lanes stored to one element the last one stays") {
  Compiled code(R"(program p
entry main(X: i32 readonly, I: i64 readonly, Y: i32) {
  Y[I[ramp(0, 1, 4)]] = X[ramp(0, 1, 4)]
  Y[broadcast(3, 4)] = X[ramp(0, 1, 4)]
}
)");
  std::vector<int32_t> x = {10, 11, 12, 13}, y(4, -1);
  std::vector<int64_t> indices = {1, 0, 1, 1};
  CHECK(code.run({x.data(), indices.data(), y.data()}) == 0);
  CHECK(y == std::vector<int32_t>{11, 13, -1, 13});
}

TEST_CASE("more rows than there are address registers read the right elements") {
  std::string text = "program p\nentry main(X: f32 readonly, Y: f32; s: i64, n: i64) {\n  for k in 1, n serial {\n";
  constexpr int rows = 20;
  for (int r = 0; r < rows; ++r) text += fmt::format("    Y[k * {} + {}] = X[{} * s + k]\n", rows, r, (r * 7) % rows);
  Compiled code(text + "  }\n}\n");
  constexpr int64_t stride = 9, n = 5;
  std::vector<float> x(rows * stride + n), y((n + 1) * rows, -1);
  std::iota(x.begin(), x.end(), 0.0f);
  CHECK(code.run({x.data(), y.data()}, {stride, n}) == 0);
  for (int k = 1; k <= n; ++k) {
    for (int r = 0; r < rows; ++r) CHECK(y[k * rows + r] == x[(r * 7) % rows * stride + k]);
  }
}

TEST_CASE("clamped rows are addressed outside of the loop") {
  const char* text = R"(program p
unit body(X: f32 readonly, Y: f32; s: i64, n: i64, rows: i64) {
  for k in 0, n serial {
    Y[k] = X[min(2, rows - 1) * s + k] + X[min(3, rows - 1) * s + k]
  }
}
entry main(X: f32 readonly, Y: f32; s: i64, n: i64, rows: i64) {
  call body(X + 0, Y + 0; s, n, rows)
}
)";
  std::vector<float> x(12), y(3, -1);
  std::iota(x.begin(), x.end(), 0.0f);
  Compiled code(text);
  CHECK(code.run({x.data(), y.data()}, {3, 3, 3}) == 0);
  CHECK(y == std::vector<float>{12, 14, 16});
  const auto loops = loops::innermost_loops(assembly_text(ir::parse_program(text), test_target("x86-64-v3")), "body");
  REQUIRE(loops.size() == 1);
  INFO(loops[0].text());
  CHECK(loops[0].instructions.size() == 6);
}

TEST_CASE("stores without mask registers do not use masked moves") {
  const std::string assembly = assembly_text(ir::parse_program(masked_copy("f32", 8)), test_target("x86-64-v3"));
  const std::string text = loops::function_named(assembly, "main").text();
  INFO(text);
  // One masked load, "vmaskmovps (memory), mask, value"; a store would end in the memory operand.
  const size_t at = text.find("vmaskmovps");
  REQUIRE(at != std::string::npos);
  CHECK(text.find("vmaskmovps", at + 1) == std::string::npos);
  CHECK(text[text.find('\n', at) - 1] != ')');
}

TEST_CASE("with mask registers a mask that does not change is made before the loop") {
  const char* body = R"(program p
entry main(X: f32 readonly, Y: f32; n: i64, m: i64) {
  alloc r: f32[16] registers
  r[ramp(0, 1, 16)] = broadcast(f32(0), 16)
  for k in 0, n serial {
    r[ramp(0, 1, 16)] = r[ramp(0, 1, 16)] + (X[ramp(k * 40, 1, 16)] if ramp(0, 1, 16) < broadcast(m, 16))
  }
  Y[ramp(0, 1, 16)] = (r[ramp(0, 1, 16)]) if ramp(0, 1, 16) < broadcast(m, 16)
}
)";
  const auto loops = loops::innermost_loops(assembly_text(ir::parse_program(body), test_target("x86-64-v4")), "main");
  REQUIRE(loops.size() == 1);
  INFO(loops[0].text());
  CHECK(loops[0].instructions.size() <= 6);
  CHECK(loops[0].text().find("zmm") != std::string::npos);
}

TEST_CASE("a streaming store is non-temporal") {
  const char* text = R"(program p
entry main(Y: f32; n: i64) {
  for i in 0, n serial {
    stream Y[ramp(i * 8, 1, 8)] = broadcast(f32(2), 8)
  }
}
)";
  const std::string assembly = assembly_text(ir::parse_program(text), test_target("x86-64-v3"));
  CHECK(assembly.find("vmovntps") != std::string::npos);
}

TEST_CASE("whether stores bypass the caches is asked once in straight code") {
  const char* text = R"(program p
entry main(X: f32 readonly, Y: f32; n: i64) {
  let a = X[ramp(0, 1, 8)] + broadcast(f32(1), 8)
  stream(n > 4) Y[ramp(0, 1, 8)] = a
  let b = a + X[ramp(8, 1, 8)]
  stream(n > 4) Y[ramp(8, 1, 8)] = b
}
)";
  const std::string assembly = assembly_text(ir::parse_program(text), test_target("x86-64-v3"));
  size_t streaming = 0, branches = 0;
  for (size_t at = 0; (at = assembly.find("vmovntps", at)) != std::string::npos; ++at) ++streaming;
  for (size_t at = 0; (at = assembly.find("\tj", at)) != std::string::npos; ++at) branches += assembly.substr(at, 5) != "\tjmp\t";
  INFO(assembly);
  CHECK(streaming == 2);
  CHECK(branches == 1);
}

TEST_CASE("stores that may bypass the caches keep their order with reads and other stores") {
  const char* text = R"(program p
entry main(X: f32 readonly, Y: f32; n: i64) {
  stream(n > 4) Y[ramp(0, 1, 8)] = X[ramp(0, 1, 8)]
  stream(n > 4) Y[ramp(8, 1, 8)] = Y[ramp(0, 1, 8)] * broadcast(f32(2), 8)
  Y[9] = f32(-1)
  for i in 0, n serial {
    stream(n > 4) Y[ramp(0, 1, 8)] = Y[ramp(0, 1, 8)] + broadcast(f32(1), 8)
  }
}
)";
  if (!host_runs("x86-64-v3")) return;
  for (int64_t n : {3, 5}) {
    Compiled code(text);
    alignas(64) float x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, y[16] = {};
    REQUIRE(code.run({x, y}, {n}) == 0);
    for (int i = 0; i < 8; ++i) {
      CHECK(y[i] == x[i] + static_cast<float>(n));
      CHECK(y[8 + i] == (i == 1 ? -1 : 2 * x[i]));
    }
  }
}

TEST_CASE("a prefetch is one instruction and never faults") {
  const char* text = R"(program p
entry main(Y: f32; n: i64) {
  prefetch Y[n * 1000000] write
  prefetch Y[n] read
}
)";
  Compiled code(text);
  float y = 0;
  CHECK(code.run({&y}, {1 << 30}) == 0);
  const std::string assembly = assembly_text(ir::parse_program(text), test_target("x86-64-v3"));
  CHECK(assembly.find("prefetch") != std::string::npos);
}

TEST_CASE("a line is asked for once in a piece of straight code") {
  const char* text = R"(program p
entry main(Y: f32; n: i64) {
  prefetch Y[n] read
  prefetch Y[n + 1] read
  prefetch Y[n + 16] read
}
)";
  const std::string assembly = assembly_text(ir::parse_program(text), test_target("x86-64-v3"));
  int found = 0;
  for (size_t at = assembly.find("prefetcht"); at != std::string::npos; at = assembly.find("prefetcht", at + 1)) ++found;
  CHECK(found == 2);
}

TEST_CASE("a line wanted soon goes into the first level, others into the second") {
  const auto assembly_of = [](const std::string& request) {
    const std::string text = "program p\nentry main(Y: f32; n: i64) {\n  prefetch Y[n] " + request + "\n}\n";
    return assembly_text(ir::parse_program(text), test_target("x86-64-v3"));
  };
  CHECK(assembly_of("soon").find("prefetcht0") != std::string::npos);
  CHECK(assembly_of("read").find("prefetcht1") != std::string::npos);
}

TEST_CASE("an accumulator of max_number is one instruction a vector") {
  const char* text = R"(program p
entry main(X: f32 readonly, Y: f32; n: i64) {
  alloc r: f32[8] registers
  r[ramp(0, 1, 8)] = broadcast(f32(-inf), 8)
  for k in 0, n serial {
    r[ramp(0, 1, 8)] = max_number(r[ramp(0, 1, 8)], X[ramp(k * 8, 1, 8)])
  }
  Y[ramp(0, 1, 8)] = max(r[ramp(0, 1, 8)], broadcast(f32(0), 8))
}
)";
  const std::string assembly = assembly_text(ir::parse_program(text), test_target("x86-64-v3"));
  const auto loops = loops::innermost_loops(assembly, "main");
  REQUIRE(loops.size() == 1);
  INFO(loops[0].text());
  CHECK(loops[0].count("vmax") == 1);
  CHECK(loops[0].count("v") <= 2);
  CHECK(loops::function_named(assembly, "main").text().find("vblend") == std::string::npos);
}

}  // namespace lathe::test
