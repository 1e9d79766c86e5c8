#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator batched_matmul(WideNumbers dtype) {
  Var p("p"), i("i"), j("j");
  Size P("P"), M("M"), K("K"), N("N");
  Input A("A", dtype, {P, M, K}), B("B", dtype, {P, K, N});
  RDom k(0, K, "k");
  Func C("C");
  C(p, i, j) = sum(k, A(p, i, k) * B(p, k, j));
  return make_operator("batched_matmul", {A, B}, {{C, {P, M, N}}});
}

Operator matmul_nt(WideNumbers dtype) {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", dtype, {M, K}), B("B", dtype, {N, K});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = sum(k, A(i, k) * B(j, k));
  return make_operator("matmul_nt", {A, B}, {{C, {M, N}}});
}

Operator matmul_tn(WideNumbers dtype) {
  Var i("i"), j("j");
  Size K("K"), M("M"), N("N");
  Input A("A", dtype, {K, M}), B("B", dtype, {K, N});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = sum(k, A(k, i) * B(k, j));
  return make_operator("matmul_tn", {A, B}, {{C, {M, N}}});
}

Operator matmul_tt(WideNumbers dtype) {
  Var i("i"), j("j");
  Size K("K"), M("M"), N("N");
  Input A("A", dtype, {K, M}), B("B", dtype, {N, K});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = sum(k, A(k, i) * B(j, k));
  return make_operator("matmul_tt", {A, B}, {{C, {M, N}}});
}

Operator strided_matmul(WideNumbers dtype) {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Param row_step("row_step", 2), k_step("k_step", 3);
  Input A("A", dtype, {M, K}), B("B", dtype, {K, N});
  RDom k(0, (K + k_step - 1) / k_step, "k");
  Func C("C");
  C(i, j) = sum(k, A(i * row_step, k * k_step) * B(k * k_step, j));
  return make_operator("strided_matmul", {A, B, row_step, k_step}, {{C, {(M + row_step - 1) / row_step, N}}});
}

Operator matmul_f16() {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", f16, {M, K}), B("B", f16, {K, N});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = cast(f16, sum(k, cast(f32, A(i, k)) * cast(f32, B(k, j))));
  return make_operator("matmul_f16", {A, B}, {{C, {M, N}}});
}

Operator matmul_bf16() {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", bf16, {M, K}), B("B", bf16, {K, N});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = sum(k, cast(f32, A(i, k)) * cast(f32, B(k, j)));
  return make_operator("matmul_bf16", {A, B}, {{C, {M, N}}});
}

Operator matmul_f16w() {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Input A("A", f32, {M, K}), B("B", f16, {K, N});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = sum(k, A(i, k) * cast(f32, B(k, j)));
  return make_operator("matmul_f16w", {A, B}, {{C, {M, N}}});
}

}  // namespace lathe::in_cpp
