// Lanes that are stored apart, steps of another index beside each other: squares are transposed in registers.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

#include "tests/whole/schedule_trials.h"

namespace lathe {
namespace {

std::string turned(const std::string& dtype) {
  return fmt::format("turned(X: {0}[M, N]) -> Y: {0}[N, M]\n  Y[j, i] = X[i, j]\n", dtype);
}

// Sizes around squares, none that fills one, and none at all.
const Sizes sizes{{{"M", 33}, {"N", 65}}, {{"M", 16}, {"N", 64}}, {{"M", 64}, {"N", 16}}, {{"M", 67}, {"N", 130}}, {{"M", 3}, {"N", 40}},
                  {{"M", 40}, {"N", 3}},  {{"M", 0}, {"N", 20}},  {{"M", 20}, {"N", 0}},  {{"M", 17}, {"N", 17}}};

}  // namespace

TEST_CASE("elements of every size are transposed in squares, at any sizes") {
  for (const char* dtype : {"u8", "i16", "bf16", "f32", "f64"}) computes_constructed(turned(dtype), sizes);
}

TEST_CASE("what is transposed may be computed, and stand in the middle of the indices") {
  computes_constructed("sums(X: f32[M, N], b: f32[N]) -> Y: f32[N, M]\n  Y[j, i] = X[i, j] * 2 + b[j]\n", sizes);
  computes_constructed("images(X: f32[M, C, N]) -> Y: f32[M, N, C]\n  Y[n, x, c] = X[n, c, x]\n",
                       {{{"M", 2}, {"C", 19}, {"N", 11}}, {{"M", 1}, {"C", 16}, {"N", 35}}, {{"M", 3}, {"C", 40}, {"N", 1}}});
}

TEST_CASE("squares of fewer steps than lanes, and of more, are stored whole") {
  for (const int steps : {2, 4, 8, 16, 12}) {
    computes(turned("f32"), fmt::format("Y.split(i, io, ii, {}).split(j, jo, ji, 16).reorder(jo, io, ii, ji).vectorize(ji).unroll(ii)", steps), sizes);
  }
  computes(turned("u8"), "Y.split(i, io, ii, 8).split(j, jo, ji, 32).reorder(jo, io, ii, ji).vectorize(ji).unroll(ii)", sizes);
}

TEST_CASE("results that stand in the place of what is read beside them are stored in squares too") {
  computes("mixed(A: f32[M, N], X: f32[N, M]) -> Y: f32[N, M] in X\n  Y[j, i] = X[j, i] + A[i, j]\n",
           "Y.split(i, io, ii, 4).split(j, jo, ji, 8).reorder(jo, io, ii, ji).vectorize(ji).unroll(ii)", sizes);
}

}  // namespace lathe
