#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator relu(Numbers dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  Func Y("Y");
  Y(i, j) = max(X(i, j), 0);
  return make_operator("relu", {X}, {{Y, {M, N}}});
}

Operator relu6(Numbers dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  Func Y("Y");
  Y(i, j) = min(max(X(i, j), 0), 6);
  return make_operator("relu6", {X}, {{Y, {M, N}}});
}

Operator leaky_relu(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Param slope("slope", dtype, 0.01);
  Input X("X", dtype, {M, N});
  Func Y("Y");
  Y(i, j) = select(lt(X(i, j), 0), slope * X(i, j), X(i, j));
  return make_operator("leaky_relu", {X, slope}, {{Y, {M, N}}});
}

Operator elu(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Param alpha("alpha", dtype, 1);
  Input X("X", dtype, {M, N});
  Func Y("Y");
  Y(i, j) = select(lt(X(i, j), 0), alpha * (exp(min(X(i, j), 0)) - 1), X(i, j));
  return make_operator("elu", {X, alpha}, {{Y, {M, N}}});
}

Operator selu(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  Func Y("Y");
  Y(i, j) = 1.0507009873554805 * select(lt(X(i, j), 0), 1.6732632423543772 * (exp(min(X(i, j), 0)) - 1), X(i, j));
  return make_operator("selu", {X}, {{Y, {M, N}}});
}

Operator gelu_erf(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  Func Y("Y");
  Y(i, j) = 0.5 * X(i, j) * (1 + erf(X(i, j) * 0.7071067811865476));
  return make_operator("gelu_erf", {X}, {{Y, {M, N}}});
}

Operator gelu_tanh(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  Func Y("Y");
  Y(i, j) = 0.5 * X(i, j) * (1 + tanh(0.7978845608028654 * (X(i, j) + 0.044715 * X(i, j) * X(i, j) * X(i, j))));
  return make_operator("gelu_tanh", {X}, {{Y, {M, N}}});
}

Operator silu(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  Func Y("Y");
  Y(i, j) = X(i, j) * sigmoid(X(i, j));
  return make_operator("silu", {X}, {{Y, {M, N}}});
}

Operator softplus(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  Func Y("Y");
  Y(i, j) = max(X(i, j), 0) + log(1 + exp(-abs(X(i, j))));
  return make_operator("softplus", {X}, {{Y, {M, N}}});
}

Operator tanh(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  Func Y("Y");
  Y(i, j) = tanh(X(i, j));
  return make_operator("tanh", {X}, {{Y, {M, N}}});
}

Operator sigmoid(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  Func Y("Y");
  Y(i, j) = sigmoid(X(i, j));
  return make_operator("sigmoid", {X}, {{Y, {M, N}}});
}

Operator hard_sigmoid(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  Func Y("Y");
  Y(i, j) = min(max(X(i, j) * 0.16666666666666666 + 0.5, 0), 1);
  return make_operator("hard_sigmoid", {X}, {{Y, {M, N}}});
}

Operator hard_swish(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  Func Y("Y");
  Y(i, j) = X(i, j) * min(max(X(i, j) * 0.16666666666666666 + 0.5, 0), 1);
  return make_operator("hard_swish", {X}, {{Y, {M, N}}});
}

Operator mish(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  Func Y("Y");
  Y(i, j) = X(i, j) * tanh(max(X(i, j), 0) + log(1 + exp(-abs(X(i, j)))));
  return make_operator("mish", {X}, {{Y, {M, N}}});
}

Operator prelu(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N}), slope("slope", dtype, {N});
  Func Y("Y");
  Y(i, j) = select(lt(X(i, j), 0), slope(j) * X(i, j), X(i, j));
  return make_operator("prelu", {X, slope}, {{Y, {M, N}}});
}

Operator bias_gelu_erf(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N}), bias("bias", dtype, {N});
  Func x("x"), Y("Y");
  x(i, j) = X(i, j) + bias(j);
  Y(i, j) = 0.5 * x(i, j) * (1 + erf(x(i, j) * 0.7071067811865476));
  return make_operator("bias_gelu_erf", {X, bias}, {{Y, {M, N}}});
}

Operator swiglu(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input A("A", dtype, {M, N}), B("B", dtype, {M, N});
  Func Y("Y");
  Y(i, j) = A(i, j) * sigmoid(A(i, j)) * B(i, j);
  return make_operator("swiglu", {A, B}, {{Y, {M, N}}});
}

}  // namespace lathe::in_cpp
