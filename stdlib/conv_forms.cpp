#include "lang/func.h"
#include "stdlib/library.h"

namespace lathe::stdlib {

Operator dilated_conv() {
  Var n("n"), y("y"), x("x"), c("c"), o("o");
  Size N("N"), H("H"), W("W"), C("C"), R("R"), S("S"), O("O");
  Param stride("stride", 1), pad("pad", 2), dilation("dilation", 2);
  Input X("X", f32, {N, H, W, C}), F("F", f32, {R, S, C, O});
  RDom r(0, R, "r"), s(0, S, "s"), rc(0, C, "c");
  Func P("P"), Y("Y");
  P(n, y, x, c) = X.at({n, y - pad, x - pad, c}, Boundary::constant, 0);
  Y(n, y, x, o) =
      sum({r, s, rc}, P(n, y * stride + r * dilation, x * stride + s * dilation, rc) * F(r, s, rc, o));
  return make_operator("dilated_conv", {X, F, stride, pad, dilation},
                       {{Y, {N, (H + 2 * pad - dilation * (R - 1) - 1) / stride + 1,
                             (W + 2 * pad - dilation * (S - 1) - 1) / stride + 1, O}}});
}

Operator grouped_conv() {
  Var n("n"), y("y"), x("x"), g("g"), c("c"), o("o");
  Size N("N"), H("H"), W("W"), G("G"), C("C"), R("R"), S("S"), O("O");
  Param stride("stride", 1), pad("pad", 1);
  Input X("X", f32, {N, H, W, G, C}), F("F", f32, {G, R, S, C, O});
  RDom r(0, R, "r"), s(0, S, "s"), rc(0, C, "c");
  Func P("P"), Y("Y");
  P(n, y, x, g, c) = X.at({n, y - pad, x - pad, g, c}, Boundary::constant, 0);
  Y(n, y, x, g, o) = sum({r, s, rc}, P(n, y * stride + r, x * stride + s, g, rc) * F(g, r, s, rc, o));
  return make_operator("grouped_conv", {X, F, stride, pad},
                       {{Y, {N, (H + 2 * pad - R) / stride + 1, (W + 2 * pad - S) / stride + 1, G, O}}});
}

Operator depthwise_conv() {
  Var n("n"), y("y"), x("x"), c("c");
  Size N("N"), H("H"), W("W"), C("C"), R("R"), S("S");
  Param stride("stride", 1), pad("pad", 1);
  Input X("X", f32, {N, H, W, C}), F("F", f32, {R, S, C});
  RDom r(0, R, "r"), s(0, S, "s");
  Func P("P"), Y("Y");
  P(n, y, x, c) = X.at({n, y - pad, x - pad, c}, Boundary::constant, 0);
  Y(n, y, x, c) = sum({r, s}, P(n, y * stride + r, x * stride + s, c) * F(r, s, c));
  return make_operator("depthwise_conv", {X, F, stride, pad},
                       {{Y, {N, (H + 2 * pad - R) / stride + 1, (W + 2 * pad - S) / stride + 1, C}}});
}

Operator transposed_conv() {
  Var n("n"), y("y"), x("x"), c("c"), o("o");
  Size N("N"), H("H", 1, 1 << 20), W("W", 1, 1 << 20), C("C"), R("R"), S("S"), O("O");
  Param stride("stride", 2), pad("pad", 1);
  Input X("X", f32, {N, H, W, C}), F("F", f32, {R, S, C, O});
  RDom r(0, R, "r"), s(0, S, "s"), rc(0, C, "c");
  Func Z("Z"), Y("Y");
  Z(n, y, x, c) = select(eq(y % stride, 0) & eq(x % stride, 0),
                         X.at({n, y / stride, x / stride, c}, Boundary::constant, 0), 0);
  Y(n, y, x, o) = sum({r, s, rc}, Z(n, y + pad - r, x + pad - s, rc) * F(r, s, rc, o));
  return make_operator("transposed_conv", {X, F, stride, pad},
                       {{Y, {N, (H - 1) * stride - 2 * pad + R, (W - 1) * stride - 2 * pad + S, O}}});
}

}  // namespace lathe::stdlib
