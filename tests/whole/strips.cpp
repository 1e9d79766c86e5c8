// Stages that are read in windows: constructed schedules compute them in strips, block by block of the rows of the last one.
#include <doctest/doctest.h>

#include <string>

#include "tests/whole/schedule_trials.h"

namespace lathe {
namespace {

constexpr const char* corners =
    "corners(X: f32[H, W]) -> Y: f32[H, W]\n"
    "  soft[y, x] = sqrt((X[y, x] outside edge) + 2) * 3 + log((X[y, x] outside edge) + 5)\n"
    "  across[y, x] = soft[y - 1, x + 1] - soft[y - 1, x - 1] + 2*(soft[y, x + 1] - soft[y, x - 1])\n"
    "  down[y, x] = soft[y + 1, x - 1] - soft[y - 1, x - 1] + 2*(soft[y + 1, x] - soft[y - 1, x])\n"
    "  both[y, x] = sum(r < 3, s < 3: across[y + r - 1, x + s - 1] * down[y + r - 1, x + s - 1])\n"
    "  Y[y, x] = both[y, x] * both[y, x] + soft[y, x]\n";
constexpr const char* halves =
    "halves(X: f32[N, H, W, C]) -> Y: f32[N, H/2, W, C]\n"
    "  a[n, y, x, c] = exp(X[n, y, x, c] outside mirror) + (X[n, y, x + 1, c] outside mirror)\n"
    "  b[n, y, x, c] = tanh(a[n, y, x, c]) * a[n, y, x + 2, c] + a[n, y + 1, x, c] * a[n, y - 1, x, c]\n"
    "  Y[n, y, x, c] = b[n, 2*y, x, c] + b[n, 2*y + 1, x, c] + b[n, 2*y + 1, x + 1, c] + b[n, 2*y + 2, x, c] * b[n, 2*y - 1, x, c]\n"
    "  size H in 2..1048576\n  size W in 1..1048576\n  size C in 1..1048576\n";
constexpr const char* weights =
    "weights(X: f32[H, W], t: f32[W, S]) -> Y: f32[H, W]\n  size S in 1..16\n"
    "  w[x, s] = exp(t[x, s]) * log(t[x, s] + 9)\n  Y[y, x] = sum(s < S: w[x, s] * (X[y, x + s] outside 0))\n";

constexpr const char* channels =
    "channels(X: f32[H, W, C], F: f32[R, S, C]) -> Y: f32[H, W, C]\n  size R in 1..8\n  size S in 1..8\n"
    "  P[y, x, c] = X[y - 1, x - 1, c] outside 0\n  Y[y, x, c] = sum(r < R, s < S: P[y + r, x + s, c] * F[r, s, c])\n";

}  // namespace

TEST_CASE("stages read in windows are made for blocks of rows of the last one") {
  const std::string text = constructed(corners, "x86-64-v3");
  has(text, "split(y, yb, yi, 32, even)");
  for (const char* stage : {"soft", "across", "down"}) has(text, std::string(stage) + ".compute_at(both, yb)");
  const std::string of_halves = constructed(halves, "x86-64-v4");
  has(of_halves, "a.compute_at(Y, yb)");
  has(of_halves, "b.compute_at(Y, yb)");
}

TEST_CASE("what every row needs alike is not made again for blocks of another index") {
  CHECK(constructed(weights, "x86-64-v3").find("w.compute_at(Y, xb)") == std::string::npos);
}

TEST_CASE("lanes that lie apart in the input lie side by side in rows of its padded copy") {
  has(constructed(channels, "x86-64-v3"), ".layout(y, c, x)");
  computes_constructed(channels, {{{"H", 5}, {"W", 40}, {"C", 3}, {"R", 3}, {"S", 3}}, {{"H", 40}, {"W", 9}, {"C", 1}, {"R", 2}, {"S", 5}},
                                  {{"H", 3}, {"W", 70}, {"C", 7}, {"R", 3}, {"S", 3}}, {{"H", 34}, {"W", 17}, {"C", 20}, {"R", 5}, {"S", 5}}});
}

TEST_CASE("stages in strips are right at every number of rows") {
  computes_constructed(corners, {{{"H", 1}, {"W", 1}}, {{"H", 31}, {"W", 20}}, {{"H", 33}, {"W", 17}}, {{"H", 64}, {"W", 3}},
                                 {{"H", 70}, {"W", 33}}, {{"H", 0}, {"W", 5}}, {{"H", 3}, {"W", 0}}});
  computes_constructed(halves, {{{"N", 1}, {"H", 2}, {"W", 1}, {"C", 1}}, {{"N", 2}, {"H", 67}, {"W", 5}, {"C", 3}},
                                {{"N", 1}, {"H", 130}, {"W", 9}, {"C", 17}}, {{"N", 0}, {"H", 9}, {"W", 4}, {"C", 2}}});
  computes_constructed(weights, {{{"H", 5}, {"W", 40}, {"S", 3}}, {{"H", 1}, {"W", 1}, {"S", 1}}});
}

}  // namespace lathe
