#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"
#include "tests/stdlib/in_cpp/product_schedules.h"

namespace lathe::in_cpp {

Operator matmul(WideNumbers dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N"), K("K");
  Input A("A", dtype, {M, K}), B("B", dtype, {K, N});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = sum(k, A(i, k) * B(k, j));
  return make_operator("matmul", {A, B}, {{C, {M, N}}});
}

Schedules matmul_schedules() { return product_schedules(matmul()); }

Operator dense(WideNumbers dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N"), K("K");
  Input A("A", dtype, {M, K}), B("B", dtype, {K, N}), bias("bias", dtype, {N});
  RDom k(0, K, "k");
  Func C("C"), D("D");
  C(i, j) = sum(k, A(i, k) * B(k, j));
  D(i, j) = max(C(i, j) + bias(j), 0);
  return make_operator("dense", {A, B, bias}, {{D, {M, N}}});
}

Schedules dense_schedules() { return product_schedules(dense(), "D"); }

}  // namespace lathe::in_cpp
