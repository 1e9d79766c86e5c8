#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"
#include "tests/stdlib/in_cpp/windows.h"

namespace lathe::in_cpp {

Operator dilated_conv(WideNumbers dtype) {
  Var n("n"), y("y"), x("x"), c("c"), o("o");
  Size N("N"), H("H"), W("W"), C("C"), R("R"), S("S"), O("O");
  Param stride("stride", 1), pad("pad", 2), dilation("dilation", 2);
  Input X("X", dtype, {N, H, W, C}), F("F", dtype, {R, S, C, O});
  RDom r(0, R, "r"), s(0, S, "s"), rc(0, C, "c");
  Func P("P"), Y("Y");
  P(n, y, x, c) = X.at({n, y - pad, x - pad, c}, Boundary::constant, 0);
  Y(n, y, x, o) = sum({r, s, rc}, P(n, y * stride + r * dilation, x * stride + s * dilation, rc) * F(r, s, rc, o));
  return make_operator("dilated_conv", {X, F, stride, pad, dilation},
                       {{Y, {N, windows(H, R, stride, pad, dilation), windows(W, S, stride, pad, dilation), O}}});
}

Operator grouped_conv(WideNumbers dtype) {
  Var n("n"), y("y"), x("x"), g("g"), c("c"), o("o");
  Size N("N"), H("H"), W("W"), G("G"), C("C"), R("R"), S("S"), O("O");
  Param stride("stride", 1), pad("pad", 1), dilation("dilation", 1);
  Input X("X", dtype, {N, H, W, G, C}), F("F", dtype, {G, R, S, C, O});
  RDom r(0, R, "r"), s(0, S, "s"), rc(0, C, "c");
  Func P("P"), Y("Y");
  P(n, y, x, g, c) = X.at({n, y - pad, x - pad, g, c}, Boundary::constant, 0);
  Y(n, y, x, g, o) =
      sum({r, s, rc}, P(n, y * stride + r * dilation, x * stride + s * dilation, g, rc) * F(g, r, s, rc, o));
  return make_operator("grouped_conv", {X, F, stride, pad, dilation},
                       {{Y, {N, windows(H, R, stride, pad, dilation), windows(W, S, stride, pad, dilation), G, O}}});
}

Operator depthwise(WideNumbers dtype) {
  Var n("n"), y("y"), x("x"), c("c");
  Size N("N"), H("H"), W("W"), C("C"), R("R"), S("S");
  Param stride("stride", 1), pad("pad", 1), dilation("dilation", 1);
  Input X("X", dtype, {N, H, W, C}), F("F", dtype, {R, S, C});
  RDom r(0, R, "r"), s(0, S, "s");
  Func P("P"), Y("Y");
  P(n, y, x, c) = X.at({n, y - pad, x - pad, c}, Boundary::constant, 0);
  Y(n, y, x, c) = sum({r, s}, P(n, y * stride + r * dilation, x * stride + s * dilation, c) * F(r, s, c));
  return make_operator("depthwise", {X, F, stride, pad, dilation},
                       {{Y, {N, windows(H, R, stride, pad, dilation), windows(W, S, stride, pad, dilation), C}}});
}

Operator transposed_conv(WideNumbers dtype) {
  Var n("n"), y("y"), x("x"), c("c"), o("o");
  Size N("N"), H("H", 1, 1 << 20), W("W", 1, 1 << 20), C("C"), R("R"), S("S"), O("O");
  Param stride("stride", 2), pad("pad", 1), dilation("dilation", 1), output_pad("output_pad", 0);
  Input X("X", dtype, {N, H, W, C}), F("F", dtype, {R, S, C, O});
  RDom r(0, R, "r"), s(0, S, "s"), rc(0, C, "c");
  Func Z("Z"), Y("Y");
  Z(n, y, x, c) =
      select(eq(y % stride, 0) & eq(x % stride, 0), X.at({n, y / stride, x / stride, c}, Boundary::constant, 0), 0);
  Y(n, y, x, o) = sum({r, s, rc}, Z(n, y + pad - r * dilation, x + pad - s * dilation, rc) * F(r, s, rc, o));
  return make_operator("transposed_conv", {X, F, stride, pad, dilation, output_pad},
                       {{Y,
                         {N, (H - 1) * stride - 2 * pad + dilation * (R - 1) + output_pad + 1,
                          (W - 1) * stride - 2 * pad + dilation * (S - 1) + output_pad + 1, O}}});
}

Operator conv1d(WideNumbers dtype) {
  Var n("n"), x("x"), c("c"), o("o");
  Size N("N"), W("W"), C("C"), S("S"), O("O");
  Param stride("stride", 1), pad("pad", 1), dilation("dilation", 1);
  Input X("X", dtype, {N, W, C}), F("F", dtype, {S, C, O});
  RDom s(0, S, "s"), rc(0, C, "c");
  Func P("P"), Y("Y");
  P(n, x, c) = X.at({n, x - pad, c}, Boundary::constant, 0);
  Y(n, x, o) = sum({s, rc}, P(n, x * stride + s * dilation, rc) * F(s, rc, o));
  return make_operator("conv1d", {X, F, stride, pad, dilation},
                       {{Y, {N, windows(W, S, stride, pad, dilation), O}}});
}

Operator conv3d(WideNumbers dtype) {
  Var n("n"), z("z"), y("y"), x("x"), c("c"), o("o");
  Size N("N"), D("D"), H("H"), W("W"), C("C"), Q("Q"), R("R"), S("S"), O("O");
  Param stride("stride", 1), pad("pad", 1), dilation("dilation", 1);
  Input X("X", dtype, {N, D, H, W, C}), F("F", dtype, {Q, R, S, C, O});
  RDom q(0, Q, "q"), r(0, R, "r"), s(0, S, "s"), rc(0, C, "c");
  Func P("P"), Y("Y");
  P(n, z, y, x, c) = X.at({n, z - pad, y - pad, x - pad, c}, Boundary::constant, 0);
  Y(n, z, y, x, o) = sum({q, r, s, rc}, P(n, z * stride + q * dilation, y * stride + r * dilation, x * stride + s * dilation, rc) *
                                            F(q, r, s, rc, o));
  const auto extent = [&](const Size& of, const Size& terms) { return windows(of, terms, stride, pad, dilation); };
  return make_operator("conv3d", {X, F, stride, pad, dilation}, {{Y, {N, extent(D, Q), extent(H, R), extent(W, S), O}}});
}

}  // namespace lathe::in_cpp
