// The loops of hand-written register tiles: what the assembly of a hot loop may and may not contain.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "bench/loops/loop_counts.h"
#include "jit/ir/text.h"
#include "tests/codegen/run_program.h"

namespace lathe::test {
namespace {

// C[rows, vectors * lanes] = A[rows, K] B[K, N]: everything at run-time strides.
std::string tile(int rows, int vectors, int lanes) {
  std::string text =
      "program tile\nunit body(A: f32 readonly, B: f32 readonly, C: f32; K: i64, la: i64, lb: i64, lc: i64) {\n";
  text += fmt::format("  alloc acc: f32[{}] registers\n", rows * vectors * lanes);
  const auto acc = [&](int r, int v) { return fmt::format("acc[ramp({}, 1, {})]", (r * vectors + v) * lanes, lanes); };
  const auto each = [&](const auto& line) {
    for (int r = 0; r < rows; ++r) {
      for (int v = 0; v < vectors; ++v) text += line(r, v);
    }
  };
  each([&](int r, int v) { return fmt::format("  {} = broadcast(f32(0), {})\n", acc(r, v), lanes); });
  text += "  for k in 0, K serial {\n";
  each([&](int r, int v) {
    return fmt::format("    {0} = fma(broadcast(A[{1} * la + k], {2}), B[ramp(k * lb + {3}, 1, {2})], {0})\n",
                       acc(r, v), r, lanes, v * lanes);
  });
  text += "  }\n";
  each([&](int r, int v) {
    return fmt::format("  C[ramp({} * lc + {}, 1, {})] = {}\n", r, v * lanes, lanes, acc(r, v));
  });
  return text +
         "}\nentry main(A: f32 readonly, B: f32 readonly, C: f32; K: i64, la: i64, lb: i64, lc: i64) {\n"
         "  call body(A + 0, B + 0, C + 0; K, la, lb, lc)\n}\n";
}

loops::AsmLoop k_loop(int rows, int vectors, int lanes, const std::string& target) {
  const std::string assembly = assembly_text(ir::parse_program(tile(rows, vectors, lanes)), test_target(target));
  const auto loops = loops::innermost_loops(assembly, "body");
  REQUIRE(loops.size() == 1);
  return loops[0];
}

void check_tile(const loops::AsmLoop& loop, int rows, int vectors, const std::string& target) {
  INFO(loop.text());
  const loops::LoopCounts counts = loops::counts_of(loop, test_target(target));
  CHECK(loop.count("vfmadd") == rows * vectors);
  CHECK(counts.loads <= rows + vectors);
  CHECK(counts.spills == 0);
  CHECK(loop.count("imul") == 0);
}

}  // namespace

TEST_CASE("a 6x16 tile on x86-64-v3 has 12 multiply-adds and 8 reads in its loop") {
  const loops::AsmLoop loop = k_loop(6, 2, 8, "x86-64-v3");
  check_tile(loop, 6, 2, "x86-64-v3");
  INFO(loop.text());
  CHECK(loop.count("vbroadcastss") == 6);
  CHECK(loop.instructions.size() <= 12 + 8 + 4);
}

TEST_CASE("a 6x64 tile on x86-64-v4 has 24 multiply-adds and 10 reads in its loop") {
  const loops::AsmLoop loop = k_loop(6, 4, 16, "x86-64-v4");
  check_tile(loop, 6, 4, "x86-64-v4");
  INFO(loop.text());
  CHECK(loop.count("vpbroadcastd") == 6);
  CHECK(loop.instructions.size() <= 24 + 10 + 4);
}

// vbroadcastss with an EVEX prefix takes a turn of the arithmetic units on some cores: docs/design/register-tiles.md.
TEST_CASE("the load unit alone does the broadcasts of a tile of full vectors") {
  for (int vectors : {1, 2, 4}) {
    const loops::AsmLoop loop = k_loop(6, vectors, 16, "x86-64-v4");
    INFO(loop.text());
    CHECK(loop.count("vbroadcasts") == 0);
  }
}

TEST_CASE("tiles with more rows than address registers keep their addresses in registers") {
  for (int rows : {12, 14}) {
    const loops::AsmLoop loop = k_loop(rows, 2, 16, "x86-64-v4");
    check_tile(loop, rows, 2, "x86-64-v4");
    INFO(loop.text());
    CHECK(loop.count("mov") == 0);
  }
}

TEST_CASE("a tile computes the product it says") {
  for (const Target& target : runnable_targets()) {
    const int lanes = target.lanes(4), rows = 5, vectors = 2, n = vectors * lanes, depth = 7;
    std::vector<float> a(rows * depth), b(depth * n), c(rows * n, -1);
    for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i % 5) - 2;
    for (size_t i = 0; i < b.size(); ++i) b[i] = static_cast<float>(i % 7) - 3;
    Compiled code(tile(rows, vectors, lanes), target);
    CHECK(code.run({a.data(), b.data(), c.data()}, {depth, depth, n, n}) == 0);
    for (int i = 0; i < rows; ++i) {
      for (int j = 0; j < n; ++j) {
        float sum = 0;
        for (int k = 0; k < depth; ++k) sum += a[i * depth + k] * b[k * n + j];
        REQUIRE(c[i * n + j] == sum);
      }
    }
    CHECK(code.stats.code_bytes > 0);
    CHECK(code.stats.ir_instructions > 0);
  }
}

}  // namespace lathe::test
