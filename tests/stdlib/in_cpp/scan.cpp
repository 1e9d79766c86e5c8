#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator prefix_sum(WideNumbers dtype) {
  Var j("j");
  Size N("N");
  Input X("X", dtype, {N});
  RDom k(0, N - 1, "k");
  Func S("S");
  S(j) = X(j);
  over(k, S(k + 1)) = S(k) + X(k + 1);
  return make_operator("prefix_sum", {X}, {{S, {N}}});
}

Operator cumulative_sum(WideNumbers dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  RDom k(0, N - 1, "k");
  Func S("S");
  S(i, j) = X(i, j);
  over(k, S(i, k + 1)) = S(i, k) + X(i, k + 1);
  return make_operator("cumulative_sum", {X}, {{S, {M, N}}});
}

Operator linear_recurrence(WideNumbers dtype) {
  Var t("t"), n("n");
  Size T("T"), N("N");
  Input a("a", dtype, {T, N}), b("b", dtype, {T, N}), start("start", dtype, {N});
  RDom s(0, T, "s");
  Func h("h");
  h(t, n) = start(n);
  over(s, h(s + 1, n)) = a(s, n) * h(s, n) + b(s, n);
  return make_operator("linear_recurrence", {a, b, start}, {{h, {T + 1, N}}});
}

}  // namespace lathe::in_cpp
