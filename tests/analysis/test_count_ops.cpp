// What the count leaves out, and the bytes of reads that do not take an input whole; by hand.
#include <doctest/doctest.h>

#include "analysis/count_ops.h"
#include "lang/text.h"

namespace {
using namespace lathe;
using Ops = std::map<std::pair<Pipe, int64_t>, double>;

Work work_of(const std::string& text, const std::map<std::string, int64_t>& sizes) {
  return count_work(with_static_params(parse_file_text(text, "test.lathe").operators.at(0), {}), sizes);
}

TEST_CASE("a choice of the larger operand is one operation, as max is") {
  for (std::string larger : {"max(T[i], A[i])", "select(T[i] > A[i], T[i], A[i])", "select(T[i] < A[i], A[i], T[i])"}) {
    Work work = work_of("larger(T: f32[N], A: f32[N]) -> D: f32[N]\n  D[i] = " + larger + "\n", {{"N", 8}});
    CHECK(work.ops == Ops{{{Pipe::add, 4}, 8}});
    CHECK(work.operations == 8);
  }
}

TEST_CASE("another choice by data is a comparison and a select") {
  Work work = work_of(
      "step(T: f32[N], A: f32[N]) -> D: f32[N]\n"
      "  D[i] = select(T[i] < 0, A[i], T[i])\n",
      {{"N", 8}});
  CHECK(work.ops == Ops{{{Pipe::add, 4}, 8}, {{Pipe::logic, 4}, 8}});
}

TEST_CASE("masks made of indices and values of the whole call are free") {
  Work work = work_of(
      "masked(S: f32[M, N]; a: f32 = 2, b: f32 = 3) -> D: f32[M, N]\n"
      "  D[i, j] = select(j <= i + (M - N), S[i, j] * (a / b), f32(-inf))\n",
      {{"M", 3}, {"N", 4}});
  CHECK(work.ops == Ops{{{Pipe::mul, 4}, 12}});
}

TEST_CASE("float arithmetic on an index counts") {
  Work work = work_of("ramp(A: f32[N]) -> D: f32[N]\n  D[i] = f32(i) * f32(0.5) * A[i]\n", {{"N", 5}});
  CHECK(work.ops == Ops{{{Pipe::mul, 4}, 10}});
}

TEST_CASE("the combiner of a reduction counts for every term") {
  Work arg_max = work_of(
      "last_best(A: f32[M, N]) -> C: (f32, i64)[M]\n"
      "  strict\n"
      "  C[i] = reduce(k < N, (f32(-inf), 0), ((x0, x1), (y0, y1)) -> (max(x0, y0), select(x0 >= y0, x1, y1)): "
      "(A[i, k], k))\n",
      {{"M", 2}, {"N", 5}});
  CHECK(arg_max.ops == Ops{{{Pipe::add, 4}, 20}, {{Pipe::logic, 8}, 10}});
  Work max_plus = work_of(
      "longest(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n"
      "  C[i, j] = max(k < K: A[i, k] + B[k, j])\n",
      {{"M", 2}, {"K", 3}, {"N", 4}});
  CHECK(max_plus.ops == Ops{{{Pipe::add, 4}, 48}});
}

TEST_CASE("strict keeps products and sums apart") {
  Operator op =
      parse_file_text("dot(A: f32[K], B: f32[K]) -> C: f32[]\n  C[] = sum(k < K: A[k] * B[k])\n", "t").operators[0];
  op.strict = true;
  Work work = count_work(op, {{"K", 6}});
  CHECK(work.ops == Ops{{{Pipe::add, 4}, 6}, {{Pipe::mul, 4}, 6}});
  CHECK(work.operations == 12);
}

TEST_CASE("only the part of an input that is read counts") {
  Work part = work_of("head(A: f32[N], B: f32[M]) -> D: f32[M]\n  D[i] = A[i + 2] + B[i]\n", {{"N", 1000}, {"M", 10}});
  CHECK(part.bytes == 4 * 30);
  Work two = work_of("ends(A: f32[N]) -> D: f32[2]\n  D[i] = A[i] + A[N - 1 - i]\n", {{"N", 1000}});
  CHECK(two.bytes == 4 * (4 + 2));
}

TEST_CASE("every other element is read by a stride of two") {
  Work work = work_of("half(A: f32[N]) -> D: f32[N / 2]\n  D[i] = A[2 * i]\n", {{"N", 100}});
  CHECK(work.bytes == 4 * (50 + 50));
}

TEST_CASE("boundary rules read no more than the input has") {
  for (std::string rule : {"0", "edge", "mirror", "wrap"}) {
    Work work = work_of("pad(A: f32[N]) -> D: f32[N + 8]\n  D[i] = A[i - 4] outside " + rule + "\n", {{"N", 100}});
    CHECK(work.bytes == 4 * (100 + 108));
    CHECK(work.ops.empty());
  }
}

TEST_CASE("a gather reads at most as many rows as it names") {
  const std::string text =
      "rows(T: f32[V, N], id: i32[L]) -> D: f32[L, N]\n"
      "  D[i, j] = T[i64(id[i]), j] outside edge\n";
  CHECK(work_of(text, {{"V", 50000}, {"N", 16}, {"L", 10}}).bytes == 4 * (10 * 16 + 10 + 10 * 16));
  CHECK(work_of(text, {{"V", 4}, {"N", 16}, {"L", 10}}).bytes == 4 * (4 * 16 + 10 + 10 * 16));
}

TEST_CASE("nothing is read for a reduction of no terms") {
  Work work = work_of("total(A: f32[M, K]) -> C: f32[M]\n  C[i] = sum(k < K: A[i, k])\n", {{"M", 3}, {"K", 0}});
  CHECK(work.bytes == 4 * 3);
  CHECK(work.operations == 0);
}

}  // namespace
