// Directives about where values are kept and how they are found: pitch, align, stack storage, windows in registers,
// tables of indices, traces.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "jit/compile.h"
#include "jit/ir/text.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "support/messages.h"
#include "tests/whole/schedule_trials.h"

namespace lathe {
namespace {

constexpr const char* matmul =
    "matmul(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n";
constexpr const char* blur =
    "blur(X: f32[H, W]) -> Y: f32[H, W]\n  size H in 1..4096\n  size W in 1..4096\n"
    "  Bx[y, x] = (X[y, x - 1] outside edge) + (X[y, x + 1] outside edge)\n  Y[y, x] = Bx[y - 1, x] + Bx[y + 1, x]\n";
constexpr const char* smooth =  // a window whose first stage needs no rule along x
    "smooth(X: f32[H, W]) -> Y: f32[H, W]\n  Bx[y, x] = (X[y, x] outside edge) * 3\n  Y[y, x] = Bx[y - 1, x] + Bx[y, "
    "x] + Bx[y + 1, x]\n";

const Sizes products = {{{"M", 1}, {"N", 1}, {"K", 0}},   {{"M", 2}, {"N", 17}, {"K", 1}},
                        {{"M", 5}, {"N", 8}, {"K", 7}},   {{"M", 3}, {"N", 33}, {"K", 8}},
                        {{"M", 7}, {"N", 64}, {"K", 33}}, {{"M", 0}, {"N", 5}, {"K", 9}}};
const Sizes pictures = {
    {{"H", 1}, {"W", 1}}, {{"H", 2}, {"W", 8}}, {{"H", 7}, {"W", 17}}, {{"H", 9}, {"W", 33}}, {{"H", 5}, {"W", 3}}};

}  // namespace

TEST_CASE("rows of own storage lie as far apart as asked") {
  for (const char* lines :
       {"Bx.compute_root().pitch(y, 64)", "Bx.compute_root().pitch(y, 16, 9).layout(y, x)",
        "Bx.compute_at(Y, y).pitch(y, 3)", "Bx.compute_root().layout(x, y).pitch(x, 7, 40)",
        "Bx.compute_root().layout(x/8, y, x%8).pitch(x, 100)",
        "Y.split(y, yo, yi, 4)\nBx.compute_at(Y, yi).store_at(Y, yo).fold_storage(y, 3).pitch(y, 32)"}) {
    computes(blur, lines, pictures);
  }
  for (const char* lines :
       {"C.split(j, jo, ji, 16).reorder(jo, i, k, ji).vectorize(ji)\nB.stage_at(C, jo, Bp).layout(k, ji)\nBp.pitch(k, "
        "16, 4)",
        "C.split(j, jo, ji, 8).reorder(jo, i, k, ji).vectorize(ji)\nB.stage_at(C, jo).pitch(k, 64).align(4096)",
        "C.split(j, jo, ji, 8).split(k, ko, ki, 4).reorder(jo, i, ko, ki, ji).vectorize(ji)\n"
        "B.stage_at(C, jo).layout(k/4, ji, k%4).pitch(k, 3)"}) {
    computes(matmul, lines, products);
  }
  has(lowered(blur, "Bx.compute_root().pitch(y, 16, 9)"), "heap strides[Bx.pitch, 1]");
}

TEST_CASE("own storage begins at the multiple asked for") {
  computes(blur, "Bx.compute_root().align(4096)", pictures);
  computes(blur, "Y.parallel(y)\nBx.compute_at(Y, y).align(128)", pictures);
  has(lowered(blur, "Bx.compute_root().align(4096)"), "heap align 4096");
}

TEST_CASE("small storage may lie on the stack") {
  const std::string tiles = "Y.split(y, yo, yi, 4).split(x, xo, xi, 8).reorder(yo, xo, yi, xi)";
  computes(blur, tiles + ".vectorize(xi)\nBx.compute_at(Y, xo).store_in(stack)", pictures);
  computes(blur, tiles + ".parallel(yo)\nBx.compute_at(Y, xo).store_in(stack).pitch(y, 16).align(128)", pictures);
  computes(blur, "Bx.compute_root().store_in(heap)", pictures);
  has(lowered(blur, tiles + "\nBx.compute_at(Y, xo).store_in(stack)"), "Bx: f32[6, 8] stack");
}

TEST_CASE("a window in registers moves with the loop") {
  const std::string down = "Y.split(x, xo, xi, 8).reorder(xo, y, xi).vectorize(xi)\n";
  for (const std::string& lines :
       {down + "Bx.compute_at(Y, y).store_at(Y, xo).slide(y).split(x, bo, bi, 8).vectorize(bi)",
        down + "Y.parallel(xo)\nBx.compute_at(Y, y).store_at(Y, xo).slide(y).split(x, bo, bi, "
               "8).vectorize(bi).require(kept)",
        std::string("Y.split(y, yo, yi, 4).split(x, xo, xi, 8).reorder(yo, xo, yi, xi).vectorize(xi)\n"
                    "Bx.compute_at(Y, yi).store_at(Y, xo).slide(y).split(x, bo, bi, 8).vectorize(bi)"),
        std::string("Y.split(y, yo, yi, 2).split(x, xo, xi, 8).reorder(xo, yo, yi, xi).vectorize(xi).unroll(yi)\n"
                    "Bx.compute_at(Y, yo).store_at(Y, xo).slide(y).split(x, bo, bi, 8).vectorize(bi)")}) {
    computes(blur, lines, pictures);
    computes(smooth, lines, pictures);
  }
  computes(smooth, "Y.reorder(x, y)\nBx.compute_at(Y, y).store_at(Y, x).slide(y)", pictures);
  computes(
      "pairs(X: f32[H, W]) -> Y: f32[H, W]\n  B[y, x] = ((X[y, x] outside edge) * 2, X[y, x] outside 1)\n"
      "  Y[y, x] = B[y, x].0 + B[y + 1, x].1 - B[y + 2, x].0\n",
      "Y.reorder(x, y)\nB.compute_at(Y, y).store_at(Y, x).slide(y)", pictures);
  computes(
      "sums(X: f32[H, W, C]) -> Y: f32[H, W]\n  B[y, x] = sum(c < C: X[y, x, c] outside edge)\n  Y[y, x] = B[y, x] + "
      "B[y + 1, x]\n",
      "Y.reorder(x, y)\nB.compute_at(Y, y).store_at(Y, x).slide(y)",
      {{{"H", 3}, {"W", 2}, {"C", 5}}, {{"H", 1}, {"W", 1}, {"C", 0}}, {{"H", 6}, {"W", 3}, {"C", 1}}});
  has(lowered(smooth, down + "Bx.compute_at(Y, y).store_at(Y, xo).slide(y).split(x, bo, bi, 8).vectorize(bi)"),
      "alloc Bx: f32[3, 8] registers");
}

TEST_CASE("sums that stay in registers go from there into a window") {
  computes(
      "smooth_sums(X: f32[H, K], W: f32[K, N]) -> Y: f32[H, N]\n"
      "  F[y, x] = sum(k < K: (X[y, k] outside edge) * W[k, x])\n  Y[y, x] = F[y, x] + F[y + 2, x]\n",
      "Y.split(x, xo, xi, 16).vectorize(xi).reorder(xo, y, xi)\nF.compute_at(Y, y).store_at(Y, xo).slide(y)\n"
      "F.split(x, fo, fi, 16).reorder(fo, y, k, fi).vectorize(fi).store_in(registers, at = y)",
      {{{"H", 1}, {"K", 0}, {"N", 1}}, {{"H", 2}, {"K", 3}, {"N", 17}}, {{"H", 7}, {"K", 9}, {"N", 40}}});
}

TEST_CASE("indices under boundary rules may be looked up") {
  const std::string rows = "Y.split(x, xo, xi, 8).vectorize(xi)\nX.table_at(Y, ";
  for (const char* rule : {"edge", "mirror", "wrap", "7", "0"}) {
    const std::string rule_text = rule;
    const std::string three =
        "three(X: f32[H, W]) -> Y: f32[H, W]\n  size H in 1..4096\n  size W in 1..4096\n  Y[y, x] = (X[y - 1, x] "
        "outside " +
        rule_text + ") + (X[y + 2, x] outside " + rule_text + ")\n";
    computes(three, rows + "y)", pictures);
    computes(three, rows + "xo)", pictures);
    computes(three, "X.table_at(Y, x)", pictures);
  }
  const Sizes images = {{{"H", 1}, {"W", 1}, {"R", 1}, {"S", 1}},
                        {{"H", 5}, {"W", 17}, {"R", 3}, {"S", 3}},
                        {{"H", 9}, {"W", 33}, {"R", 2}, {"S", 5}},
                        {{"H", 2}, {"W", 3}, {"R", 9}, {"S", 9}},
                        {{"H", 0}, {"W", 8}, {"R", 3}, {"S", 3}}};
  for (const char* rule : {"none", "edge", "wrap"}) {
    const std::string window =
        "window(X: f32[H, W], F: f32[R, S]) -> Y: f32[H, W]\n  size R in 1..9\n  size S in 1..9\n"
        "  Y[y, x] = sum(r < R, s < S: (X[y + r - 1, x + s - 1] outside " +
        std::string(rule) + ") * F[r, s])\n";
    for (const char* lines :
         {"X.table_at(Y, y)", "X.table_at(Y, x)",
          "Y.split(x, xo, xi, 4).reorder(y, xo, r, s, xi).unroll(xi).store_in(registers, at = xo)\nX.table_at(Y, xo)",
          "Y.split(x, xo, xi, 8).reorder(y, xo, r, s, xi).vectorize(xi).store_in(registers, at = xo)\nX.table_at(Y, "
          "y)"}) {
      computes(window, lines, images);
    }
  }
  has(lowered("up(X: f32[H, W]) -> Y: f32[H, W]\n  Y[y, x] = X[y - 1, x] outside edge\n", rows + "y)"),
      "let X.index = X.table[");
}

TEST_CASE("lines that will be written are asked for too") {
  const std::string tile =
      "C.split(j, jo, ji, 8).split(i, io, ii, 2).reorder(jo, io, k, ii, "
      "ji).vectorize(ji).unroll(ii).store_in(registers, at = io)\n";
  computes(matmul, tile + "C.prefetch(C, io, 2)", products);
  computes(matmul, "C.prefetch(C, i, 1)", products);
  computes(blur, "Y.split(x, xo, xi, 8).vectorize(xi).prefetch(Y, y, 1)", pictures);
  has(lowered(matmul, tile + "C.prefetch(C, io, 2)"), "] write");
}

TEST_CASE("values are told where a schedule traces them") {
  std::vector<std::string> told;
  set_message_hook([&](std::string_view text) { told.emplace_back(text); });
  Tensor x(DType::f32, {3, 4}), y(DType::f32, {3, 4});
  for (int i = 0; i < 12; ++i) x.as<float>()[i] = static_cast<float>(i) / 2;
  auto run_with = [&](const std::string& lines) {
    const SourceFile file = parse_file_text(std::string(smooth) + "schedule for smooth\n" + lines + "\n", "t.lathe");
    told.clear();
    compile(file.operators.at(0), {.schedule = schedule_for(file, file.operators.at(0), "x86-64-v2"),
                                   .target = target_named("x86-64-v2")})(x, y);
  };
  run_with("Y.trace(1, W - 1)");
  CHECK(told == std::vector<std::string>{"trace: Y[1, 3] = 31.5"});
  run_with("Bx.compute_root().trace(0, 1).trace(-1, 0)\nY.trace(9, 9)");
  CHECK(told == std::vector<std::string>{"trace: Bx[0, 1] = 1.5", "trace: Bx[-1, 0] = 0"});
  run_with("Bx.compute_at(Y, y).trace(1, 2)");
  CHECK(told == std::vector<std::string>(3, "trace: Bx[1, 2] = 9"));
  set_message_hook({});
}

TEST_CASE("the value of a Func without dimensions is told too") {
  std::vector<std::string> told;
  set_message_hook([&](std::string_view text) { told.emplace_back(text); });
  const Operator op =
      parse_file_text("doubled(X: f32[N]) -> Y: f32[]\n  S[] = sum(k < N: X[k])\n  Y[] = S[] * 2\n", "t.lathe").operators.at(0);
  ScheduleBuilder s(op);
  s["S"].trace({});
  s["Y"].trace({});
  Tensor x(DType::f32, {3}), y(DType::f32, {});
  for (int i = 0; i < 3; ++i) x.as<float>()[i] = static_cast<float>(i) + 0.5f;
  compile(op, {.schedule = s.schedule(), .target = target_named("x86-64-v2")})(x, y);
  CHECK(told == std::vector<std::string>{"trace: S[] = 4.5", "trace: Y[] = 9"});
  set_message_hook({});
}

}  // namespace lathe
