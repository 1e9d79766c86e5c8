#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator warp(Floats dtype) {
  Var y("y"), x("x"), c("c");
  Size H("H"), W("W"), C("C"), P("P"), Q("Q");
  Input X("X", dtype, {H, W, C}), flow("flow", dtype, {P, Q, 2});
  Func v("v"), u("u"), fy("fy"), fx("fx"), iy("iy"), ix("ix"), above("above"), below("below"), Y("Y");
  v(y, x) = cast(dtype, y) + flow(y, x, 0);
  u(y, x) = cast(dtype, x) + flow(y, x, 1);
  fy(y, x) = v(y, x) - floor(v(y, x));
  fx(y, x) = u(y, x) - floor(u(y, x));
  iy(y, x) = cast(i64, floor(v(y, x)));
  ix(y, x) = cast(i64, floor(u(y, x)));
  above(y, x, c) = X.at({iy(y, x), ix(y, x), c}, Boundary::edge) * (1 - fx(y, x)) +
                   X.at({iy(y, x), ix(y, x) + 1, c}, Boundary::edge) * fx(y, x);
  below(y, x, c) = X.at({iy(y, x) + 1, ix(y, x), c}, Boundary::edge) * (1 - fx(y, x)) +
                   X.at({iy(y, x) + 1, ix(y, x) + 1, c}, Boundary::edge) * fx(y, x);
  Y(y, x, c) = above(y, x, c) * (1 - fy(y, x)) + below(y, x, c) * fy(y, x);
  return make_operator("warp", {X, flow}, {{Y, {P, Q, C}}});
}

Operator affine_warp(Floats dtype) {
  Var y("y"), x("x"), c("c");
  Size H("H", 1, 1 << 20), W("W", 1, 1 << 20), C("C");
  Param height("height", 96), width("width", 96);
  Input X("X", dtype, {H, W, C}), A("A", dtype, {2, 3});
  Func v("v"), u("u"), fy("fy"), fx("fx"), iy("iy"), ix("ix"), above("above"), below("below"), Y("Y");
  v(y, x) = A(0, 0) * cast(dtype, y) + A(0, 1) * cast(dtype, x) + A(0, 2);
  u(y, x) = A(1, 0) * cast(dtype, y) + A(1, 1) * cast(dtype, x) + A(1, 2);
  fy(y, x) = v(y, x) - floor(v(y, x));
  fx(y, x) = u(y, x) - floor(u(y, x));
  iy(y, x) = cast(i64, floor(v(y, x)));
  ix(y, x) = cast(i64, floor(u(y, x)));
  above(y, x, c) = X.at({iy(y, x), ix(y, x), c}, Boundary::edge) * (1 - fx(y, x)) +
                   X.at({iy(y, x), ix(y, x) + 1, c}, Boundary::edge) * fx(y, x);
  below(y, x, c) = X.at({iy(y, x) + 1, ix(y, x), c}, Boundary::edge) * (1 - fx(y, x)) +
                   X.at({iy(y, x) + 1, ix(y, x) + 1, c}, Boundary::edge) * fx(y, x);
  Y(y, x, c) = above(y, x, c) * (1 - fy(y, x)) + below(y, x, c) * fy(y, x);
  return make_operator("affine_warp", {X, A, height, width}, {{Y, {height, width, C}}});
}

Operator median3x3(Numbers dtype) {
  Var y("y"), x("x");
  Size H("H", 1, 1 << 20), W("W", 1, 1 << 20);
  Input X("X", dtype, {H, W});
  Func P("P"), low("low"), high("high"), middle("middle"), top("top"), bottom("bottom"), centre("centre"), Y("Y");
  P(y, x) = X.at({y, x}, Boundary::edge);
  low(y, x) = min(min(P(y - 1, x), P(y, x)), P(y + 1, x));
  high(y, x) = max(max(P(y - 1, x), P(y, x)), P(y + 1, x));
  middle(y, x) = max(min(P(y - 1, x), P(y, x)), min(max(P(y - 1, x), P(y, x)), P(y + 1, x)));
  top(y, x) = max(max(low(y, x - 1), low(y, x)), low(y, x + 1));
  bottom(y, x) = min(min(high(y, x - 1), high(y, x)), high(y, x + 1));
  centre(y, x) = max(min(middle(y, x - 1), middle(y, x)), min(max(middle(y, x - 1), middle(y, x)), middle(y, x + 1)));
  Y(y, x) = max(min(top(y, x), centre(y, x)), min(max(top(y, x), centre(y, x)), bottom(y, x)));
  return make_operator("median3x3", {X}, {{Y, {H, W}}});
}

}  // namespace lathe::in_cpp
