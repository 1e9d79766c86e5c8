#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator add(Numbers dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input A("A", dtype, {M, N}), B("B", dtype, {M, N});
  Func C("C");
  C(i, j) = A(i, j) + B(i, j);
  return make_operator("add", {A, B}, {{C, {M, N}}});
}

Operator subtract(Numbers dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input A("A", dtype, {M, N}), B("B", dtype, {M, N});
  Func C("C");
  C(i, j) = A(i, j) - B(i, j);
  return make_operator("subtract", {A, B}, {{C, {M, N}}});
}

Operator multiply(Numbers dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input A("A", dtype, {M, N}), B("B", dtype, {M, N});
  Func C("C");
  C(i, j) = A(i, j) * B(i, j);
  return make_operator("multiply", {A, B}, {{C, {M, N}}});
}

Operator divide(Numbers dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input A("A", dtype, {M, N}), B("B", dtype, {M, N});
  Func C("C");
  C(i, j) = A(i, j) / B(i, j);
  return make_operator("divide", {A, B}, {{C, {M, N}}});
}

Operator add_row(Numbers dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input A("A", dtype, {M, N}), b("b", dtype, {N});
  Func C("C");
  C(i, j) = A(i, j) + b(j);
  return make_operator("add_row", {A, b}, {{C, {M, N}}});
}

Operator scale_rows(Numbers dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input A("A", dtype, {M, N}), s("s", dtype, {M});
  Func C("C");
  C(i, j) = A(i, j) * s(i);
  return make_operator("scale_rows", {A, s}, {{C, {M, N}}});
}

Operator add_outer(Numbers dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input a("a", dtype, {M}), b("b", dtype, {N});
  Func C("C");
  C(i, j) = a(i) + b(j);
  return make_operator("add_outer", {a, b}, {{C, {M, N}}});
}

Operator axpby(Numbers dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Param alpha("alpha", dtype, 1), beta("beta", dtype, 1);
  Input A("A", dtype, {M, N}), B("B", dtype, {M, N});
  Func C("C");
  C(i, j) = alpha * A(i, j) + beta * B(i, j);
  return make_operator("axpby", {A, B, alpha, beta}, {{C, {M, N}}});
}

Operator clamp(Numbers dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Param low("low", dtype, 0), high("high", dtype, 1);
  Input X("X", dtype, {M, N});
  Func Y("Y");
  Y(i, j) = min(max(X(i, j), low), high);
  return make_operator("clamp", {X, low, high}, {{Y, {M, N}}});
}

Operator where(AnyType dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input chosen("chosen", DType::boolean, {M, N}), A("A", dtype, {M, N}), B("B", dtype, {M, N});
  Func C("C");
  C(i, j) = select(chosen(i, j), A(i, j), B(i, j));
  return make_operator("where", {chosen, A, B}, {{C, {M, N}}});
}

Operator to_f16() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = cast(f16, X(i, j));
  return make_operator("to_f16", {X}, {{Y, {M, N}}});
}

Operator to_bf16() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = cast(bf16, X(i, j));
  return make_operator("to_bf16", {X}, {{Y, {M, N}}});
}

Operator from_f16() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f16, {M, N});
  Func Y("Y");
  Y(i, j) = cast(f32, X(i, j));
  return make_operator("from_f16", {X}, {{Y, {M, N}}});
}

Operator from_bf16() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", bf16, {M, N});
  Func Y("Y");
  Y(i, j) = cast(f32, X(i, j));
  return make_operator("from_bf16", {X}, {{Y, {M, N}}});
}

Operator to_u8() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = cast(u8, X(i, j));
  return make_operator("to_u8", {X}, {{Y, {M, N}}});
}

Operator to_i32() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = cast(i32, X(i, j));
  return make_operator("to_i32", {X}, {{Y, {M, N}}});
}

Operator from_u8() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", u8, {M, N});
  Func Y("Y");
  Y(i, j) = cast(f32, X(i, j));
  return make_operator("from_u8", {X}, {{Y, {M, N}}});
}

Operator from_i32() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", i32, {M, N});
  Func Y("Y");
  Y(i, j) = cast(f32, X(i, j));
  return make_operator("from_i32", {X}, {{Y, {M, N}}});
}

Operator to_f64() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  Func Y("Y");
  Y(i, j) = cast(f64, X(i, j));
  return make_operator("to_f64", {X}, {{Y, {M, N}}});
}

Operator from_f64() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f64, {M, N});
  Func Y("Y");
  Y(i, j) = cast(f32, X(i, j));
  return make_operator("from_f64", {X}, {{Y, {M, N}}});
}

}  // namespace lathe::in_cpp
