// Definitions whose updates overwrite them: only what is read before, or stays, is computed.
#include "jit/lower/kept_points.h"

#include <doctest/doctest.h>

#include "tests/whole/schedule_trials.h"

namespace lathe {
namespace {

// The boxes of the Func S of an operator, over extents N, or M and N: "[lowest, extent)" for each dimension.
std::string kept(const std::string& updates) {
  const bool two = updates.find("S[i") != std::string::npos || updates.find("S[p") != std::string::npos;
  const std::string text = std::string(two ? "f(X: f32[M, N]) -> S: f32[M, N]\n  S[i, j] = X[i, j]\n" : "f(X: f32[N]) -> S: f32[N]\n  S[j] = X[j]\n") + updates;
  const Operator op = parse_file_text(text, "kept").operators.at(0);
  Facts facts;
  for (const char* size : {"M", "N"}) facts.bound(size, make_integer(DType::i64, 0), {});
  const std::vector<Expr> lowest(op.funcs[0].vars.size(), make_integer(DType::i64, 0)), extent = op.outputs[0].extents;
  std::string boxes;
  for (const Piece& piece : kept_points({op.funcs[0], lowest, extent}, facts)) {
    for (size_t d = 0; d < piece.lowest.size(); ++d) boxes += fmt::format("[{}, {})", print(piece.lowest[d]), print(piece.extent[d]));
    boxes += ";";
  }
  return boxes;
}

constexpr const char* late = "late(X: f32[N]) -> S: f32[N]\n  S[j] = X[j]*2\n  over k < N - 9: S[k + 5] = S[k + 2] - X[k]\n";
constexpr const char* table =
    "table(X: i32[M, N]) -> D: i32[M, N]\n  D[i, j] = i32(i*3 - j)\n"
    "  over p < M - 1, q < N - 1: D[p + 1, q + 1] = max(D[p, q + 1], D[p + 1, q]) + X[p, q] - D[p, q]\n";
constexpr const char* twice =
    "twice(X: f32[M, N]) -> S: f32[M, N]\n  S[i, j] = X[i, j]\n  over k < N - 1: S[i, k + 1] = S[i, k] + X[i, k + 1]\n"
    "  over q < N - 1: S[i, q + 1] = S[i, q + 1]*2 - S[i, q]\n";

}  // namespace

TEST_CASE("a scan keeps its beginning") {
  CHECK(kept("  over k < N - 1: S[k + 1] = S[k] + X[k + 1]\n") == "[0, min(1, N));");
  CHECK(kept("  over k < N - 2: S[k + 2] = S[k]*S[k + 1]\n") == "[0, min(2, N));");
  CHECK(kept("  over k < N - 1: S[i, k + 1] = S[i, k] + X[i, k + 1]\n") == "[0, M)[0, min(1, N));");
  CHECK(kept("  over k < N: S[k] = X[k] + 1\n") == "");
}

TEST_CASE("what an update does not reach is kept on both sides") {
  CHECK(kept("  over k < 4: S[k + 3] = S[k]\n") == "[0, min(3, N));[min(7, N), N - min(7, N));");
}

TEST_CASE("a table keeps its borders") {
  const std::string borders = "[0, min(1, M))[0, N);[min(1, M), M - min(1, M))[0, min(1, N));";
  CHECK(kept("  over p < M - 1, q < N - 1: S[p + 1, q + 1] = S[p, q + 1] + S[p + 1, q]\n") == borders);
}

TEST_CASE("definitions that an update reads where it writes, or ahead, are kept whole") {
  const std::string whole = "[0, N);";
  CHECK(kept("  over k < N: S[k] = S[k] + 1\n") == whole);
  CHECK(kept("  over k < N - 1: S[k] = S[k + 1] + 1\n") == whole);
  CHECK(kept("  over k < N: S[N - 1 - k] = S[N - k] + 1\n") == whole);
  CHECK(kept("  over k < N, r < 2: S[k] = X[k] + f32(r)\n") == whole);
  CHECK(kept("  over k < N/2: S[2*k] = X[k]\n") == whole);
  CHECK(kept("  over k < N: S[(k*k)%7] = X[k]\n") == whole);
  CHECK(kept("  over p < M: S[p, 0] = X[p, 0]\n") == "[0, M)[0, N);");
  CHECK(kept("  over p < M: S[p, p] = X[p, 0]\n") == "[0, M)[0, N);");
}

TEST_CASE("kernels of scans and tables are right where little of their definitions is computed") {
  computes(late, "S.split(j, jo, ji, 8).vectorize(ji)\n", {{{"N", 0}}, {{"N", 1}}, {{"N", 5}}, {{"N", 9}}, {{"N", 10}}, {{"N", 40}}});
  computes(table, "D.split(j, jo, ji, 8).vectorize(ji).parallel(i)\n", {{{"M", 0}, {"N", 3}}, {{"M", 1}, {"N", 1}}, {{"M", 7}, {"N", 21}}, {{"M", 2}, {"N", 9}}});
  computes(twice, "", {{{"M", 5}, {"N", 4}}, {{"M", 1}, {"N", 1}}, {{"M", 0}, {"N", 2}}, {{"M", 9}, {"N", 30}}});
}

}  // namespace lathe
