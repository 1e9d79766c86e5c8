// The work of formulas, against counts made by hand.
#include "analysis/count_ops.h"

#include <doctest/doctest.h>

#include "lang/text.h"

namespace {
using namespace lathe;
using Key = std::pair<Pipe, int64_t>;

Work work_of(const std::string& text, const std::map<std::string, int64_t>& sizes) {
  return count_work(with_static_params(parse_file_text(text, "test.lathe").operators.at(0), {}), sizes);
}

TEST_CASE("a sum of products is one operation a term on the pipe of products") {
  Work work = work_of(
      "product(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n"
      "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n",
      {{"M", 3}, {"N", 5}, {"K", 7}});
  CHECK(work.ops == std::map<Key, double>{{{Pipe::mul, 4}, 105}});
  CHECK(work.operations == 210);
  CHECK(work.bytes == 4 * (21 + 35 + 15));
  CHECK(work.complete);
}

TEST_CASE("an equal subexpression counts once, and each operation on its own pipe") {
  Work squares = work_of(
      "squares(A: f64[M, K], B: f64[K, N]) -> C: f64[M, N]\n"
      "  C[i, j] = sum(k < K: (A[i, k] - B[k, j]) * (A[i, k] - B[k, j]))\n",
      {{"M", 2}, {"N", 2}, {"K", 3}});
  CHECK(squares.ops == std::map<Key, double>{{{Pipe::add, 8}, 12}, {{Pipe::mul, 8}, 12}});
  Work distances = work_of(
      "distances(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n"
      "  C[i, j] = sum(k < K: abs(A[i, k] - B[k, j]))\n",
      {{"M", 2}, {"N", 2}, {"K", 3}});
  CHECK(distances.ops == std::map<Key, double>{{{Pipe::add, 4}, 24}, {{Pipe::logic, 4}, 12}});
}

TEST_CASE("a stage counts at the points that its consumers need") {
  Work work = work_of(
      "blur(X: f32[N]) -> Y: f32[N]\n"
      "  P[i] = X[i] + X[i + 1] outside 0\n"
      "  Y[i] = P[i] + P[i + 2]\n",
      {{"N", 10}});
  CHECK(work.ops == std::map<Key, double>{{{Pipe::add, 4}, 12 + 10}});
}

TEST_CASE("integers are not contracted, and empty sizes cost nothing") {
  const std::string text =
      "scale(A: i32[N], B: i32[N]) -> C: i32[N]\n"
      "  C[i] = A[i] * B[i] + A[i]\n";
  CHECK(work_of(text, {{"N", 4}}).ops == std::map<Key, double>{{{Pipe::add, 4}, 4}, {{Pipe::mul, 4}, 4}});
  CHECK(work_of(text, {{"N", 0}}).operations == 0);
  CHECK(work_of(text, {{"N", 0}}).bytes == 0);
}

}  // namespace
