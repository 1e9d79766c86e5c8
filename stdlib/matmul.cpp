#include "lang/func.h"
#include "stdlib/library.h"
#include "stdlib/product_schedules.h"

namespace lathe::stdlib {

Operator matmul() {
  Var i("i"), j("j");
  Size M("M"), N("N"), K("K");
  Input A("A", f32, {M, K}), B("B", f32, {K, N});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = sum(k, A(i, k) * B(k, j));
  return make_operator("matmul", {A, B}, {{C, {M, N}}});
}

Schedules matmul_schedules() { return product_schedules(matmul()); }

Operator dense() {
  Var i("i"), j("j");
  Size M("M"), N("N"), K("K");
  Input A("A", f32, {M, K}), B("B", f32, {K, N}), bias("bias", f32, {N});
  RDom k(0, K, "k");
  Func C("C"), D("D");
  C(i, j) = sum(k, A(i, k) * B(k, j));
  D(i, j) = max(C(i, j) + bias(j), 0);
  return make_operator("dense", {A, B, bias}, {{D, {M, N}}});
}

Schedules dense_schedules() { return product_schedules(dense(), "D"); }

}  // namespace lathe::stdlib
