#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator embedding(AnyType dtype) {
  Var t("t"), e("e");
  Size V("V"), E("E"), T("T");
  Input table("table", dtype, {V, E}), word("word", i64, {T});
  Func Y("Y");
  Y(t, e) = table.at({word(t), e}, Boundary::constant);
  return make_operator("embedding", {table, word}, {{Y, {T, E}}});
}

Operator rope(Floats dtype) {
  Var t("t"), e("e"), h("h"), c("c");
  Size T("T"), H("H"), E("E", 1, 1 << 20);
  Param base("base", dtype, 10000);
  Input X("X", dtype, {T, H, E, 2}), position("position", i64, {T});
  Func angle("angle"), Y("Y");
  angle(t, e) = cast(dtype, position(t)) * pow(base, -cast(dtype, e) / cast(dtype, E));
  Y(t, h, e, c) = X(t, h, e, c) * cos(angle(t, e)) + select(eq(c, 0), -X(t, h, e, 1), X(t, h, e, 0)) * sin(angle(t, e));
  return make_operator("rope", {X, position, base}, {{Y, {T, H, E, 2}}});
}

Operator rope_halves(Floats dtype) {
  Var t("t"), e("e"), h("h"), c("c");
  Size T("T"), H("H"), E("E", 1, 1 << 20);
  Param base("base", dtype, 10000);
  Input X("X", dtype, {T, H, 2, E}), position("position", i64, {T});
  Func angle("angle"), Y("Y");
  angle(t, e) = cast(dtype, position(t)) * pow(base, -cast(dtype, e) / cast(dtype, E));
  Y(t, h, c, e) = X(t, h, c, e) * cos(angle(t, e)) + select(eq(c, 0), -X(t, h, 1, e), X(t, h, 0, e)) * sin(angle(t, e));
  return make_operator("rope_halves", {X, position, base}, {{Y, {T, H, 2, E}}});
}

}  // namespace lathe::in_cpp
