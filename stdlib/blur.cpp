#include "lang/func.h"
#include "stdlib/library.h"

namespace lathe::stdlib {

Operator blur3x3() {
  Var y("y"), x("x"), c("c");
  Size H("H"), W("W"), C("C");
  Input X("X", f32, {H, W, C});
  Func Bx("Bx"), By("By");
  const auto pixel = [&](const Expr& column) { return X.at({y, column, c}, Boundary::edge); };
  Bx(y, x, c) = (pixel(x - 1) + pixel(x) + pixel(x + 1)) * 0.33333334f;
  By(y, x, c) = (Bx(y - 1, x, c) + Bx(y, x, c) + Bx(y + 1, x, c)) * 0.33333334f;
  return make_operator("blur3x3", {X}, {{By, {H, W, C}}});
}

Schedules blur3x3_schedules() {
  ScheduleBuilder s(blur3x3(), "x86-64-v3");
  const Expr bytes = Expr(4) * make_var("H") * make_var("W") * make_var("C");
  s["By"].collapse("x", "c", "xc");
  s["By"].split("y", "yb", "yi", 128, true).split("xc", "xs", "xr", 4096).split("xr", "xo", "xv", 16);
  s["By"].reorder({"yb", "xs", "yi", "xo", "xv"}).vectorize("xv").parallel("yb");
  s["Bx"].compute_at("By", "xo").store_at("By", "xs").fold_storage("y", 4);
  s["Bx"].split("xc", "xo", "xv", 16).vectorize("xv").require(Requirement::kept);
  s["X"].prefetch("Bx", "y", 1);
  s["By"].stream(gt(bytes, make_var("target.L3") / Expr(2)));
  return {s};
}

}  // namespace lathe::stdlib
