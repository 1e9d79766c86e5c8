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
  s["By"].collapse("x", "c", "xc").split("y", "yo", "yi", 4).split("xc", "xo", "xv", 16);
  s["By"].reorder({"yo", "xo", "yi", "xv"}).vectorize("xv").unroll("yi").parallel("yo");
  s["X"].prefetch("By", "yo", 1);
  s["By"].stream(gt(bytes, make_var("target.L3") / Expr(2)));
  return {s};
}

}  // namespace lathe::stdlib
