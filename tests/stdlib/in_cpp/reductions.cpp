#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator sum_all(WideNumbers dtype) {
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  RDom i(0, M, "i"), j(0, N, "j");
  Func S("S");
  S() = sum({i, j}, X(i, j));
  return make_operator("sum_all", {X}, {{S, {}}});
}

Operator sum_rows(WideNumbers dtype) {
  Var i("i");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  RDom k(0, N, "k");
  Func S("S");
  S(i) = sum(k, X(i, k));
  return make_operator("sum_rows", {X}, {{S, {M}}});
}

Operator sum_cols(WideNumbers dtype) {
  Var j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  RDom k(0, M, "k");
  Func S("S");
  S(j) = sum(k, X(k, j));
  return make_operator("sum_cols", {X}, {{S, {N}}});
}

Operator mean_rows(Floats dtype) {
  Var i("i");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  RDom k(0, N, "k");
  Func S("S");
  S(i) = sum(k, X(i, k)) / cast(dtype, N);
  return make_operator("mean_rows", {X}, {{S, {M}}});
}

Operator variance_rows(Floats dtype) {
  Var i("i");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  RDom k(0, N, "k");
  Func mean("mean"), V("V");
  mean(i) = sum(k, X(i, k)) / cast(dtype, N);
  V(i) = sum(k, (X(i, k) - mean(i)) * (X(i, k) - mean(i))) / cast(dtype, N);
  return make_operator("variance_rows", {X}, {{V, {M}}});
}

Operator max_rows(Numbers dtype) {
  Var i("i");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  RDom k(0, N, "k");
  Func T("T");
  T(i) = reduce_max(k, X(i, k));
  return make_operator("max_rows", {X}, {{T, {M}}});
}

Operator min_rows(Numbers dtype) {
  Var i("i");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  RDom k(0, N, "k");
  Func T("T");
  T(i) = reduce_min(k, X(i, k));
  return make_operator("min_rows", {X}, {{T, {M}}});
}

}  // namespace lathe::in_cpp
