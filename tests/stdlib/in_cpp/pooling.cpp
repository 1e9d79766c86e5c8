#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

namespace {

// How many windows a row or a column has.
Expr windows(const Size& extent, const Param& window, const Param& stride, const Param& pad, const Param& ceil) {
  return min((extent + 2 * pad - window + ceil * (stride - 1)) / stride, (extent + pad - 1) / stride) + 1;
}

}  // namespace

Operator max_pool(Numbers dtype) {
  Var n("n"), y("y"), x("x"), c("c");
  Size N("N"), H("H"), W("W"), C("C");
  Param window("window", 3), stride("stride", 2), pad("pad", 1), ceil("ceil", 0);
  Input X("X", dtype, {N, H, W, C});
  RDom r(0, window, "r"), s(0, window, "s");
  Func Y("Y");
  Y(n, y, x, c) = reduce_max({r, s}, X.at({n, y * stride + r - pad, x * stride + s - pad, c}, Boundary::none));
  return make_operator("max_pool", {X, window, stride, pad, ceil},
                       {{Y, {N, windows(H, window, stride, pad, ceil), windows(W, window, stride, pad, ceil), C}}});
}

Operator max_pool_argmax(Numbers dtype) {
  Var n("n"), y("y"), x("x"), c("c");
  Size N("N"), H("H"), W("W"), C("C");
  Param window("window", 3), stride("stride", 2), pad("pad", 1), ceil("ceil", 0);
  Input X("X", dtype, {N, H, W, C});
  RDom r(0, window, "r"), s(0, window, "s");
  Func Y("Y");
  Y(n, y, x, c) = argmax({r, s}, X.at({n, y * stride + r - pad, x * stride + s - pad, c}, Boundary::none));
  return make_operator("max_pool_argmax", {X, window, stride, pad, ceil},
                       {{Y, {N, windows(H, window, stride, pad, ceil), windows(W, window, stride, pad, ceil), C}}});
}

Operator average_pool(Floats dtype) {
  Var y("y"), x("x"), n("n"), c("c");
  Size N("N"), H("H"), W("W"), C("C");
  Param window("window", 3), stride("stride", 2), pad("pad", 1), ceil("ceil", 0);
  Input X("X", dtype, {N, H, W, C});
  RDom r(0, window, "r"), s(0, window, "s");
  Func inside("inside"), Y("Y");
  inside(y, x) = cast(dtype, (min(y * stride - pad + window, H) - max(y * stride - pad, 0)) *
                               (min(x * stride - pad + window, W) - max(x * stride - pad, 0)));
  Y(n, y, x, c) =
      sum({r, s}, X.at({n, y * stride + r - pad, x * stride + s - pad, c}, Boundary::constant, 0)) / inside(y, x);
  return make_operator("average_pool", {X, window, stride, pad, ceil},
                       {{Y, {N, windows(H, window, stride, pad, ceil), windows(W, window, stride, pad, ceil), C}}});
}

Operator global_max_pool(Numbers dtype) {
  Var n("n"), c("c");
  Size N("N"), H("H"), W("W"), C("C");
  Input X("X", dtype, {N, H, W, C});
  RDom y(0, H, "y"), x(0, W, "x");
  Func Y("Y");
  Y(n, c) = reduce_max({y, x}, X(n, y, x, c));
  return make_operator("global_max_pool", {X}, {{Y, {N, C}}});
}

Operator global_average_pool(Floats dtype) {
  Var n("n"), c("c");
  Size N("N"), H("H"), W("W"), C("C");
  Input X("X", dtype, {N, H, W, C});
  RDom y(0, H, "y"), x(0, W, "x");
  Func Y("Y");
  Y(n, c) = sum({y, x}, X(n, y, x, c)) / cast(dtype, H * W);
  return make_operator("global_average_pool", {X}, {{Y, {N, C}}});
}

}  // namespace lathe::in_cpp
