// Forms of products that constructed schedules have: few rows, few terms, and operands whose terms lie side by side.
#include <doctest/doctest.h>

#include <string>

#include "jit/runtime/pack.h"
#include "lang/oracle.h"
#include "tests/source_dir.h"
#include "tests/whole/schedule_trials.h"

namespace lathe {
namespace {

constexpr const char* product =
    "product(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n";
constexpr const char* scaled =
    "scaled(A: f32[M, K], B: i8[K, N], s: f32[(K + 31)/32, N]) -> C: f32[M, N]\n  C[i, j] = sum(k < K: A[i, k] * (f32(B[k, j]) * s[k/32, j]))\n";
constexpr const char* four_bits =
    "packed(A: f32[M, K], B: i4[K, N]) -> C: f32[M, N]\n  C[i, j] = sum(k < K: A[i, k] * f32(B[k, j]))\n";
constexpr const char* across =
    "across(A: f32[M, K], B: f32[N, K]) -> C: f32[M, N]\n  C[i, j] = sum(k < K: A[i, k] * B[j, k])\n";
constexpr const char* distances =
    "distances(A: i8[L, M, K], B: i8[L, N, K]) -> C: i32[L, M, N]\n  C[l, i, j] = sum(k < K: abs(i32(A[l, i, k]) - i32(B[l, j, k])))\n";
constexpr const char* linear =
    "linear(X: f32[M, K], W: f32[N, K], bias: f32[N], R: f32[M, N]) -> Y: f32[M, N]\n"
    "  S[i, j] = sum(k < K: (X[i, k] - W[j, k]) * (X[i, k] - W[j, k]))\n  Y[i, j] = exp(-S[i, j]) + bias[j] * R[i, j]\n";
constexpr const char* weighted =
    "weighted(q: f32[H, M, D], k: f32[H, N, D], v: f32[H, N, D]) -> O: f32[H, M, D]\n"
    "  score[h, i, j] = sum(d < D: q[h, i, d] * k[h, j, d])\n  O[h, i, d] = sum(j < N: score[h, i, j] * v[h, j, d])\n";

}  // namespace

TEST_CASE("products of few rows have bodies for fewer, and stream what they read once") {
  const std::string text = constructed(product, "x86-64-v4");
  has(text, "specialize(M <= 12)");
  has(text, "split(j, jp, jj, 2048, even)");
  has(text, "rows: full, 2/3, 1/3, 1/12");
  has(constructed(scaled, "x86-64-v4"), "split(k, ko, ki, 16).split(j, jp, jj, 8192, even)");   // blocks of terms end where those of s do
  for (int64_t m : {1, 2, 3, 4, 5, 8, 9, 12}) computes_constructed(product, {{{"M", m}, {"N", 5003}, {"K", 19}}});
  computes_constructed(scaled, {{{"M", 1}, {"N", 9001}, {"K", 70}}, {{"M", 5}, {"N", 37}, {"K", 33}}, {{"M", 2}, {"N", 64}, {"K", 0}}});
  computes_constructed(four_bits, {{{"M", 1}, {"N", 18003}, {"K", 17}}, {{"M", 4}, {"N", 9001}, {"K", 5}}, {{"M", 3}, {"N", 33}, {"K", 1}}});
}

TEST_CASE("products of few terms are written row after row") {
  has(constructed(product, "x86-64-v4"), "(K <= 16 and 4 * M * N > target.L2 / 2)) {\n  C.tile(j, i -> jo, io, ji, ii; width 32: 14 rows; even).reorder(io, jo, k, ii, ji)");
  computes_constructed(product, {{{"M", 29}, {"N", 70}, {"K", 4}}, {{"M", 1500}, {"N", 250}, {"K", 2}}, {{"M", 13}, {"N", 30001}, {"K", 1}}});
}

TEST_CASE("an operand whose terms lie side by side is copied with rows and terms exchanged where many rows read it") {
  for (const char* level : {"x86-64-v3", "x86-64-v4"}) {
    has(constructed(across, level), "B.stage_at(C, " + std::string(level == std::string("x86-64-v3") ? "jp" : "jo") + ").layout(ki, ji)");
    has(constructed(weighted, level), "k.stage_at(score");
    has(constructed(linear, level), "W.stage_at(S, ");
  }
  computes_constructed(across, {{{"M", 13}, {"N", 16}, {"K", 1}}, {{"M", 40}, {"N", 67}, {"K", 35}}, {{"M", 14}, {"N", 200}, {"K", 16}},
                                {{"M", 60}, {"N", 31}, {"K", 0}}, {{"M", 3}, {"N", 40}, {"K", 40}}});
  computes_constructed(linear, {{{"M", 14}, {"N", 33}, {"K", 20}}, {{"M", 27}, {"N", 130}, {"K", 3}}, {{"M", 2}, {"N", 50}, {"K", 17}}});
  computes_constructed(distances, {{{"L", 2}, {"M", 30}, {"N", 70}, {"K", 33}}, {{"L", 1}, {"M", 14}, {"N", 128}, {"K", 64}}});
  computes_constructed(weighted, {{{"H", 2}, {"M", 29}, {"N", 45}, {"D", 20}}, {{"H", 1}, {"M", 14}, {"N", 32}, {"D", 16}},
                                  {{"H", 3}, {"M", 1}, {"N", 50}, {"D", 64}}, {{"H", 1}, {"M", 20}, {"N", 3}, {"D", 33}}});
}

TEST_CASE("few rows by constant weights, packed beforehand, are what they are by those that come as they lie") {
  const SourceFile file = read_lathe_file(source_dir() + "/bench/packed.lathe");
  const Operator& op = file.operators.at(0);
  for (const char* level : {"x86-64-v3", "x86-64-v4"}) {
    const std::optional<Target> target = target_to_test(level);
    if (!target) continue;
    const Kernel kernel = compile(op, {.schedule = schedule_for(file, op, target->level), .target = target});
    for (const auto& sizes : Sizes{{{"M", 7}, {"N", 131}, {"K", 45}}, {{"M", 1}, {"N", 64}, {"K", 3}}, {{"M", 17}, {"N", 1}, {"K", 0}}}) {
      const CheckOptions check{.seed = 3, .exact = true};
      const CheckData data = make_check_data(op, sizes, check);
      const PackedCall call(kernel, data.bindings.tensors);
      kernel.run(call.arguments(), {.threads = 2}, {});
      CHECK(compare(op, data, check).first_difference == "");
    }
  }
}

}  // namespace lathe
