#include <limits>

#include "lang/func.h"
#include "stdlib/library.h"

namespace lathe::stdlib {

Operator attention() {
  Var h("h"), i("i"), j("j"), d("d");
  Size H("H"), T("T"), S("S", 1, 1 << 20), E("E"), D("D");
  Param scale("scale", f32, 0.125);
  Input Q("Q", f32, {H, T, E}), K("K", f32, {H, S, E}), V("V", f32, {H, S, D});
  RDom e(0, E, "e"), rj(0, S, "j");
  Func score("score"), masked("masked"), top("top"), weight("weight"), total("total"), O("O");
  score(h, i, j) = sum(e, Q(h, i, e) * K(h, j, e)) * scale;
  masked(h, i, j) = select(le(j, i + S - T), score(h, i, j), -std::numeric_limits<float>::infinity());
  top(h, i) = reduce_max(rj, masked(h, i, rj));
  weight(h, i, j) = exp(masked(h, i, j) - top(h, i));
  total(h, i) = sum(rj, weight(h, i, rj));
  O(h, i, d) = sum(rj, weight(h, i, rj) * V(h, rj, d)) / total(h, i);
  return make_operator("attention", {Q, K, V, scale}, {{O, {H, T, D}}});
}

Operator attend() {
  Var h("h"), s("s"), e("e"), d("d");
  Size H("H"), S("S", 1, 1 << 20), E("E"), D("D");
  Param scale("scale", f32, 0.125);
  Input q("q", f32, {H, E}), k("k", f32, {H, E}), v("v", f32, {H, D}), keys("keys", f32, {H, S, E});
  Input values("values", f32, {H, S, D}), at("at", i64, {});
  RDom fresh(0, 1, "new"), re(0, E, "e"), rs(0, S, "s");
  Func K("K"), V("V"), score("score"), top("top"), weight("weight"), O("O");
  K(h, s, e) = keys(h, s, e);
  over(fresh, K(h, at() + fresh, e)) = k(h, e);
  V(h, s, d) = values(h, s, d);
  over(fresh, V(h, at() + fresh, d)) = v(h, d);
  score(h, s) = select(le(s, at()), sum(re, q(h, re) * K(h, s, re)) * scale, -std::numeric_limits<float>::infinity());
  top(h) = reduce_max(rs, score(h, rs));
  weight(h, s) = exp(score(h, s) - top(h));
  O(h, d) = sum(rs, weight(h, rs) * V(h, rs, d)) / sum(rs, weight(h, rs));
  return make_operator("attend", {q, k, v, keys, values, at, scale},
                       {{O, {H, D}}, {K, {H, S, E}, keys}, {V, {H, S, D}, values}});
}

Operator rope() {
  Var t("t"), h("h"), e("e"), c("c");
  Size T("T"), H("H"), E("E", 1, 1 << 20);
  Param base("base", f32, 10000);
  Input X("X", f32, {T, H, E, 2}), position("position", i64, {T});
  Func angle("angle"), Y("Y");
  angle(t, e) = cast(f32, position(t)) * pow(base, -cast(f32, e) / cast(f32, E));
  Y(t, h, e, c) =
      X(t, h, e, c) * cos(angle(t, e)) + select(eq(c, 0), -X(t, h, e, 1), X(t, h, e, 0)) * sin(angle(t, e));
  return make_operator("rope", {X, position, base}, {{Y, {T, H, E, 2}}});
}

}  // namespace lathe::stdlib
