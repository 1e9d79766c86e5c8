#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"
#include "tests/stdlib/in_cpp/windows.h"

namespace lathe::in_cpp {

Operator conv_nchw(WideNumbers dtype) {
  Var n("n"), c("c"), y("y"), x("x"), o("o");
  Size N("N"), C("C"), H("H"), W("W"), O("O"), R("R"), S("S");
  Param stride("stride", 1), pad("pad", 1), dilation("dilation", 1);
  Input X("X", dtype, {N, C, H, W}), F("F", dtype, {O, C, R, S});
  RDom rc(0, C, "c"), r(0, R, "r"), s(0, S, "s");
  Func P("P"), Y("Y");
  P(n, c, y, x) = X.at({n, c, y - pad, x - pad}, Boundary::constant, 0);
  Y(n, o, y, x) = sum({rc, r, s}, P(n, rc, y * stride + r * dilation, x * stride + s * dilation) * F(o, rc, r, s));
  return make_operator("conv_nchw", {X, F, stride, pad, dilation},
                       {{Y,
                         {N, O, windows(H, R, stride, pad, dilation),
                          windows(W, S, stride, pad, dilation)}}});
}

Operator grouped_conv_nchw(WideNumbers dtype) {
  Var n("n"), g("g"), c("c"), y("y"), x("x"), o("o");
  Size N("N"), G("G"), C("C"), H("H"), W("W"), O("O"), R("R"), S("S");
  Param stride("stride", 1), pad("pad", 1), dilation("dilation", 1);
  Input X("X", dtype, {N, G, C, H, W}), F("F", dtype, {G, O, C, R, S});
  RDom rc(0, C, "c"), r(0, R, "r"), s(0, S, "s");
  Func P("P"), Y("Y");
  P(n, g, c, y, x) = X.at({n, g, c, y - pad, x - pad}, Boundary::constant, 0);
  Y(n, g, o, y, x) = sum({rc, r, s}, P(n, g, rc, y * stride + r * dilation, x * stride + s * dilation) * F(g, o, rc, r, s));
  return make_operator("grouped_conv_nchw", {X, F, stride, pad, dilation},
                       {{Y, {N, G, O, windows(H, R, stride, pad, dilation), windows(W, S, stride, pad, dilation)}}});
}

Operator depthwise_nchw(WideNumbers dtype) {
  Var n("n"), c("c"), y("y"), x("x");
  Size N("N"), C("C"), H("H"), W("W"), R("R"), S("S");
  Param stride("stride", 1), pad("pad", 1), dilation("dilation", 1);
  Input X("X", dtype, {N, C, H, W}), F("F", dtype, {C, R, S});
  RDom r(0, R, "r"), s(0, S, "s");
  Func P("P"), Y("Y");
  P(n, c, y, x) = X.at({n, c, y - pad, x - pad}, Boundary::constant, 0);
  Y(n, c, y, x) = sum({r, s}, P(n, c, y * stride + r * dilation, x * stride + s * dilation) * F(c, r, s));
  return make_operator("depthwise_nchw", {X, F, stride, pad, dilation},
                       {{Y, {N, C, windows(H, R, stride, pad, dilation), windows(W, S, stride, pad, dilation)}}});
}

}  // namespace lathe::in_cpp
