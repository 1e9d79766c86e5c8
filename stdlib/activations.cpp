#include "lang/func.h"
#include "stdlib/library.h"

namespace lathe::stdlib {

Operator relu() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = max(X(i, j), 0);
  return make_operator("relu", {X}, {{Y, {M, N}}});
}

Operator relu6() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = min(max(X(i, j), 0), 6);
  return make_operator("relu6", {X}, {{Y, {M, N}}});
}

Operator leaky_relu() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Param slope("slope", f32, 0.01);
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = select(lt(X(i, j), 0), slope * X(i, j), X(i, j));
  return make_operator("leaky_relu", {X, slope}, {{Y, {M, N}}});
}

Operator elu() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Param alpha("alpha", f32, 1);
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = select(lt(X(i, j), 0), alpha * (exp(min(X(i, j), 0)) - 1), X(i, j));
  return make_operator("elu", {X, alpha}, {{Y, {M, N}}});
}

Operator selu() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = 1.0507009873554805 * select(lt(X(i, j), 0), 1.6732632423543772 * (exp(min(X(i, j), 0)) - 1), X(i, j));
  return make_operator("selu", {X}, {{Y, {M, N}}});
}

Operator gelu_erf() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = 0.5 * X(i, j) * (1 + erf(X(i, j) * 0.7071067811865476));
  return make_operator("gelu_erf", {X}, {{Y, {M, N}}});
}

Operator gelu_tanh() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = 0.5 * X(i, j) * (1 + tanh(0.7978845608028654 * (X(i, j) + 0.044715 * X(i, j) * X(i, j) * X(i, j))));
  return make_operator("gelu_tanh", {X}, {{Y, {M, N}}});
}

Operator silu() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = X(i, j) * sigmoid(X(i, j));
  return make_operator("silu", {X}, {{Y, {M, N}}});
}

Operator softplus() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = max(X(i, j), 0) + log(1 + exp(-abs(X(i, j))));
  return make_operator("softplus", {X}, {{Y, {M, N}}});
}

Operator tanh() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = tanh(X(i, j));
  return make_operator("tanh", {X}, {{Y, {M, N}}});
}

Operator sigmoid() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = sigmoid(X(i, j));
  return make_operator("sigmoid", {X}, {{Y, {M, N}}});
}

Operator hard_sigmoid() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = min(max(X(i, j) * 0.16666666666666666 + 0.5, 0), 1);
  return make_operator("hard_sigmoid", {X}, {{Y, {M, N}}});
}

Operator hard_swish() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = X(i, j) * min(max(X(i, j) * 0.16666666666666666 + 0.5, 0), 1);
  return make_operator("hard_swish", {X}, {{Y, {M, N}}});
}

Operator mish() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = X(i, j) * tanh(max(X(i, j), 0) + log(1 + exp(-abs(X(i, j)))));
  return make_operator("mish", {X}, {{Y, {M, N}}});
}

Operator prelu() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N}), slope("slope", f32, {N});
  Func Y("Y");
  Y(i, j) = select(lt(X(i, j), 0), slope(j) * X(i, j), X(i, j));
  return make_operator("prelu", {X, slope}, {{Y, {M, N}}});
}

Operator bias_gelu_erf() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N}), bias("bias", f32, {N});
  Func x("x"), Y("Y");
  x(i, j) = X(i, j) + bias(j);
  Y(i, j) = 0.5 * x(i, j) * (1 + erf(x(i, j) * 0.7071067811865476));
  return make_operator("bias_gelu_erf", {X, bias}, {{Y, {M, N}}});
}

Operator swiglu() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input A("A", f32, {M, N}), B("B", f32, {M, N});
  Func Y("Y");
  Y(i, j) = A(i, j) * sigmoid(A(i, j)) * B(i, j);
  return make_operator("swiglu", {A, B}, {{Y, {M, N}}});
}

}  // namespace lathe::stdlib
