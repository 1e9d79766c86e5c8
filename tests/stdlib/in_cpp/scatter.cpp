#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator scatter_add(WideNumbers dtype) {
  Var v("v"), e("e");
  Size N("N"), E("E"), V("V");
  Input X("X", dtype, {N, E}), row("row", i64, {N}), base("base", dtype, {V, E});
  RDom n(0, N, "n");
  Func Y("Y");
  Y(v, e) = base(v, e);
  over(n, Y(row(n), e)) = Y(row(n), e) + X(n, e);
  return make_operator("scatter_add", {X, row, base}, {{Y, {V, E}}});
}

Operator histogram() {
  Var b("b");
  Size N("N");
  Input X("X", u8, {N});
  RDom n(0, N, "n");
  Func H("H");
  H(b) = Expr(int64_t{0});
  over(n, H(cast(i64, X(n)))) = H(cast(i64, X(n))) + 1;
  return make_operator("histogram", {X}, {{H, {256}}});
}

}  // namespace lathe::in_cpp
