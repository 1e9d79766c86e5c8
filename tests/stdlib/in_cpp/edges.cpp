#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator sobel(Floats dtype) {
  Var y("y"), x("x");
  Size H("H", 1, 1 << 20), W("W", 1, 1 << 20);
  Input X("X", dtype, {H, W});
  Func P("P"), gx("gx"), gy("gy"), Y("Y");
  P(y, x) = X.at({y, x}, Boundary::edge);
  gx(y, x) = P(y - 1, x + 1) - P(y - 1, x - 1) + 2 * (P(y, x + 1) - P(y, x - 1)) + P(y + 1, x + 1) - P(y + 1, x - 1);
  gy(y, x) = P(y + 1, x - 1) - P(y - 1, x - 1) + 2 * (P(y + 1, x) - P(y - 1, x)) + P(y + 1, x + 1) - P(y - 1, x + 1);
  Y(y, x) = sqrt(gx(y, x) * gx(y, x) + gy(y, x) * gy(y, x));
  return make_operator("sobel", {X}, {{Y, {H, W}}});
}

Operator harris(Floats dtype) {
  Var y("y"), x("x");
  Size H("H", 1, 1 << 20), W("W", 1, 1 << 20);
  Param kappa("kappa", dtype, 0.04);
  Input X("X", dtype, {H, W, 3});
  RDom r(0, 3, "r"), s(0, 3, "s");
  Func gray("gray"), gx("gx"), gy("gy"), Sxx("Sxx"), Syy("Syy"), Sxy("Sxy"), Y("Y");
  gray(y, x) = 0.299 * X.at({y, x, 0}, Boundary::edge) + 0.587 * X.at({y, x, 1}, Boundary::edge) +
               0.114 * X.at({y, x, 2}, Boundary::edge);
  gx(y, x) = (gray(y - 1, x + 1) - gray(y - 1, x - 1) + 2 * (gray(y, x + 1) - gray(y, x - 1)) + gray(y + 1, x + 1) -
              gray(y + 1, x - 1)) *
             0.08333333333333333;
  gy(y, x) = (gray(y + 1, x - 1) - gray(y - 1, x - 1) + 2 * (gray(y + 1, x) - gray(y - 1, x)) + gray(y + 1, x + 1) -
              gray(y - 1, x + 1)) *
             0.08333333333333333;
  Sxx(y, x) = sum({r, s}, gx(y + r - 1, x + s - 1) * gx(y + r - 1, x + s - 1));
  Syy(y, x) = sum({r, s}, gy(y + r - 1, x + s - 1) * gy(y + r - 1, x + s - 1));
  Sxy(y, x) = sum({r, s}, gx(y + r - 1, x + s - 1) * gy(y + r - 1, x + s - 1));
  Y(y, x) = Sxx(y, x) * Syy(y, x) - Sxy(y, x) * Sxy(y, x) - kappa * (Sxx(y, x) + Syy(y, x)) * (Sxx(y, x) + Syy(y, x));
  return make_operator("harris", {X, kappa}, {{Y, {H, W}}});
}

}  // namespace lathe::in_cpp
