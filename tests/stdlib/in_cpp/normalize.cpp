#include <limits>

#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator softmax(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  RDom k(0, N, "k");
  Func top("top"), E("E"), Y("Y");
  top(i) = reduce_max(k, X(i, k));
  E(i, j) = exp(X(i, j) - top(i));
  Y(i, j) = E(i, j) / sum(k, E(i, k));
  return make_operator("softmax", {X}, {{Y, {M, N}}});
}

Operator log_softmax(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  RDom k(0, N, "k");
  Func top("top"), rest("rest"), Y("Y");
  top(i) = reduce_max(k, X(i, k));
  rest(i) = log(sum(k, exp(X(i, k) - top(i))));
  Y(i, j) = X(i, j) - top(i) - rest(i);
  return make_operator("log_softmax", {X}, {{Y, {M, N}}});
}

Operator log_sum_exp(Floats dtype) {
  Var i("i");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  RDom k(0, N, "k");
  Func top("top"), base("base"), S("S");
  top(i) = reduce_max(k, X(i, k));
  base(i) = select(lt(abs(top(i)), std::numeric_limits<float>::infinity()), top(i), 0);
  S(i) = base(i) + log(sum(k, exp(X(i, k) - base(i))));
  return make_operator("log_sum_exp", {X}, {{S, {M}}});
}

Operator layernorm(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Param epsilon("epsilon", dtype, 1e-5);
  Input X("X", dtype, {M, N}), gain("gain", dtype, {N}), bias("bias", dtype, {N});
  RDom k(0, N, "k");
  Func mean("mean"), variance("variance"), Y("Y");
  mean(i) = sum(k, X(i, k)) / cast(dtype, N);
  variance(i) = sum(k, (X(i, k) - mean(i)) * (X(i, k) - mean(i))) / cast(dtype, N);
  Y(i, j) = (X(i, j) - mean(i)) / sqrt(variance(i) + epsilon) * gain(j) + bias(j);
  return make_operator("layernorm", {X, gain, bias, epsilon}, {{Y, {M, N}}});
}

Operator rmsnorm(Floats dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Param epsilon("epsilon", dtype, 1e-5);
  Input X("X", dtype, {M, N}), gain("gain", dtype, {N});
  RDom k(0, N, "k");
  Func square("square"), Y("Y");
  square(i) = sum(k, X(i, k) * X(i, k)) / cast(dtype, N);
  Y(i, j) = X(i, j) / sqrt(square(i) + epsilon) * gain(j);
  return make_operator("rmsnorm", {X, gain, epsilon}, {{Y, {M, N}}});
}

}  // namespace lathe::in_cpp
