#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator resize_nearest(AnyType dtype) {
  Var y("y"), x("x"), c("c");
  Size H("H", 1, 1 << 20), W("W", 1, 1 << 20), C("C");
  Param height("height", 96), width("width", 96);
  Input X("X", dtype, {H, W, C});
  Func Y("Y");
  Y(y, x, c) = X.at({(2 * y + 1) * H / (2 * height), (2 * x + 1) * W / (2 * width), c}, Boundary::edge);
  return make_operator("resize_nearest", {X, height, width}, {{Y, {height, width, C}}});
}

Operator resize_bilinear(Floats dtype) {
  Var y("y"), x("x"), c("c");
  Size H("H", 1, 1 << 20), W("W", 1, 1 << 20), C("C");
  Param height("height", 96), width("width", 96);
  Input X("X", dtype, {H, W, C});
  Func iy("iy"), ix("ix"), fy("fy"), fx("fx"), above("above"), below("below"), Y("Y");
  iy(y) = ((2 * y + 1) * H - height) / (2 * height);
  ix(x) = ((2 * x + 1) * W - width) / (2 * width);
  fy(y) = cast(dtype, ((2 * y + 1) * H - height) % (2 * height)) / cast(dtype, 2 * height);
  fx(x) = cast(dtype, ((2 * x + 1) * W - width) % (2 * width)) / cast(dtype, 2 * width);
  above(y, x, c) =
      X.at({iy(y), ix(x), c}, Boundary::edge) * (1 - fx(x)) + X.at({iy(y), ix(x) + 1, c}, Boundary::edge) * fx(x);
  below(y, x, c) = X.at({iy(y) + 1, ix(x), c}, Boundary::edge) * (1 - fx(x)) +
                   X.at({iy(y) + 1, ix(x) + 1, c}, Boundary::edge) * fx(x);
  Y(y, x, c) = above(y, x, c) * (1 - fy(y)) + below(y, x, c) * fy(y);
  return make_operator("resize_bilinear", {X, height, width}, {{Y, {height, width, C}}});
}

Operator resize_bicubic(Floats dtype) {
  Var y("y"), x("x"), r("r"), s("s"), c("c");
  Size H("H", 1, 1 << 20), W("W", 1, 1 << 20), C("C");
  Param height("height", 96), width("width", 96), a("a", dtype, -0.75);
  Input X("X", dtype, {H, W, C});
  RDom rr(0, 4, "r"), rs(0, 4, "s");
  Func iy("iy"), ix("ix"), ty("ty"), tx("tx"), wy("wy"), wx("wx"), Y("Y");
  iy(y) = ((2 * y + 1) * H - height) / (2 * height);
  ix(x) = ((2 * x + 1) * W - width) / (2 * width);
  ty(y, r) = abs(cast(dtype, ((2 * y + 1) * H - height) % (2 * height)) / cast(dtype, 2 * height) + 1 - cast(dtype, r));
  tx(x, s) = abs(cast(dtype, ((2 * x + 1) * W - width) % (2 * width)) / cast(dtype, 2 * width) + 1 - cast(dtype, s));
  wy(y, r) = select(le(ty(y, r), 1), ((a + 2) * ty(y, r) - (a + 3)) * ty(y, r) * ty(y, r) + 1,
                    ((a * ty(y, r) - 5 * a) * ty(y, r) + 8 * a) * ty(y, r) - 4 * a);
  wx(x, s) = select(le(tx(x, s), 1), ((a + 2) * tx(x, s) - (a + 3)) * tx(x, s) * tx(x, s) + 1,
                    ((a * tx(x, s) - 5 * a) * tx(x, s) + 8 * a) * tx(x, s) - 4 * a);
  Y(y, x, c) = sum({rr, rs}, X.at({iy(y) + rr - 1, ix(x) + rs - 1, c}, Boundary::edge) * (wy(y, rr) * wx(x, rs)));
  return make_operator("resize_bicubic", {X, height, width, a}, {{Y, {height, width, C}}});
}

}  // namespace lathe::in_cpp
