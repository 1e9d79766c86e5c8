#include <limits>

#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator attend(Floats dtype) {
  Var h("h"), s("s"), e("e"), d("d");
  Size H("H"), E("E"), D("D"), S("S", 1, 1 << 20);
  Param scale("scale", dtype, 0.125);
  Input q("q", dtype, {H, E}), k("k", dtype, {H, E}), v("v", dtype, {H, D}), keys("keys", dtype, {H, S, E}),
      values("values", dtype, {H, S, D}), at("at", i64, {});
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

Operator prefill(Floats dtype) {
  Var h("h"), s("s"), e("e"), d("d"), t("t");
  Size H("H"), T("T"), E("E"), D("D"), S("S", 1, 1 << 20);
  Param scale("scale", dtype, 0.125);
  Input q("q", dtype, {H, T, E}), k("k", dtype, {H, T, E}), v("v", dtype, {H, T, D}), keys("keys", dtype, {H, S, E}),
      values("values", dtype, {H, S, D}), at("at", i64, {});
  RDom rt(0, T, "t"), re(0, E, "e"), rs(0, S, "s");
  Func K("K"), V("V"), score("score"), top("top"), weight("weight"), O("O");
  K(h, s, e) = keys(h, s, e);
  over(rt, K(h, at() + rt, e)) = k(h, rt, e);
  V(h, s, d) = values(h, s, d);
  over(rt, V(h, at() + rt, d)) = v(h, rt, d);
  score(h, t, s) =
      select(le(s, at() + t), sum(re, q(h, t, re) * K(h, s, re)) * scale, -std::numeric_limits<float>::infinity());
  top(h, t) = reduce_max(rs, score(h, t, rs));
  weight(h, t, s) = exp(score(h, t, s) - top(h, t));
  O(h, t, d) = sum(rs, weight(h, t, rs) * V(h, rs, d)) / sum(rs, weight(h, t, rs));
  return make_operator("prefill", {q, k, v, keys, values, at, scale},
                       {{O, {H, T, D}}, {K, {H, S, E}, keys}, {V, {H, S, D}, values}});
}

}  // namespace lathe::in_cpp
