// Sums of small independent problems: constructed schedules run lanes along the problems where columns are few.
#include <doctest/doctest.h>

#include <string>

#include "tests/whole/schedule_trials.h"

namespace lathe {
namespace {

// Each of G experts looks at its own C channels, at every second row.
constexpr const char* experts =
    "experts(X: f32[H, W, G, C], F: f32[G, O, R, S, C]) -> Y: f32[(H + 1)/2, W, G, O]\n"
    "  size H in 1..1048576\n  size R in 1..8\n  size S in 1..8\n"
    "  P[y, x, g, c] = X[y - 1, x - 1, g, c] outside 0\n"
    "  Y[y, x, g, o] = sum(r < R, s < S, c < C: P[2*y + r, x + s, g, c] * F[g, o, r, s, c])\n";
// The same with a bound instead of a product, and another order of dimensions.
constexpr const char* nearest =
    "nearest(X: f32[G, H, W, C], F: f32[C, S, O, G]) -> Y: f32[G, H, W, O]\n"
    "  size S in 1..8\n"
    "  P[g, y, x, c] = X[g, y, x - 2, c] outside edge\n"
    "  Y[g, y, x, o] = min(s < S, c < C: abs(P[g, y, x + s, c] - F[c, s, o, g]))\n";

// With an epilogue that reads inputs of its own.
constexpr const char* biased =
    "biased(X: f32[H, W, G, C], F: f32[G, R, S, C, O], b: f32[O]) -> Y: f32[H, W, G, O]\n  size R in 1..8\n  size S in 1..8\n"
    "  P[y, x, g, c] = X[y - 1, x - 1, g, c] outside 0\n  A[y, x, g, o] = sum(r < R, s < S, c < C: P[y + r, x + s, g, c] * F[g, r, s, c, o])\n"
    "  Y[y, x, g, o] = max(A[y, x, g, o] + b[o], 0)\n";

}  // namespace

TEST_CASE("lanes run along groups where each has few columns") {
  const std::string text = constructed(experts, "x86-64-v4");
  has(text, "specialize(O < 16 and (G >= 16 or G >= 8 and C < 16) and (H + 1) / 2 * W > 12)");
  has(text, "vectorize(gi)");
  has(text, ".layout(o, r, s, c, g)");
  has(text, ".layout(y, x, c, g)");
  has(constructed(biased, "x86-64-v4"), "vectorize(gi)");
}

TEST_CASE("lanes along groups are right at every number of groups, columns and terms") {
  computes_constructed(experts, {{{"H", 5}, {"W", 9}, {"G", 16}, {"C", 3}, {"O", 3}, {"R", 3}, {"S", 3}},
                                 {{"H", 7}, {"W", 5}, {"G", 37}, {"C", 1}, {"O", 1}, {"R", 1}, {"S", 2}},
                                 {{"H", 66}, {"W", 1}, {"G", 8}, {"C", 5}, {"O", 7}, {"R", 2}, {"S", 1}},
                                 {{"H", 9}, {"W", 6}, {"G", 19}, {"C", 18}, {"O", 15}, {"R", 3}, {"S", 1}},
                                 {{"H", 9}, {"W", 6}, {"G", 3}, {"C", 4}, {"O", 4}, {"R", 3}, {"S", 3}},
                                 {{"H", 9}, {"W", 6}, {"G", 20}, {"C", 0}, {"O", 4}, {"R", 3}, {"S", 3}}});
  computes_constructed(biased, {{{"H", 4}, {"W", 7}, {"G", 21}, {"C", 3}, {"O", 5}, {"R", 3}, {"S", 3}}, {{"H", 2}, {"W", 9}, {"G", 16}, {"C", 1}, {"O", 15}, {"R", 2}, {"S", 1}}});
  computes_constructed(nearest, {{{"G", 17}, {"H", 2}, {"W", 11}, {"C", 3}, {"O", 5}, {"S", 3}},
                                 {{"G", 32}, {"H", 1}, {"W", 14}, {"C", 17}, {"O", 2}, {"S", 5}}});
}

}  // namespace lathe
