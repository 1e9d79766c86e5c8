#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator matmul_bias(WideNumbers dtype) {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", dtype, {M, K}), B("B", dtype, {K, N}), bias("bias", dtype, {N});
  RDom k(0, K, "k");
  Func C("C"), D("D");
  C(i, j) = sum(k, A(i, k) * B(k, j));
  D(i, j) = C(i, j) + bias(j);
  return make_operator("matmul_bias", {A, B, bias}, {{D, {M, N}}});
}

Operator matmul_bias_gelu(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", dtype, {M, K}), B("B", dtype, {K, N}), bias("bias", dtype, {N});
  RDom k(0, K, "k");
  Func C("C"), x("x"), D("D");
  C(i, j) = sum(k, A(i, k) * B(k, j));
  x(i, j) = C(i, j) + bias(j);
  D(i, j) = 0.5 * x(i, j) * (1 + erf(x(i, j) * 0.7071067811865476));
  return make_operator("matmul_bias_gelu", {A, B, bias}, {{D, {M, N}}});
}

Operator matmul_bias_silu(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", dtype, {M, K}), B("B", dtype, {K, N}), bias("bias", dtype, {N});
  RDom k(0, K, "k");
  Func C("C"), x("x"), D("D");
  C(i, j) = sum(k, A(i, k) * B(k, j));
  x(i, j) = C(i, j) + bias(j);
  D(i, j) = x(i, j) * sigmoid(x(i, j));
  return make_operator("matmul_bias_silu", {A, B, bias}, {{D, {M, N}}});
}

Operator matmul_residual(WideNumbers dtype) {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", dtype, {M, K}), B("B", dtype, {K, N}), bias("bias", dtype, {N}), R("R", dtype, {M, N});
  RDom k(0, K, "k");
  Func C("C"), D("D");
  C(i, j) = sum(k, A(i, k) * B(k, j));
  D(i, j) = C(i, j) + bias(j) + R(i, j);
  return make_operator("matmul_residual", {A, B, bias, R}, {{D, {M, N}}});
}

Operator matmul_add(WideNumbers dtype) {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", dtype, {M, K}), B("B", dtype, {K, N}), C("C", dtype, {M, N});
  RDom k(0, K, "k");
  Func D("D");
  D(i, j) = C(i, j) + sum(k, A(i, k) * B(k, j));
  return make_operator("matmul_add", {A, B, C}, {{D, {M, N}, C}});
}

Operator gemm(WideNumbers dtype) {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Param alpha("alpha", dtype, 1), beta("beta", dtype, 1);
  Input A("A", dtype, {M, K}), B("B", dtype, {K, N}), C("C", dtype, {M, N});
  RDom k(0, K, "k");
  Func D("D");
  D(i, j) = beta * C(i, j) + alpha * sum(k, A(i, k) * B(k, j));
  return make_operator("gemm", {A, B, C, alpha, beta}, {{D, {M, N}, C}});
}

}  // namespace lathe::in_cpp
