// Sums whose results are few along one index: constructed schedules keep that index out of the lanes.
#include <doctest/doctest.h>

#include <string>

#include "tests/whole/schedule_trials.h"

namespace lathe {
namespace {

constexpr const char* product =
    "product(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n";
constexpr const char* groups =
    "groups(X: f32[H, W, G, C], F: f32[G, R, S, C, O]) -> Y: f32[H, W, G, O]\n  size R in 1..9\n  size S in 1..9\n"
    "  P[y, x, g, c] = X[y - 1, x - 1, g, c] outside 0\n"
    "  Y[y, x, g, o] = sum(r < R, s < S, c < C: P[y + r, x + s, g, c] * F[g, r, s, c, o])\n";
constexpr const char* rows =
    "rows(X: f32[M, N]) -> Y: f32[M, N]\n  square[i] = sum(k < N: X[i, k] * X[i, k])\n  Y[i, j] = X[i, j] / sqrt(square[i] + 1)\n";

}  // namespace

TEST_CASE("sums over short results run in lanes of terms, and copy what those read apart") {
  const std::string text = constructed(product, "x86-64-v3");
  CHECK(text.find("specialize(M > 12 and N < 8)") != std::string::npos);
  CHECK(text.find("vectorize(ki)") != std::string::npos);
  CHECK(text.find("B.stage_at(C, j).layout(k)") != std::string::npos);
  CHECK(constructed(groups, "x86-64-v3").find("F.stage_at(Y, g).layout(r, s, o, c)") != std::string::npos);
}

TEST_CASE("sums over short results are right at every short size") {
  computes_constructed(product, {{{"M", 33}, {"N", 1}, {"K", 70}}, {{"M", 13}, {"N", 2}, {"K", 0}}, {{"M", 64}, {"N", 7}, {"K", 3}},
                                 {{"M", 20}, {"N", 5}, {"K", 17}}, {{"M", 15}, {"N", 0}, {"K", 8}}, {{"M", 14}, {"N", 8}, {"K", 9}}});
  computes_constructed(groups, {{{"H", 5}, {"W", 11}, {"G", 3}, {"C", 4}, {"O", 4}, {"R", 3}, {"S", 3}},
                                {{"H", 3}, {"W", 8}, {"G", 1}, {"C", 9}, {"O", 3}, {"R", 2}, {"S", 1}},
                                {{"H", 2}, {"W", 1}, {"G", 2}, {"C", 1}, {"O", 1}, {"R", 1}, {"S", 2}},
                                {{"H", 1}, {"W", 9}, {"G", 2}, {"C", 8}, {"O", 7}, {"R", 3}, {"S", 3}}});
}

TEST_CASE("sums inside the nest of their reader make sizes short up to three vectors, where the other index fills two") {
  CHECK(constructed(rows, "x86-64-v3").find("specialize((N < 8 or N < 24 and M >= 16) and M >= 2)") != std::string::npos);
  computes_constructed(rows, {{{"M", 8}, {"N", 23}}, {{"M", 7}, {"N", 23}}, {{"M", 16}, {"N", 24}}, {{"M", 16}, {"N", 9}}, {{"M", 17}, {"N", 8}},
                              {{"M", 3}, {"N", 7}}, {{"M", 33}, {"N", 15}}, {{"M", 1}, {"N", 1}}, {{"M", 9}, {"N", 0}}});
}

}  // namespace lathe
