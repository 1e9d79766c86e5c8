#include <limits>

#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator attention(Floats dtype) {
  Var b("b"), h("h"), i("i"), j("j"), d("d");
  Size B("B"), H("H"), Q("Q"), D("D"), KV("KV", 1, 1 << 20);
  Param causal("causal", 0), scale("scale", dtype, 0.125);
  Input query("query", dtype, {B, H, Q, D}), key("key", dtype, {B, H, KV, D}), value("value", dtype, {B, H, KV, D});
  RDom rd(0, D, "d"), rj(0, KV, "j");
  Func score("score"), masked("masked"), top("top"), weight("weight"), total("total"), O("O");
  score(b, h, i, j) = sum(rd, query(b, h, i, rd) * key(b, h, j, rd)) * scale;
  masked(b, h, i, j) =
      select(eq(causal, 0) | le(j, i + KV - Q), score(b, h, i, j), -std::numeric_limits<float>::infinity());
  top(b, h, i) = reduce_max(rj, masked(b, h, i, rj));
  weight(b, h, i, j) = exp(masked(b, h, i, j) - top(b, h, i));
  total(b, h, i) = sum(rj, weight(b, h, i, rj));
  O(b, h, i, d) = sum(rj, weight(b, h, i, rj) * value(b, h, rj, d)) / total(b, h, i);
  return make_operator("attention", {query, key, value, causal, scale}, {{O, {B, H, Q, D}}});
}

Operator window_attention(Floats dtype) {
  Var b("b"), h("h"), i("i"), j("j"), d("d");
  Size B("B"), H("H"), Q("Q"), D("D"), KV("KV", 1, 1 << 20);
  Param window("window", 128), scale("scale", dtype, 0.125);
  Input query("query", dtype, {B, H, Q, D}), key("key", dtype, {B, H, KV, D}), value("value", dtype, {B, H, KV, D});
  RDom rd(0, D, "d"), rj(0, KV, "j");
  Func score("score"), masked("masked"), top("top"), weight("weight"), total("total"), O("O");
  score(b, h, i, j) = sum(rd, query(b, h, i, rd) * key(b, h, j, rd)) * scale;
  masked(b, h, i, j) = select(le(j, i + KV - Q) & gt(j, i + KV - Q - window), score(b, h, i, j),
                              -std::numeric_limits<float>::infinity());
  top(b, h, i) = reduce_max(rj, masked(b, h, i, rj));
  weight(b, h, i, j) = exp(masked(b, h, i, j) - top(b, h, i));
  total(b, h, i) = sum(rj, weight(b, h, i, rj));
  O(b, h, i, d) = sum(rj, weight(b, h, i, rj) * value(b, h, rj, d)) / total(b, h, i);
  return make_operator("window_attention", {query, key, value, window, scale}, {{O, {B, H, Q, D}}});
}

Operator grouped_attention(Floats dtype) {
  Var b("b"), h("h"), g("g"), i("i"), j("j"), d("d");
  Size B("B"), H("H"), G("G"), Q("Q"), D("D"), KV("KV", 1, 1 << 20);
  Param causal("causal", 1), scale("scale", dtype, 0.125);
  Input query("query", dtype, {B, H, G, Q, D}), key("key", dtype, {B, H, KV, D}), value("value", dtype, {B, H, KV, D});
  RDom rd(0, D, "d"), rj(0, KV, "j");
  Func score("score"), masked("masked"), top("top"), weight("weight"), total("total"), O("O");
  score(b, h, g, i, j) = sum(rd, query(b, h, g, i, rd) * key(b, h, j, rd)) * scale;
  masked(b, h, g, i, j) =
      select(eq(causal, 0) | le(j, i + KV - Q), score(b, h, g, i, j), -std::numeric_limits<float>::infinity());
  top(b, h, g, i) = reduce_max(rj, masked(b, h, g, i, rj));
  weight(b, h, g, i, j) = exp(masked(b, h, g, i, j) - top(b, h, g, i));
  total(b, h, g, i) = sum(rj, weight(b, h, g, i, rj));
  O(b, h, g, i, d) = sum(rj, weight(b, h, g, i, rj) * value(b, h, rj, d)) / total(b, h, g, i);
  return make_operator("grouped_attention", {query, key, value, causal, scale}, {{O, {B, H, G, Q, D}}});
}

}  // namespace lathe::in_cpp
