// Choices between tensors by an index: each side is a nest of its own.
#include <doctest/doctest.h>

#include <string>

#include "tests/whole/schedule_trials.h"

namespace lathe {
namespace {

constexpr const char* side_by_side =
    "beside(A: f32[M, P], B: f32[M, Q]) -> C: f32[M, P + Q]\n  C[i, j] = select(j < P, A[i, j], B[i, j - P])\n";
constexpr const char* three =
    "three(A: f32[P], B: f32[Q], D: f32[R]) -> C: f32[P + Q + R]\n"
    "  C[i] = select(i >= P + Q, D[i - P - Q], select(P > i, A[i], B[i - P])) * 2\n";
constexpr const char* backwards =
    "backwards(A: f32[P], B: f32[Q]) -> C: f32[P + Q]\n  C[i] = select(P - i <= 0, B[P + Q - 1 - i], A[P - 1 - i])\n";
constexpr const char* both =
    "both(A: f32[P, Q]) -> C: f32[P + 5, Q + 3]\n  C[i, j] = select(i < P, select(j < Q, A[i, j], 1), select(j < Q, 2, A[P - 1, Q - 1]))\n"
    "  size P in 1..1000\n  size Q in 1..1000\n";

const Sizes pairs{{{"M", 3}, {"P", 5}, {"Q", 70}}, {{"M", 2}, {"P", 64}, {"Q", 0}}, {{"M", 1}, {"P", 0}, {"Q", 33}}, {{"M", 0}, {"P", 4}, {"Q", 4}}};
const Sizes triples{{{"P", 40}, {"Q", 1}, {"R", 19}}, {{"P", 0}, {"Q", 0}, {"R", 5}}, {{"P", 3}, {"Q", 64}, {"R", 0}}};

}  // namespace

TEST_CASE("each side of a choice by an index runs by itself, with neither the choice nor a rule") {
  for (const char* algorithm : {side_by_side, three, backwards}) {
    const std::string text = lowered(algorithm, "");
    INFO(text);
    CHECK(text.find("select") == std::string::npos);
    CHECK(text.find(" if ") == std::string::npos);
  }
}

TEST_CASE("the sides of choices cover each point once, at any sizes") {
  computes_constructed(side_by_side, pairs);
  computes(side_by_side, "C.split(j, jo, ji, 16).vectorize(ji).parallel(i)", pairs);
  computes(side_by_side, "C.split(i, io, ii, 2).reorder(io, j, ii).unroll(ii)", pairs);
  computes_constructed(three, triples);
  computes_constructed(backwards, triples);
  computes_constructed(both, {{{"P", 1}, {"Q", 1}}, {{"P", 9}, {"Q", 31}}, {{"P", 2}, {"Q", 64}}});
}

TEST_CASE("lanes gather at indices that are data, whether inside or not") {
  const std::string looked_up = "looked_up(X: f32[M, N], at: i64[M, K]) -> Y: f32[M, K]\n  Y[i, k] = X[i, at[i, k]] outside 7\n";
  const Sizes sizes{{{"M", 3}, {"N", 5}, {"K", 37}}, {{"M", 2}, {"N", 0}, {"K", 16}}, {{"M", 17}, {"N", 100}, {"K", 3}}};
  computes_constructed(looked_up, sizes);
  computes(looked_up, "Y.split(k, ko, ki, 16).vectorize(ki)", sizes);
  computes("wide(X: f64[N], at: i32[K]) -> Y: f64[K]\n  Y[k] = X[i64(at[k])] outside edge\n  size N in 1..1000\n", "Y.split(k, ko, ki, 16).vectorize(ki)",
           {{{"N", 5}, {"K", 37}}, {{"N", 1}, {"K", 16}}});
}

TEST_CASE("rows shorter than a block of terms are summed vector by vector") {
  const std::string sums = "sums(X: f32[M, N]) -> Y: f32[M]\n  Y[i] = sum(j < N: X[i, j])\n";
  const std::string program = lowered(sums, "Y.split(j, jo, ji, 32).vectorize(ji).store_in(registers, at = i)");
  has(program, "ji.vectors");
  Sizes sizes;
  for (int64_t n : {0, 1, 7, 8, 9, 31, 32, 33, 40, 63, 64, 71}) sizes.push_back({{"M", 3}, {"N", n}});
  computes(sums, "Y.split(j, jo, ji, 32).vectorize(ji).store_in(registers, at = i)", sizes);
  computes("best(X: f64[M, N]) -> Y: f64[M]\n  Y[i] = max(j < N: X[i, j])\n", "Y.split(j, jo, ji, 16).vectorize(ji).store_in(registers, at = i)", sizes);
}

}  // namespace lathe
