#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator matmul_q8() {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Param block("block", 32);
  Input A("A", f32, {M, K}), W("W", i8, {K, N}), scale("scale", f16, {(K + block - 1) / block, N});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = sum(k, A(i, k) * (cast(f32, W(k, j)) * cast(f32, scale(k / block, j))));
  return make_operator("matmul_q8", {A, W, scale, block}, {{C, {M, N}}});
}

Operator matmul_q4() {
  Var i("i"), j("j");
  Size M("M"), K("K"), N("N");
  Param block("block", 32);
  Input A("A", f32, {M, K}), W("W", i4, {K, N}), scale("scale", f16, {(K + block - 1) / block, N});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = sum(k, A(i, k) * (cast(f32, W(k, j)) * cast(f32, scale(k / block, j))));
  return make_operator("matmul_q4", {A, W, scale, block}, {{C, {M, N}}});
}

Operator matmul_i4() {
  Var i("i"), j("j");
  Size M("M"), G("G"), H("H"), N("N");
  Input A("A", f32, {M, G, H}), W("W", i4, {G, H, N}), scale("scale", f32, {G, N});
  RDom g(0, G, "g"), h(0, H, "h");
  Func C("C");
  C(i, j) = sum({g, h}, A(i, g, h) * (cast(f32, W(g, h, j)) * scale(g, j)));
  return make_operator("matmul_i4", {A, W, scale}, {{C, {M, N}}});
}

Operator matmul_q8_q8() {
  Var i("i"), g("g"), h("h"), j("j");
  Size M("M"), K("K"), N("N");
  Param block("block", 32);
  Input A("A", f32, {M, K}), W("W", i8, {K, N}), scale("scale", f16, {(K + block - 1) / block, N});
  RDom rh(0, block, "h"), rg(0, (K + block - 1) / block, "g");
  Func step("step"), Q("Q"), S("S"), C("C");
  step(i, g) = max(reduce_max(rh, abs(A.at({i, g * block + rh}, Boundary::constant, 0))), 0) / 127;
  Q(i, g, h) =
      cast(i8, round(A.at({i, g * block + h}, Boundary::constant, 0) / select(gt(step(i, g), 0), step(i, g), 1)));
  S(i, g, j) = sum(rh, cast(i32, Q(i, g, rh)) * cast(i32, W.at({g * block + rh, j}, Boundary::constant, 0)));
  C(i, j) = sum(rg, cast(f32, S(i, rg, j)) * (step(i, rg) * cast(f32, scale(rg, j))));
  return make_operator("matmul_q8_q8", {A, W, scale, block}, {{C, {M, N}}});
}

Operator matmul_q4_q8() {
  Var i("i"), g("g"), h("h"), j("j");
  Size M("M"), K("K"), N("N");
  Param block("block", 32);
  Input A("A", f32, {M, K}), W("W", i4, {K, N}), scale("scale", f16, {(K + block - 1) / block, N});
  RDom rh(0, block, "h"), rg(0, (K + block - 1) / block, "g");
  Func step("step"), Q("Q"), S("S"), C("C");
  step(i, g) = max(reduce_max(rh, abs(A.at({i, g * block + rh}, Boundary::constant, 0))), 0) / 127;
  Q(i, g, h) =
      cast(i8, round(A.at({i, g * block + h}, Boundary::constant, 0) / select(gt(step(i, g), 0), step(i, g), 1)));
  S(i, g, j) = sum(rh, cast(i32, Q(i, g, rh)) * cast(i32, W.at({g * block + rh, j}, Boundary::constant, 0)));
  C(i, j) = sum(rg, cast(f32, S(i, rg, j)) * (step(i, rg) * cast(f32, scale(rg, j))));
  return make_operator("matmul_q4_q8", {A, W, scale, block}, {{C, {M, N}}});
}

Operator quantize_q8() {
  Var g("g"), j("j"), k("k");
  Size K("K"), N("N");
  Param block("block", 32);
  Input W("W", f32, {K, N});
  RDom h(0, block, "h");
  Func top("top"), rounded("rounded"), step("step"), scale("scale"), Q("Q");
  top(g, j) = max(reduce_max(h, abs(W.at({g * block + h, j}, Boundary::constant, 0))), 0);
  rounded(g, j) = cast(f16, top(g, j) / 127);
  step(g, j) = select(gt(cast(f32, rounded(g, j)), 0), cast(f32, rounded(g, j)), 1);
  scale(g, j) = rounded(g, j);
  Q(k, j) = cast(i8, round(min(max(W(k, j) / step(k / block, j), -127), 127)));
  return make_operator("quantize_q8", {W, block}, {{Q, {K, N}}, {scale, {(K + block - 1) / block, N}}});
}

Operator quantize_q4() {
  Var g("g"), j("j"), k("k");
  Size K("K"), N("N");
  Param block("block", 32);
  Input W("W", f32, {K, N});
  RDom h(0, block, "h");
  Func top("top"), rounded("rounded"), step("step"), scale("scale"), q("q"), Q("Q");
  top(g, j) = max(reduce_max(h, abs(W.at({g * block + h, j}, Boundary::constant, 0))), 0);
  rounded(g, j) = cast(f16, top(g, j) / 7);
  step(g, j) = select(gt(cast(f32, rounded(g, j)), 0), cast(f32, rounded(g, j)), 1);
  scale(g, j) = rounded(g, j);
  q(k, j) = cast(i32, round(min(max(W.at({k, j}, Boundary::constant, 0) / step(k / block, j), -7), 7)));
  Q(k, j) = cast(u8, (q(k, 2 * j) & 15) | (q(k, 2 * j + 1) << 4));
  return make_operator("quantize_q4", {W, block}, {{Q, {K, (N + 1) / 2}}, {scale, {(K + block - 1) / block, N}}});
}

Schedules quantize_q4_schedules() {
  ScheduleBuilder s(quantize_q4());
  s["q"].compute_at("Q", "k").split("j", "jo", "ji", 8).vectorize("ji");
  return {s};
}

}  // namespace lathe::in_cpp
