#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator blur3x3(Floats dtype) {
  Var y("y"), x("x"), c("c");
  Size H("H"), W("W"), C("C");
  Input X("X", dtype, {H, W, C});
  Func Bx("Bx"), By("By");
  const auto pixel = [&](const Expr& column) { return X.at({y, column, c}, Boundary::edge); };
  Bx(y, x, c) = (pixel(x - 1) + pixel(x) + pixel(x + 1)) * 0.3333333333333333;
  By(y, x, c) = (Bx(y - 1, x, c) + Bx(y, x, c) + Bx(y + 1, x, c)) * 0.3333333333333333;
  return make_operator("blur3x3", {X}, {{By, {H, W, C}}});
}

Schedules blur3x3_schedules() {
  ScheduleBuilder s(blur3x3(), "x86-64-v3");
  const Expr bytes = Expr(4) * make_var("H") * make_var("W") * make_var("C");
  s["By"].collapse("x", "c", "xc");
  s["By"].split("y", "yb", "yi", 128, true).split("xc", "xo", "xv", 16);
  s["By"].reorder({"yb", "yi", "xo", "xv"}).vectorize("xv").parallel("yb");
  s["Bx"].compute_at("By", "xo").store_at("By", "yb").fold_storage("y", 4);
  s["Bx"].split("xc", "xo", "xv", 16).vectorize("xv").require(Requirement::kept);
  s["X"].prefetch("Bx", "xo", 256);
  s["By"].stream(gt(bytes + bytes, make_var("target.L3") / Expr(2)));
  return {s};
}

Operator blur_separable(Floats dtype) {
  Var y("y"), x("x"), c("c");
  Size H("H", 1, 1 << 20), W("W", 1, 1 << 20), C("C"), R("R"), S("S");
  Input X("X", dtype, {H, W, C}), v("v", dtype, {R}), h("h", dtype, {S});
  RDom s(0, S, "s"), r(0, R, "r");
  Func Bx("Bx"), Y("Y");
  Bx(y, x, c) = sum(s, h(s) * X.at({y, x + s - (S - 1) / 2, c}, Boundary::edge));
  Y(y, x, c) = sum(r, v(r) * Bx(y + r - (R - 1) / 2, x, c));
  return make_operator("blur_separable", {X, v, h}, {{Y, {H, W, C}}});
}

Operator blur_window(Floats dtype) {
  Var y("y"), x("x"), c("c");
  Size H("H", 1, 1 << 20), W("W", 1, 1 << 20), C("C"), R("R"), S("S");
  Input X("X", dtype, {H, W, C}), F("F", dtype, {R, S});
  RDom r(0, R, "r"), s(0, S, "s");
  Func Y("Y");
  Y(y, x, c) = sum({r, s}, F(r, s) * X.at({y + r - (R - 1) / 2, x + s - (S - 1) / 2, c}, Boundary::edge));
  return make_operator("blur_window", {X, F}, {{Y, {H, W, C}}});
}

Operator unsharp_u8() {
  Var y("y"), x("x"), c("c");
  Size H("H", 1, 1 << 20), W("W", 1, 1 << 20), C("C");
  Param amount("amount", f32, 0.5);
  Input X("X", u8, {H, W, C});
  Func P("P"), Bx("Bx"), By("By"), Y("Y");
  P(y, x, c) = cast(i32, X.at({y, x, c}, Boundary::edge));
  Bx(y, x, c) = P(y, x - 2, c) + P(y, x + 2, c) + 4 * (P(y, x - 1, c) + P(y, x + 1, c)) + 6 * P(y, x, c);
  By(y, x, c) = Bx(y - 2, x, c) + Bx(y + 2, x, c) + 4 * (Bx(y - 1, x, c) + Bx(y + 1, x, c)) + 6 * Bx(y, x, c);
  Y(y, x, c) =
      cast(u8, round(cast(f32, P(y, x, c)) + amount * (cast(f32, 256 * P(y, x, c) - By(y, x, c)) * 0.00390625)));
  return make_operator("unsharp_u8", {X, amount}, {{Y, {H, W, C}}});
}

}  // namespace lathe::in_cpp
