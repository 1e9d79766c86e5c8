#include "lang/func.h"
#include "stdlib/library.h"

namespace lathe::stdlib {

Operator gemv() {
  Var i("i");
  Size M("M"), K("K");
  Input A("A", f32, {M, K}), x("x", f32, {K});
  RDom k(0, K, "k");
  Func y("y");
  y(i) = sum(k, A(i, k) * x(k));
  return make_operator("gemv", {A, x}, {{y, {M}}});
}

Operator gemv_t() {
  Var j("j");
  Size K("K"), N("N");
  Input x("x", f32, {K}), A("A", f32, {K, N});
  RDom k(0, K, "k");
  Func y("y");
  y(j) = sum(k, x(k) * A(k, j));
  return make_operator("gemv_t", {x, A}, {{y, {N}}});
}

Operator dot() {
  Size K("K");
  Input x("x", f32, {K}), y("y", f32, {K});
  RDom k(0, K, "k");
  Func S("S");
  S() = sum(k, x(k) * y(k));
  return make_operator("dot", {x, y}, {{S, {}}});
}

Operator outer() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input x("x", f32, {M}), y("y", f32, {N});
  Func C("C");
  C(i, j) = x(i) * y(j);
  return make_operator("outer", {x, y}, {{C, {M, N}}});
}

}  // namespace lathe::stdlib
