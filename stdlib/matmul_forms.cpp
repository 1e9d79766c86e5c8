#include "lang/func.h"
#include "stdlib/library.h"

namespace lathe::stdlib {

Operator batched_matmul() {
  Var p("p"), i("i"), j("j");
  Size P("P"), M("M"), N("N"), K("K");
  Input A("A", f32, {P, M, K}), B("B", f32, {P, K, N});
  RDom k(0, K, "k");
  Func C("C");
  C(p, i, j) = sum(k, A(p, i, k) * B(p, k, j));
  return make_operator("batched_matmul", {A, B}, {{C, {P, M, N}}});
}

Operator matmul_nt() {
  Var i("i"), j("j");
  Size M("M"), N("N"), K("K");
  Input A("A", f32, {M, K}), B("B", f32, {N, K});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = sum(k, A(i, k) * B(j, k));
  return make_operator("matmul_nt", {A, B}, {{C, {M, N}}});
}

Operator matmul_tn() {
  Var i("i"), j("j");
  Size M("M"), N("N"), K("K");
  Input A("A", f32, {K, M}), B("B", f32, {K, N});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = sum(k, A(k, i) * B(k, j));
  return make_operator("matmul_tn", {A, B}, {{C, {M, N}}});
}

Operator strided_matmul() {
  Var i("i"), j("j");
  Size M("M"), N("N"), K("K");
  Param row_step("row_step", 2), k_step("k_step", 3);
  Input A("A", f32, {M, K}), B("B", f32, {K, N});
  RDom k(0, (K + k_step - 1) / k_step, "k");
  Func C("C");
  C(i, j) = sum(k, A(i * row_step, k * k_step) * B(k * k_step, j));
  return make_operator("strided_matmul", {A, B, row_step, k_step}, {{C, {(M + row_step - 1) / row_step, N}}});
}

Operator matmul_i8() {
  Var i("i"), j("j");
  Size M("M"), N("N"), K("K");
  Input A("A", i8, {M, K}), B("B", i8, {K, N});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = sum(k, cast(i32, A(i, k)) * cast(i32, B(k, j)));
  return make_operator("matmul_i8", {A, B}, {{C, {M, N}}});
}

Operator matmul_i4() {
  Var i("i"), j("j");
  Size M("M"), N("N"), G("G"), H("H");
  Input A("A", f32, {M, G, H}), W("W", i4, {G, H, N}), scale("scale", f32, {G, N});
  RDom g(0, G, "g"), h(0, H, "h");
  Func C("C");
  C(i, j) = sum({g, h}, A(i, g, h) * (cast(f32, W(g, h, j)) * scale(g, j)));
  return make_operator("matmul_i4", {A, W, scale}, {{C, {M, N}}});
}

Operator matmul_f16() {
  Var i("i"), j("j");
  Size M("M"), N("N"), K("K");
  Input A("A", f16, {M, K}), B("B", f16, {K, N});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = cast(f16, sum(k, cast(f32, A(i, k)) * cast(f32, B(k, j))));
  return make_operator("matmul_f16", {A, B}, {{C, {M, N}}});
}

Operator matmul_bf16() {
  Var i("i"), j("j");
  Size M("M"), N("N"), K("K");
  Input A("A", bf16, {M, K}), B("B", bf16, {K, N});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = sum(k, cast(f32, A(i, k)) * cast(f32, B(k, j)));
  return make_operator("matmul_bf16", {A, B}, {{C, {M, N}}});
}

Operator matmul_add() {
  Var i("i"), j("j");
  Size M("M"), N("N"), K("K");
  Input A("A", f32, {M, K}), B("B", f32, {K, N}), C("C", f32, {M, N});
  RDom k(0, K, "k");
  Func D("D");
  D(i, j) = C(i, j) + sum(k, A(i, k) * B(k, j));
  return make_operator("matmul_add", {A, B, C}, {{D, {M, N}, C}});
}

}  // namespace lathe::stdlib
