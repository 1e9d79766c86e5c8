#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator gemv(WideNumbers dtype) {
  Var i("i");
  Size M("M"), K("K");
  Input A("A", dtype, {M, K}), x("x", dtype, {K});
  RDom k(0, K, "k");
  Func y("y");
  y(i) = sum(k, A(i, k) * x(k));
  return make_operator("gemv", {A, x}, {{y, {M}}});
}

Operator gemv_t(WideNumbers dtype) {
  Var j("j");
  Size K("K"), N("N");
  Input x("x", dtype, {K}), A("A", dtype, {K, N});
  RDom k(0, K, "k");
  Func y("y");
  y(j) = sum(k, x(k) * A(k, j));
  return make_operator("gemv_t", {x, A}, {{y, {N}}});
}

Operator dot(WideNumbers dtype) {
  Size K("K");
  Input x("x", dtype, {K}), y("y", dtype, {K});
  RDom k(0, K, "k");
  Func S("S");
  S() = sum(k, x(k) * y(k));
  return make_operator("dot", {x, y}, {{S, {}}});
}

Operator outer(Numbers dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input x("x", dtype, {M}), y("y", dtype, {N});
  Func C("C");
  C(i, j) = x(i) * y(j);
  return make_operator("outer", {x, y}, {{C, {M, N}}});
}

}  // namespace lathe::in_cpp
