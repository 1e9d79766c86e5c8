#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator batchnorm(Floats dtype) {
  Var n("n"), y("y"), x("x"), c("c");
  Size N("N"), H("H"), W("W"), C("C");
  Param epsilon("epsilon", dtype, 1e-5);
  Input X("X", dtype, {N, H, W, C}), mean("mean", dtype, {C}), variance("variance", dtype, {C}), gain("gain", dtype, {C}),
      bias("bias", dtype, {C});
  Func Y("Y");
  Y(n, y, x, c) = (X(n, y, x, c) - mean(c)) / sqrt(variance(c) + epsilon) * gain(c) + bias(c);
  return make_operator("batchnorm", {X, mean, variance, gain, bias, epsilon}, {{Y, {N, H, W, C}}});
}

Operator batchnorm_training(Floats dtype) {
  Var c("c"), n("n"), y("y"), x("x");
  Size N("N"), H("H"), W("W"), C("C");
  Param epsilon("epsilon", dtype, 1e-5);
  Input X("X", dtype, {N, H, W, C}), gain("gain", dtype, {C}), bias("bias", dtype, {C});
  RDom rn(0, N, "n"), ry(0, H, "y"), rx(0, W, "x");
  Func m("m"), v("v"), Y("Y"), mean("mean"), variance("variance");
  m(c) = sum({rn, ry, rx}, X(rn, ry, rx, c)) / cast(dtype, N * H * W);
  v(c) = sum({rn, ry, rx}, (X(rn, ry, rx, c) - m(c)) * (X(rn, ry, rx, c) - m(c))) / cast(dtype, N * H * W);
  Y(n, y, x, c) = (X(n, y, x, c) - m(c)) / sqrt(v(c) + epsilon) * gain(c) + bias(c);
  mean(c) = m(c);
  variance(c) = v(c);
  return make_operator("batchnorm_training", {X, gain, bias, epsilon},
                       {{Y, {N, H, W, C}}, {mean, {C}}, {variance, {C}}});
}

Operator groupnorm(Floats dtype) {
  Var n("n"), g("g"), y("y"), x("x"), c("c");
  Size N("N"), H("H"), W("W"), G("G"), C("C");
  Param epsilon("epsilon", dtype, 1e-5);
  Input X("X", dtype, {N, H, W, G, C}), gain("gain", dtype, {G, C}), bias("bias", dtype, {G, C});
  RDom ry(0, H, "y"), rx(0, W, "x"), rc(0, C, "c");
  Func mean("mean"), variance("variance"), Y("Y");
  mean(n, g) = sum({ry, rx, rc}, X(n, ry, rx, g, rc)) / cast(dtype, H * W * C);
  variance(n, g) =
      sum({ry, rx, rc}, (X(n, ry, rx, g, rc) - mean(n, g)) * (X(n, ry, rx, g, rc) - mean(n, g))) / cast(dtype, H * W * C);
  Y(n, y, x, g, c) = (X(n, y, x, g, c) - mean(n, g)) / sqrt(variance(n, g) + epsilon) * gain(g, c) + bias(g, c);
  return make_operator("groupnorm", {X, gain, bias, epsilon}, {{Y, {N, H, W, G, C}}});
}

Operator instancenorm(Floats dtype) {
  Var n("n"), c("c"), y("y"), x("x");
  Size N("N"), H("H"), W("W"), C("C");
  Param epsilon("epsilon", dtype, 1e-5);
  Input X("X", dtype, {N, H, W, C}), gain("gain", dtype, {C}), bias("bias", dtype, {C});
  RDom ry(0, H, "y"), rx(0, W, "x");
  Func mean("mean"), variance("variance"), Y("Y");
  mean(n, c) = sum({ry, rx}, X(n, ry, rx, c)) / cast(dtype, H * W);
  variance(n, c) = sum({ry, rx}, (X(n, ry, rx, c) - mean(n, c)) * (X(n, ry, rx, c) - mean(n, c))) / cast(dtype, H * W);
  Y(n, y, x, c) = (X(n, y, x, c) - mean(n, c)) / sqrt(variance(n, c) + epsilon) * gain(c) + bias(c);
  return make_operator("instancenorm", {X, gain, bias, epsilon}, {{Y, {N, H, W, C}}});
}

}  // namespace lathe::in_cpp
