#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator rgb_to_gray(Floats dtype) {
  Var y("y"), x("x");
  Size H("H"), W("W");
  Input X("X", dtype, {H, W, 3});
  Func Y("Y");
  Y(y, x) = 0.299 * X(y, x, 0) + 0.587 * X(y, x, 1) + 0.114 * X(y, x, 2);
  return make_operator("rgb_to_gray", {X}, {{Y, {H, W}}});
}

Operator rgb_to_ycbcr(Floats dtype) {
  Var y("y"), x("x"), c("c");
  Size H("H"), W("W");
  Input X("X", dtype, {H, W, 3});
  Func gray("gray"), Y("Y");
  gray(y, x) = 0.299 * X(y, x, 0) + 0.587 * X(y, x, 1) + 0.114 * X(y, x, 2);
  Y(y, x, c) = select(
      eq(c, 0), gray(y, x),
      select(eq(c, 1), (X(y, x, 2) - gray(y, x)) * 0.5643340857787811, (X(y, x, 0) - gray(y, x)) * 0.7132667617689016));
  return make_operator("rgb_to_ycbcr", {X}, {{Y, {H, W, 3}}});
}

Operator ycbcr_to_rgb(Floats dtype) {
  Var y("y"), x("x"), c("c");
  Size H("H"), W("W");
  Input X("X", dtype, {H, W, 3});
  Func Y("Y");
  Y(y, x, c) = X(y, x, 0) + select(eq(c, 0), 1.402 * X(y, x, 2),
                                   select(eq(c, 2), 1.772 * X(y, x, 1),
                                          -0.3441362862010221 * X(y, x, 1) - 0.7141362862010221 * X(y, x, 2)));
  return make_operator("ycbcr_to_rgb", {X}, {{Y, {H, W, 3}}});
}

Operator histogram_equalize_u8() {
  Var b("b"), y("y"), x("x");
  Size H("H", 0, 1 << 20), W("W", 0, 1 << 20);
  Input X("X", u8, {H, W});
  RDom ry(0, H, "y"), rx(0, W, "x"), k(0, 255, "k"), rk(0, 256, "k");
  Func counts("counts"), below("below"), first("first"), rest("rest"), level("level"), Y("Y");
  counts(b) = Expr(int64_t{0});
  over({ry, rx}, counts(cast(i64, X(ry, rx)))) = counts(cast(i64, X(ry, rx))) + 1;
  below(b) = counts(b);
  over(k, below(k + 1)) = below(k) + counts(k + 1);
  first() = reduce_min(rk, select(gt(counts(rk), 0), below(rk), Expr(INT64_MAX)));
  rest() = H * W - first();
  level(b) = select(gt(rest(), 0), (510 * (below(b) - first()) + rest()) / (2 * rest()), b);
  Y(y, x) = cast(u8, level(cast(i64, X(y, x))));
  return make_operator("histogram_equalize_u8", {X}, {{Y, {H, W}}});
}

}  // namespace lathe::in_cpp
