// Windows over padded rows: wide pictures are read where they lie, by bodies at borders that ask for every rule.
#include <doctest/doctest.h>

#include <string>

#include "tests/whole/schedule_trials.h"

namespace lathe {
namespace {

constexpr const char* padded =
    "padded(X: f32[H, W, C], F: f32[R, S, C]) -> Y: f32[(H + 1)/2, W - 2 + S/3, C]\n  size H in 1..1048576\n  size W in 3..1048576\n"
    "  size R in 1..8\n  size S in 1..8\n"
    "  P[y, x, c] = X[y - 1, x - 1, c] outside 0\n  Y[y, x, c] = sum(r < R, s < S: P[2*y + r, x + s, c] * F[r, s, c])\n";
constexpr const char* dilated =                             // no product, other borders, windows of known size
    "dilated(X: f32[H, W, C]) -> Y: f32[H, W, C]\n"
    "  P[y, x, c] = X[y - 2, x - 4, c] outside edge\n  Y[y, x, c] = max_number(r < 3, s < 3: P[y + 2*r, x + 4*s, c])\n";

}  // namespace

TEST_CASE("padded rows of wide pictures are not copied") {
  const std::string text = constructed(padded, "x86-64-v4");
  has(text, "specialize(C >= 16 and W - 2 + S / 3 >= 48 and (R == 3 and S == 3))");
  has(text, "width 32: 8 rows, 16: 8");
  has(text, "P.compute_at(Y, yi)");                         // of others they are
}

TEST_CASE("pictures read where they lie are right at all borders") {
  computes_constructed(padded, {{{"H", 5}, {"W", 60}, {"C", 16}, {"R", 3}, {"S", 3}}, {{"H", 1}, {"W", 50}, {"C", 40}, {"R", 3}, {"S", 3}},
                                {{"H", 6}, {"W", 101}, {"C", 19}, {"R", 5}, {"S", 5}}, {{"H", 3}, {"W", 49}, {"C", 33}, {"R", 2}, {"S", 3}},
                                {{"H", 4}, {"W", 9}, {"C", 33}, {"R", 3}, {"S", 3}}, {{"H", 4}, {"W", 64}, {"C", 5}, {"R", 3}, {"S", 3}}});
  computes_constructed(dilated, {{{"H", 7}, {"W", 70}, {"C", 35}}, {{"H", 1}, {"W", 48}, {"C", 16}}, {{"H", 3}, {"W", 10}, {"C", 20}}, {{"H", 2}, {"W", 55}, {"C", 8}}});
}

}  // namespace lathe
