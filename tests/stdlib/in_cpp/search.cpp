#include <limits>

#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

namespace {

constexpr int64_t no_index = INT64_MAX;

Expr minus_infinity(DType dtype) { return make_float(dtype, -std::numeric_limits<double>::infinity()); }

}  // namespace

Operator argmax(Numbers dtype) {
  Var i("i");
  Size M("M"), N("N");
  Input A("A", dtype, {M, N});
  RDom k(0, N, "k");
  Func B("B");
  B(i) = lathe::argmax(k, A(i, k));
  return make_operator("argmax", {A}, {{B, {M}}});
}

Operator argmin(Numbers dtype) {
  Var i("i");
  Size M("M"), N("N");
  Input A("A", dtype, {M, N});
  RDom k(0, N, "k");
  Func B("B");
  B(i) = lathe::argmin(k, A(i, k));
  return make_operator("argmin", {A}, {{B, {M}}});
}

Operator kmeans_assign(Floats dtype) {
  Var n("n"), k("k");
  Size N("N"), K("K"), D("D");
  Input X("X", dtype, {N, D}), centre("centre", dtype, {K, D});
  RDom d(0, D, "d"), rk(0, K, "k");
  Func distance("distance"), nearest("nearest");
  distance(n, k) = sum(d, (X(n, d) - centre(k, d)) * (X(n, d) - centre(k, d)));
  nearest(n) = lathe::argmin(rk, distance(n, rk));
  return make_operator("kmeans_assign", {X, centre}, {{nearest, {N}}});
}

// From the last place on, each takes its left neighbour where the new element goes further left, else the new element
// where that is larger.
Operator top_k(Floats dtype) {
  Var i("i"), r("r");
  Size M("M"), N("N");
  Param k("k", 8);
  Input A("A", dtype, {M, N});
  RDom n(0, N, "n"), q(0, k, "q");
  Func B("B");
  B(i, r) = {minus_infinity(dtype), Expr(no_index)};
  const Expr place = k - 1 - q, left = max(k - 2 - q, 0);
  const Expr moves = lt(q + 1, k) & gt(A(i, n), B(i, left)[0]), enters = gt(A(i, n), B(i, place)[0]);
  over({n, q}, B(i, place)) = {select(moves, B(i, left)[0], select(enters, A(i, n), B(i, place)[0])),
                               select(moves, B(i, left)[1], select(enters, n, B(i, place)[1]))};
  return make_operator("top_k", {A, k}, {{B, {M, k}}});
}

}  // namespace lathe::in_cpp
