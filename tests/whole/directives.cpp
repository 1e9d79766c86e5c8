// Directives that change which loops there are or what they run over: results are those of the interpreter at sizes around
// every block, and what is not legal is refused with the inequality that is missing.
#include <doctest/doctest.h>

#include "jit/compile.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "tests/errors.h"
#include "tests/whole/schedule_trials.h"

namespace lathe {
namespace {

constexpr const char* matmul = "matmul(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n";
constexpr const char* window =
    "window(X: f32[H, W], F: f32[R, S]) -> Y: f32[H, W]\n  size R in 1..9\n  size S in 1..9\n"
    "  Y[y, x] = sum(r < R, s < S: (X[y + r - 1, x + s - 1] outside none) * F[r, s])\n";
constexpr const char* padded =
    "padded(X: i32[H, W], F: i32[R]) -> Y: i32[H, W]\n  size R in 1..9\n"
    "  P[y, x] = X[y, x] outside 0\n  Y[y, x] = sum(r < R: P[2*y + r - 2, x] * F[r])\n";
constexpr const char* blur =
    "blur(X: f32[H, W]) -> Y: f32[H, W]\n  size H in 1..4096\n  size W in 1..4096\n"
    "  Bx[y, x] = (X[y, x - 1] outside edge) + (X[y, x + 1] outside edge)\n  Y[y, x] = Bx[y - 1, x] + Bx[y + 1, x]\n";

const Sizes products = {{{"M", 1}, {"N", 1}, {"K", 0}},  {{"M", 2}, {"N", 17}, {"K", 1}}, {{"M", 5}, {"N", 8}, {"K", 7}},
                        {{"M", 3}, {"N", 33}, {"K", 8}}, {{"M", 7}, {"N", 5}, {"K", 100}}, {{"M", 0}, {"N", 5}, {"K", 9}}};
const Sizes images = {{{"H", 1}, {"W", 1}, {"R", 1}, {"S", 1}}, {{"H", 5}, {"W", 17}, {"R", 3}, {"S", 3}},
                      {{"H", 9}, {"W", 33}, {"R", 2}, {"S", 5}}, {{"H", 2}, {"W", 3}, {"R", 9}, {"S", 9}},
                      {{"H", 12}, {"W", 8}, {"R", 4}, {"S", 2}}, {{"H", 0}, {"W", 8}, {"R", 3}, {"S", 3}}};

}  // namespace

TEST_CASE("partial results of a reduction may be a Func of their own") {
  for (const char* lines : {"C.rfactor(k, Cp)", "C.split(k, ko, ki, 8).rfactor(ko, Cp)\nCp.parallel(ko)",
                            "C.split(k, ko, ki, 3, even).rfactor(ko, Cp)\nCp.reorder(ko, i, ki, j).parallel(i)",
                            "C.split(k, ko, ki, 8).rfactor(ko, Cp)\nCp.split(ki, kb, kk, 4).vectorize(kk)\n"
                            "C.split(j, jo, ji, 8).reorder(i, jo, ko, ji).vectorize(ji).store_in(registers, at = jo)",
                            "C.split(k, ko, ki, 16).rfactor(ko, Cp).split(j, jo, ji, 8).vectorize(ji)\n"
                            "Cp.compute_at(C, jo).split(j, jo, ji, 8).reorder(ko, i, jo, ki, ji).vectorize(ji)"
                            ".store_in(registers, at = jo)",
                            "C.split(k, ko, ki, 4).rfactor(ko, Cp).split(ko, kb, kc, 2).rfactor(kb, Cq)"}) {
    computes(matmul, lines, products);
  }
}

TEST_CASE("partial results of any combiner are combined") {
  computes("argmax(A: f32[M, N]) -> B: (f32, i64)[M]\n"
           "  B[i] = reduce.argmax(k < N, (f32(-inf), 9223372036854775807), ((a, p), (b, q)) -> "
           "(select(b > a, b, a), select(b > a or b == a and q < p, q, p)): (A[i, k], k))\n",
           "B.split(k, ko, ki, 5).rfactor(ko, part)\npart.parallel(ko)",
           {{{"M", 3}, {"N", 0}}, {{"M", 3}, {"N", 5}}, {{"M", 2}, {"N", 33}}, {{"M", 1}, {"N", 1}}});
}

TEST_CASE("partial results are refused where the order counts or there is nothing to combine") {
  has(refusal(matmul, "C.split(k, ko, ki, 8).rfactor(ko, Cp)", true), "need the written order, in the strict class");
  has(refusal(matmul, "C.split(k, ko, ki, 8).rfactor(ki, Cp)"), "ki runs within a block of k");
  has(refusal(matmul, "C.rfactor(i, Cp)"), "i is an index of C");
  has(refusal(matmul, "C.rfactor(kx, Cp)"), "C has no loop kx over its reduction");
  has(refusal(blur, "Y.rfactor(y, P)"), "Y is no reduction");
  has(refusal(matmul, "C.split(k, ko, ki, 8).rfactor(ko, Cp)\nCp.vectorize(ko)"), "no constant extent");
  has(refusal(matmul, "C.split(k, ko, ki, 8).rfactor(ko, Cp)\nCp.reorder(ki, ko)"), "need serial loops over ko outside of ki");
}

TEST_CASE("a clipped reduction leaves absent terms out by its range") {
  for (const char* lines : {"Y.clip(r)", "Y.clip(r, s)", "Y.clip(r).split(x, xo, xi, 8).reorder(y, xo, r, s, xi).vectorize(xi)"
                            ".store_in(registers, at = xo)",
                            "Y.clip(r).split(r, ro, ri, 2).parallel(y)", "Y.clip(r, s).split(s, so, si, 4).vectorize(si)",
                            "Y.clip(r).split(y, yo, yi, 4).split(x, xo, xi, 8).reorder(yo, yi, xo, r, s, xi).vectorize(xi)"
                            ".store_in(registers, at = xo)\nX.stage_at(Y, yo)"}) {
    computes(window, lines, images);
  }
  computes(padded, "Y.clip(r)", {{{"H", 1}, {"W", 1}, {"R", 1}}, {{"H", 7}, {"W", 9}, {"R", 3}}, {{"H", 2}, {"W", 5}, {"R", 9}}});
}

TEST_CASE("terms that are absent stay absent where their input is read from a copy") {
  computes(window, "X.stage_at(Y, y)", images);
  computes(window, "Y.split(x, xo, xi, 8).reorder(y, xo, r, s, xi).vectorize(xi).store_in(registers, at = xo)\nX.stage_at(Y, xo)", images);
}

TEST_CASE("clipping is refused where a term outside is not the identity, or the range is not known in time") {
  constexpr const char* zeros =
      "zeros(X: f32[H], F: f32[R]) -> Y: f32[H]\n  size R in 1..9\n  Y[y] = sum(r < R: (X[y + r - 1] outside 0) * F[r])\n";
  has(refusal(zeros, "Y.clip(r)"), "not the identity f32(0) for all values");
  has(refusal(matmul, "C.clip(k)"), "no read under a boundary rule moves with k");
  has(refusal(window, "Y.clip(y)"), "y is no reduction variable of Y");
  has(refusal(window, "Y.clip(s).split(x, xo, xi, 8).reorder(y, xo, r, s, xi).vectorize(xi).store_in(registers, at = xo)"),
      "need serial loops over x outside of s");
}

TEST_CASE("fused loops run over all pairs of their parts") {
  for (const char* lines : {"C.fuse(i, j, ij)", "C.fuse(i, j, ij).parallel(ij)", "C.split(i, io, ii, 2).split(j, jo, ji, 8)"
                            ".reorder(io, jo, ii, ji).fuse(io, jo, o).parallel(o).vectorize(ji)",
                            "C.fuse(i, j, ij).split(ij, a, b, 5).parallel(a)", "C.fuse(i, j, ij).fuse(ij, k, all)",
                            "C.split(k, ko, ki, 4).fuse(ko, ki, kk)", "C.reorder(i, j, k).fuse(i, j, ij)"}) {
    if (std::string(lines).find("all)") != std::string::npos) {
      has(refusal(matmul, lines), "a loop over the reduction and one over an index");
    } else if (std::string(lines).find("kk)") != std::string::npos) {
      has(refusal(matmul, lines), "the two parts of one split");
    } else {
      computes(matmul, lines, products);
    }
  }
  computes(window, "Y.fuse(r, s, rs).split(rs, a, b, 3)", images);
  computes(window, "Y.clip(r, s).fuse(y, x, yx)", images);
  computes(blur, "Y.split(y, yo, yi, 3).split(x, xo, xi, 8).reorder(yo, xo, yi, xi).fuse(yo, xo, o).parallel(o)\n"
                 "Bx.compute_at(Y, o)", {{{"H", 7}, {"W", 19}}, {{"H", 1}, {"W", 1}}, {{"H", 3}, {"W", 8}}});
  computes(blur, "Y.split(y, yo, yi, 4).reorder(yo, yi, x).fuse(yi, x, o)\nBx.compute_at(Y, o).store_at(Y, yo).fold_storage(y, 4)",
           {{{"H", 7}, {"W", 19}}, {{"H", 1}, {"W", 1}}, {{"H", 4}, {"W", 8}}});
}

TEST_CASE("fusing asks for neighbours that are serial") {
  has(refusal(matmul, "C.reorder(i, k, j).fuse(i, j, ij)"), "j does not stand right inside i");
  has(refusal(matmul, "C.parallel(i).fuse(i, j, ij)"), "i is not");
  has(refusal(matmul, "C.fuse(i, j, k)"), "already has a loop of this name");
  has(refusal(matmul, "C.fuse(i, j, ij).split(ij, a, b, 8).vectorize(b)"), "b runs over fused loops");
  has(refusal(matmul, "C.tile(j, i -> jo, io, ji, ii; width 8: 2 rows).reorder(jo, io, k, ji, ii).fuse(jo, io, o)"), "counts the blocks of a tile");
}

TEST_CASE("peeled iterations have bodies of their own") {
  const Sizes sizes = {{{"H", 1}, {"W", 1}}, {{"H", 2}, {"W", 9}}, {{"H", 3}, {"W", 17}}, {{"H", 9}, {"W", 33}}};
  for (const char* lines : {"Y.peel(y, 1, 1)", "Y.peel(x, 2, 1)", "Y.peel(y, 0, 3).parallel(y)", "Y.split(y, yo, yi, 4).peel(yo, 1, 0)",
                            "Y.split(y, yo, yi, 4).peel(yi, 1, 0)\nBx.compute_at(Y, yi).store_at(Y, yo).fold_storage(y, 3)"}) {
    computes(blur, lines, sizes);
  }
  has(refusal(matmul, "C.peel(k, 1, 1)"), "k is a loop of the reduction");
  has(refusal(blur, "Y.split(x, xo, xi, 8).vectorize(xi).peel(xo, 1, 1)"), "xo counts blocks of straight code");
  has(refusal(blur, "Y.peel(y, 1, 1).split(y, yo, yi, 8)"), "y is peeled");
}

TEST_CASE("a last block that is moved back computes some elements twice") {
  constexpr const char* large =
      "large(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n  size M in 4..4096\n  size N in 16..4096\n"
      "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n";
  const Sizes sizes = {{{"M", 4}, {"N", 16}, {"K", 5}}, {{"M", 5}, {"N", 17}, {"K", 9}}, {{"M", 7}, {"N", 31}, {"K", 0}},
                       {{"M", 9}, {"N", 33}, {"K", 3}}};
  for (const char* lines : {"C.split(i, io, ii, 4).tail(ii, shift)", "C.split(j, jo, ji, 16).reorder(i, jo, k, ji).vectorize(ji).tail(ji, shift)"
                            ".store_in(registers, at = jo)",
                            "C.split(i, io, ii, 4).split(j, jo, ji, 16).reorder(io, jo, k, ii, ji).vectorize(ji).unroll(ii)"
                            ".tail(io, shift).tail(jo, shift).store_in(registers, at = jo)",
                            "C.split(i, io, ii, 4, even).tail(ii, shift)"}) {
    computes(large, lines, sizes);
  }
  has(refusal(matmul, "C.split(i, io, ii, 4).tail(ii, shift)"), "need 4 <= M");
  has(refusal(large, "C.split(i, io, ii, 4, even).tail(ii, shift).parallel(io)"), "io is parallel");
  has(refusal(large, "C.split(k, ko, ki, 4).tail(ki, shift)"), "an update in place, which counts twice what is computed twice");
  has(refusal(large, "C.split(i, io, ii, 4).split(k, ko, ki, 8).reorder(ko, io, ii, j, ki).tail(ii, shift)"), "an update in place, which counts twice what is computed twice");
}

TEST_CASE("a variant's condition proves what its directives need") {
  computes(matmul, "specialize(M >= 4) {\n  C.split(i, io, ii, 4).tail(ii, shift)\n}", products);
  computes(matmul, "specialize(N % 8 == 0 and M > 1) {\n  C.split(j, jo, ji, 8).vectorize(ji).require(whole)\n}", products);
  computes(matmul, "specialize(M >= K + 1 and K >= 3) {\n  C.split(i, io, ii, 4).tail(ii, shift)\n}", products);
  computes(matmul, "specialize(2*M > 7) {\n  C.split(i, io, ii, 4).tail(ii, shift)\n}", products);
  has(refusal(matmul, "specialize(M >= K) {\n  C.split(i, io, ii, 4).tail(ii, shift)\n}"), "need 4 <= M");
}

TEST_CASE("terms find their rows in folded storage by one division for all of them") {
  const std::string lines = "Y.split(y, yo, yi, 8)\nP.compute_at(Y, yi).store_at(Y, yo).fold_storage(y, R)";
  computes(padded, lines, images);
  const std::string text = lowered(padded, lines);
  CHECK(text.find("let P.place = select(P.first + r < R, P.first + r, P.first + r - R)") != std::string::npos);
  CHECK(text.find("P.place%R") == std::string::npos);
}

TEST_CASE("nothing is computed for consumers without iterations") {
  constexpr const char* slanted =
      "slanted(X: f32[H, W]) -> Y: f32[H, W]\n  D[y, x] = (X[y, x] outside edge) * 3\n  Y[y, x] = D[y, x + y] - D[y + 1, x + y + 1]\n";
  computes(slanted, "D.compute_at(Y, y)", {{{"H", 63}, {"W", 0}}, {{"H", 3}, {"W", 5}}, {{"H", 0}, {"W", 3}}});
}

TEST_CASE("arguments and intermediate results come in the layout that the schedule gives them") {
  const std::string tile = "C.split(j, jo, ji, 16).reorder(i, jo, k, ji).vectorize(ji).store_in(registers, at = jo)\n";
  for (const std::string& layout : {std::string("B.constant().layout(N/16, K, N%16)"), std::string("B.free_layout().layout(1/8, 0, 1%8)"),
                                   std::string("B.constant().layout(N, K)"), std::string("A.free_layout().layout(K/4, M, K%4)"),
                                   std::string("C.free_layout().layout(j/16, i, j%16)"), std::string("C.free_layout().layout(j/4%4, i, j%4, j/16)")}) {
    computes(matmul, layout, products);
    computes(matmul, tile + layout, products);
    computes(matmul, layout + "\nC.tile(j, i -> jo, io, ji, ii; width 32: 1 rows, 16: 2).reorder(jo, io, k, ii, ji).vectorize(ji).unroll(ii)"
             ".store_in(registers, at = io)", products);
  }
  const Sizes sizes = {{{"H", 1}, {"W", 1}}, {{"H", 5}, {"W", 9}}, {{"H", 7}, {"W", 17}}};
  computes(blur, "Bx.compute_root().layout(x/8, y, x%8)\nY.split(x, xo, xi, 8).vectorize(xi)", sizes);
  computes(blur, "Bx.compute_at(Y, y).layout(x, y)", sizes);
  computes(blur, "X.constant().layout(W/8, H, W%8)\nY.split(x, xo, xi, 8).vectorize(xi)", sizes);
}

TEST_CASE("a layout holds each element once, and arguments keep theirs unless they are free") {
  has(refusal(matmul, "B.layout(N/16, K, N%16)"), "need stage_at before it, free_layout or constant");
  has(refusal(matmul, "C.constant().layout(j, i)"), "C is no input");
  has(refusal(matmul, "B.constant().layout(N/16, K)"), "N/16 above what counts to 1");
  has(refusal(matmul, "B.constant().layout(K, N%16)"), "N/16 too: else elements share a place");
  has(refusal(matmul, "B.constant().layout(K)"), "no digit of N");
  has(refusal(matmul, "B.constant().layout(K, N, N%16)"), "whole and in parts");
  has(refusal(matmul, "B.constant().layout(K, n)"), "need one of K, N, or a number below 2");
  has(refusal("square(A: f32[N, N], B: f32[N, N]) -> C: f32[N, N]\n  C[i, j] = A[i, j] + B[j, i]\n", "B.constant().layout(N, 0)"),
      "the number of a dimension, as two have this name");
  has(refusal("sum2(A: f32[M, N, P]) -> C: f32[M, N, P]\n  C[i, j, k] = A[i, j, k] * 2\n", "A.constant().layout(M, P, N)\nC.collapse(j, k, jk)"),
      "A has a layout of its own");
}

TEST_CASE("a packed argument is checked at the call like any other") {
  const SourceFile file = parse_file_text(std::string(matmul) + "schedule for matmul\nB.constant().layout(N/16, K, N%16)\n", "packed.lathe");
  const Operator& op = file.operators.at(0);
  const Kernel kernel = compile(op, {.schedule = schedule_for(file, op, "x86-64-v2")});
  Tensor a(DType::f32, {2, 3}), b(DType::f32, {3, 20}), c(DType::f32, {2, 20});
  for (int i = 0; i < 60; ++i) b.as<float>()[i] = static_cast<float>(i);
  for (int i = 0; i < 6; ++i) a.as<float>()[i] = 1;
  const Tensor packed = kernel.pack("B", b);
  CHECK(packed.view().shape == std::vector<int64_t>{2, 3, 16});
  kernel(a, packed, c);
  CHECK(c.as<float>()[21] == 1 + 21 + 41);
  has(failure_of([&] { kernel(a, b, c); }), "rank");
  has(failure_of([&] { kernel(a, Tensor(DType::f32, {1, 3, 16}), c); }), "B");
  has(failure_of([&] { kernel.pack("Bx", b); }), "Bx");
  has(failure_of([&] { kernel.pack("B", packed); }), "need 2 dimensions");
  Tensor back(DType::f32, {3, 20});
  kernel.unpack("B", packed, back);
  CHECK(back.as<float>()[59] == 59);
  std::fill_n(b.as<float>(), 60, 5.f);
  kernel.pack("B", b, packed);
  kernel(a, packed, c);
  CHECK(c.as<float>()[21] == 15);
  has(failure_of([&] { kernel.pack("B", b, c); }), "need f32[2, 3, 16]");
}

TEST_CASE("what a schedule requires and misses is an error") {
  const std::string rows = "Y.split(y, yo, yi, 4)\nBx.compute_at(Y, yi)";
  has(refusal(blur, rows + ".require(kept)"), "stored and computed inside yi");
  computes(blur, rows + ".store_at(Y, yo).require(kept)", {{{"H", 5}, {"W", 5}}});
  has(refusal(matmul, "C.reorder(k, i, j).require(in_registers)"), "inside the reduction is neither vectorized nor unrolled");
  computes(matmul, "C.require(in_registers)", {{{"M", 2}, {"N", 2}, {"K", 2}}});
  has(refusal(matmul, "C.split(i, io, ii, 4).unroll(ii).require(whole)"), "iterations beyond whole blocks");
  computes("halves(X: f32[N]) -> Y: f32[N]\n  size N in 0..4096 multiple of 8\n  Y[i] = X[i] * 2\n",
           "Y.split(i, io, ii, 8).vectorize(ii).require(whole)", {{{"N", 16}}});
  has(refusal(blur, "Y.split(x, xo, xi, 8).vectorize(xi).require(streamed)"), "no stream directive");
  computes(blur, "Bx.compute_root().require(idle)", {{{"H", 3}, {"W", 9}}});
}

TEST_CASE("a loop with producers inside asks once for what comes next") {
  const std::string text = lowered("shares(X: f32[M, N]) -> Y: f32[M, N]\n  total[i] = sum(k < N: X[i, k])\n  Y[i, j] = X[i, j] / total[i]\n",
                                   "total.compute_at(Y, i)\nX.prefetch(Y, i, 1)");
  const size_t asked = text.find("prefetch X[i + 1, j]");
  REQUIRE(asked != std::string::npos);
  CHECK(text.find("prefetch", asked + 1) == std::string::npos);
}

TEST_CASE("the short vector of a loop on threads runs after them, so that no block asks whether it is the last") {
  const std::string text = lowered("twice(X: f32[N]) -> Y: f32[N]\n  Y[i] = X[i] * 2\n", "Y.split(i, io, ii, 8).vectorize(ii).parallel(io)");
  has(text, "for io in 0, io.full parallel {");
  CHECK(text.find("if io < io.full") == std::string::npos);
}

}  // namespace lathe
