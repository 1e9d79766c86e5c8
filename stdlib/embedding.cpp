#include "lang/func.h"
#include "stdlib/library.h"

namespace lathe::stdlib {

Operator embedding() {
  Var t("t"), e("e");
  Size V("V"), E("E"), T("T");
  Input table("table", f32, {V, E}), word("word", i64, {T});
  Func Y("Y");
  Y(t, e) = table.at({word(t), e}, Boundary::constant, 0);
  return make_operator("embedding", {table, word}, {{Y, {T, E}}});
}

Operator rope() {
  Var t("t"), e("e"), h("h"), c("c");
  Size T("T"), H("H"), E("E", 1, 1 << 20);
  Param base("base", f32, 10000);
  Input X("X", f32, {T, H, E, 2}), position("position", i64, {T});
  Func angle("angle"), Y("Y");
  angle(t, e) = cast(f32, position(t)) * pow(base, -cast(f32, e) / cast(f32, E));
  Y(t, h, e, c) = X(t, h, e, c) * cos(angle(t, e)) + select(eq(c, 0), -X(t, h, e, 1), X(t, h, e, 0)) * sin(angle(t, e));
  return make_operator("rope", {X, position, base}, {{Y, {T, H, E, 2}}});
}

Operator rope_halves() {
  Var t("t"), e("e"), h("h"), c("c");
  Size T("T"), H("H"), E("E", 1, 1 << 20);
  Param base("base", f32, 10000);
  Input X("X", f32, {T, H, 2, E}), position("position", i64, {T});
  Func angle("angle"), Y("Y");
  angle(t, e) = cast(f32, position(t)) * pow(base, -cast(f32, e) / cast(f32, E));
  Y(t, h, c, e) = X(t, h, c, e) * cos(angle(t, e)) + select(eq(c, 0), -X(t, h, 1, e), X(t, h, 0, e)) * sin(angle(t, e));
  return make_operator("rope_halves", {X, position, base}, {{Y, {T, H, 2, E}}});
}

}  // namespace lathe::stdlib
