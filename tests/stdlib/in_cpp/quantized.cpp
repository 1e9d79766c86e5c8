#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator matmul_i8() {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", i8, {M, K}), B("B", i8, {K, N});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = sum(k, cast(i32, A(i, k)) * cast(i32, B(k, j)));
  return make_operator("matmul_i8", {A, B}, {{C, {M, N}}});
}

Operator matmul_u8s8() {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", u8, {M, K}), B("B", i8, {K, N});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = sum(k, cast(i32, A(i, k)) * cast(i32, B(k, j)));
  return make_operator("matmul_u8s8", {A, B}, {{C, {M, N}}});
}

Operator linear_u8s8() {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", u8, {M, K}), B("B", i8, {K, N}), A_scale("A_scale", f32, {}), A_zero("A_zero", i32, {}),
      B_scale("B_scale", f32, {N}), B_zero("B_zero", i32, {N});
  RDom k(0, K, "k");
  Func S("S"), C("C");
  S(i, j) = sum(k, (cast(i32, A(i, k)) - A_zero()) * (cast(i32, B(k, j)) - B_zero(j)));
  C(i, j) = cast(f32, S(i, j)) * (A_scale() * B_scale(j));
  return make_operator("linear_u8s8", {A, B, A_scale, A_zero, B_scale, B_zero}, {{C, {M, N}}});
}

Operator linear_s8s8() {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", i8, {M, K}), B("B", i8, {K, N}), A_scale("A_scale", f32, {}), A_zero("A_zero", i32, {}),
      B_scale("B_scale", f32, {N}), B_zero("B_zero", i32, {N});
  RDom k(0, K, "k");
  Func S("S"), C("C");
  S(i, j) = sum(k, (cast(i32, A(i, k)) - A_zero()) * (cast(i32, B(k, j)) - B_zero(j)));
  C(i, j) = cast(f32, S(i, j)) * (A_scale() * B_scale(j));
  return make_operator("linear_s8s8", {A, B, A_scale, A_zero, B_scale, B_zero}, {{C, {M, N}}});
}

Operator conv_u8s8() {
  Var n("n"), y("y"), x("x"), c("c"), o("o");
  Size N("N"), H("H"), W("W"), C("C"), R("R"), S("S"), O("O");
  Param stride("stride", 1), pad("pad", 1);
  Input X("X", u8, {N, H, W, C}), F("F", i8, {R, S, C, O}), X_scale("X_scale", f32, {}), X_zero("X_zero", u8, {}),
      F_scale("F_scale", f32, {O}), F_zero("F_zero", i32, {O});
  RDom r(0, R, "r"), s(0, S, "s"), rc(0, C, "c");
  Func P("P"), A("A"), Y("Y");
  P(n, y, x, c) = X.at({n, y - pad, x - pad, c}, Boundary::constant, X_zero());
  A(n, y, x, o) = sum({r, s, rc}, (cast(i32, P(n, y * stride + r, x * stride + s, rc)) - cast(i32, X_zero())) *
                                      (cast(i32, F(r, s, rc, o)) - F_zero(o)));
  Y(n, y, x, o) = cast(f32, A(n, y, x, o)) * (X_scale() * F_scale(o));
  return make_operator("conv_u8s8", {X, F, X_scale, X_zero, F_scale, F_zero, stride, pad},
                       {{Y, {N, (H + 2 * pad - R) / stride + 1, (W + 2 * pad - S) / stride + 1, O}}});
}

Operator conv_s8s8() {
  Var n("n"), y("y"), x("x"), c("c"), o("o");
  Size N("N"), H("H"), W("W"), C("C"), R("R"), S("S"), O("O");
  Param stride("stride", 1), pad("pad", 1);
  Input X("X", i8, {N, H, W, C}), F("F", i8, {R, S, C, O}), X_scale("X_scale", f32, {}), X_zero("X_zero", i8, {}),
      F_scale("F_scale", f32, {O}), F_zero("F_zero", i32, {O});
  RDom r(0, R, "r"), s(0, S, "s"), rc(0, C, "c");
  Func P("P"), A("A"), Y("Y");
  P(n, y, x, c) = X.at({n, y - pad, x - pad, c}, Boundary::constant, X_zero());
  A(n, y, x, o) = sum({r, s, rc}, (cast(i32, P(n, y * stride + r, x * stride + s, rc)) - cast(i32, X_zero())) *
                                      (cast(i32, F(r, s, rc, o)) - F_zero(o)));
  Y(n, y, x, o) = cast(f32, A(n, y, x, o)) * (X_scale() * F_scale(o));
  return make_operator("conv_s8s8", {X, F, X_scale, X_zero, F_scale, F_zero, stride, pad},
                       {{Y, {N, (H + 2 * pad - R) / stride + 1, (W + 2 * pad - S) / stride + 1, O}}});
}

Operator quantize() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N}), scale("scale", f32, {}), zero("zero", u8, {});
  Func Q("Q");
  Q(i, j) = cast(u8, round(X(i, j) / scale()) + cast(f32, zero()));
  return make_operator("quantize", {X, scale, zero}, {{Q, {M, N}}});
}

Operator dequantize() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input Q("Q", u8, {M, N}), scale("scale", f32, {}), zero("zero", u8, {});
  Func X("X");
  X(i, j) = scale() * (cast(f32, Q(i, j)) - cast(f32, zero()));
  return make_operator("dequantize", {Q, scale, zero}, {{X, {M, N}}});
}

Operator requantize() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input S("S", i32, {M, N}), factor("factor", f32, {N}), zero("zero", u8, {});
  Func Q("Q");
  Q(i, j) = cast(u8, round(cast(f32, S(i, j)) * factor(j)) + cast(f32, zero()));
  return make_operator("requantize", {S, factor, zero}, {{Q, {M, N}}});
}

Operator dynamic_quantize() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  RDom k(0, N, "k");
  Func scale("scale"), Q("Q");
  scale(i) = max(reduce_max(k, abs(X(i, k))), 0) / 127;
  Q(i, j) = cast(i8, round(X(i, j) / select(gt(scale(i), 0), scale(i), 1)));
  return make_operator("dynamic_quantize", {X}, {{Q, {M, N}}, {scale, {M}}});
}

}  // namespace lathe::in_cpp
