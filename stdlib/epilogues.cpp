#include "lang/func.h"
#include "stdlib/library.h"

namespace lathe::stdlib {

Operator matmul_bias() {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", f32, {M, K}), B("B", f32, {K, N}), bias("bias", f32, {N});
  RDom k(0, K, "k");
  Func C("C"), D("D");
  C(i, j) = sum(k, A(i, k) * B(k, j));
  D(i, j) = C(i, j) + bias(j);
  return make_operator("matmul_bias", {A, B, bias}, {{D, {M, N}}});
}

Operator matmul_bias_gelu() {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", f32, {M, K}), B("B", f32, {K, N}), bias("bias", f32, {N});
  RDom k(0, K, "k");
  Func C("C"), x("x"), D("D");
  C(i, j) = sum(k, A(i, k) * B(k, j));
  x(i, j) = C(i, j) + bias(j);
  D(i, j) = 0.5 * x(i, j) * (1 + erf(x(i, j) * 0.7071067811865476));
  return make_operator("matmul_bias_gelu", {A, B, bias}, {{D, {M, N}}});
}

Operator matmul_bias_silu() {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", f32, {M, K}), B("B", f32, {K, N}), bias("bias", f32, {N});
  RDom k(0, K, "k");
  Func C("C"), x("x"), D("D");
  C(i, j) = sum(k, A(i, k) * B(k, j));
  x(i, j) = C(i, j) + bias(j);
  D(i, j) = x(i, j) * sigmoid(x(i, j));
  return make_operator("matmul_bias_silu", {A, B, bias}, {{D, {M, N}}});
}

Operator matmul_residual() {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", f32, {M, K}), B("B", f32, {K, N}), bias("bias", f32, {N}), R("R", f32, {M, N});
  RDom k(0, K, "k");
  Func C("C"), D("D");
  C(i, j) = sum(k, A(i, k) * B(k, j));
  D(i, j) = C(i, j) + bias(j) + R(i, j);
  return make_operator("matmul_residual", {A, B, bias, R}, {{D, {M, N}}});
}

Operator matmul_add() {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", f32, {M, K}), B("B", f32, {K, N}), C("C", f32, {M, N});
  RDom k(0, K, "k");
  Func D("D");
  D(i, j) = C(i, j) + sum(k, A(i, k) * B(k, j));
  return make_operator("matmul_add", {A, B, C}, {{D, {M, N}, C}});
}

Operator gemm() {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Param alpha("alpha", f32, 1), beta("beta", f32, 1);
  Input A("A", f32, {M, K}), B("B", f32, {K, N}), C("C", f32, {M, N});
  RDom k(0, K, "k");
  Func D("D");
  D(i, j) = beta * C(i, j) + alpha * sum(k, A(i, k) * B(k, j));
  return make_operator("gemm", {A, B, C, alpha, beta}, {{D, {M, N}, C}});
}

}  // namespace lathe::stdlib
