#include <array>

#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator conv3x3_direct(Floats dtype) {
  Var y("y"), x("x"), o("o");
  Size H("H", 2, 1 << 20), W("W", 2, 1 << 20), C("C"), O("O");
  Input X("X", dtype, {H, W, C}), F("F", dtype, {3, 3, C, O});
  RDom r(0, 3, "r"), s(0, 3, "s"), c(0, C, "c");
  Func Y("Y");
  Y(y, x, o) = sum({r, s, c}, X(y + r, x + s, c) * F(r, s, c, o));
  return make_operator("conv3x3_direct", {X, F}, {{Y, {H - 2, W - 2, O}}});
}

namespace {

// Entry `which` of four of the transform of (p0, p1, p2, p3), by B^T of F(2, 3).
Expr transformed(const Expr& which, const Expr& p0, const Expr& p1, const Expr& p2, const Expr& p3) {
  return select(eq(which, 0), p0 - p2, select(eq(which, 3), p1 - p3, p2 + select(eq(which, 1), p1, -p1)));
}

// ... of the transform of a filter's (f0, f1, f2), by G.
Expr filtered(const Expr& which, const Expr& f0, const Expr& f1, const Expr& f2) {
  return select(eq(which, 0), f0, select(eq(which, 3), f2, 0.5f * (f0 + f2 + select(eq(which, 1), f1, -f1))));
}

}  // namespace

Operator conv3x3_winograd(Floats dtype) {
  Var y("y"), x("x"), t("t"), u("u"), a("a"), b("b"), s("s"), p("p"), q("q"), c("c"), o("o");
  Size H("H", 2, 1 << 20), W("W", 2, 1 << 20), C("C"), O("O");
  Input X("X", dtype, {H, W, C}), F("F", dtype, {3, 3, C, O});
  RDom rc(0, C, "c");
  Func P("P"), rows("rows"), U("U"), lines("lines"), V("V"), product("product"), across("across"), down("down"), Y("Y");
  P(y, x, c) = X.at({y, x, c}, Boundary::constant, 0);
  rows(t, x, a, c) = transformed(a, P(2 * t, x, c), P(2 * t + 1, x, c), P(2 * t + 2, x, c), P(2 * t + 3, x, c));
  U(t, u, a, b, c) = transformed(b, rows(t, 2 * u, a, c), rows(t, 2 * u + 1, a, c), rows(t, 2 * u + 2, a, c),
                                 rows(t, 2 * u + 3, a, c));
  lines(a, s, c, o) = filtered(a, F(0, s, c, o), F(1, s, c, o), F(2, s, c, o));
  V(a, b, c, o) = filtered(b, lines(a, 0, c, o), lines(a, 1, c, o), lines(a, 2, c, o));
  product(t, u, a, b, o) = sum(rc, U(t, u, a, b, rc) * V(a, b, rc, o));
  across(t, u, b, p, o) = select(eq(p, 0), product(t, u, 0, b, o) + product(t, u, 1, b, o) + product(t, u, 2, b, o),
                                 product(t, u, 1, b, o) - product(t, u, 2, b, o) - product(t, u, 3, b, o));
  down(t, u, p, q, o) = select(eq(q, 0), across(t, u, 0, p, o) + across(t, u, 1, p, o) + across(t, u, 2, p, o),
                               across(t, u, 1, p, o) - across(t, u, 2, p, o) - across(t, u, 3, p, o));
  Y(y, x, o) = down(y / 2, x / 2, y % 2, x % 2, o);
  return make_operator("conv3x3_winograd", {X, F}, {{Y, {H - 2, W - 2, O}}});
}

namespace {

// Entry `which` of six of the transform of p[0..5], by B^T of F(4, 3).
Expr transformed4(const Expr& which, const std::array<Expr, 6>& p) {
  const Expr four = p[4] - 4 * p[2] + select(eq(which, 1), p[3] - 4 * p[1], 4 * p[1] - p[3]);
  const Expr one = p[4] - p[2] + 2 * select(eq(which, 3), p[3] - p[1], p[1] - p[3]);
  return select(eq(which, 0), 4 * p[0] - 5 * p[2] + p[4],
                select(eq(which, 5), 4 * p[1] - 5 * p[3] + p[5], select(lt(which, 3), four, one)));
}

// ... of the transform of a filter's (f0, f1, f2), by G.
Expr filtered4(const Expr& which, const Expr& f0, const Expr& f1, const Expr& f2) {
  const Expr sixths = -0.16666666666666666 * (f0 + f2 + select(eq(which, 1), f1, -f1));
  const Expr others =
      0.041666666666666664 * f0 + 0.16666666666666666 * f2 + 0.08333333333333333 * select(eq(which, 3), f1, -f1);
  return select(eq(which, 0), 0.25 * f0, select(eq(which, 5), f2, select(lt(which, 3), sixths, others)));
}

// Result `which` of four of the products m[0..5], by A^T.
Expr result4(const Expr& which, const std::array<Expr, 6>& m) {
  return select(eq(which, 0), m[0] + m[1] + m[2] + m[3] + m[4],
                select(eq(which, 1), m[1] - m[2] + 2 * (m[3] - m[4]),
                       select(eq(which, 2), m[1] + m[2] + 4 * (m[3] + m[4]), m[1] - m[2] + 8 * (m[3] - m[4]) + m[5])));
}

template <class At>
std::array<Expr, 6> six(const At& at) {
  return {at(0), at(1), at(2), at(3), at(4), at(5)};
}

}  // namespace

Operator conv3x3_winograd4(Floats dtype) {
  Var y("y"), x("x"), t("t"), u("u"), a("a"), b("b"), s("s"), p("p"), q("q"), c("c"), o("o");
  Size H("H", 2, 1 << 20), W("W", 2, 1 << 20), C("C"), O("O");
  Input X("X", dtype, {H, W, C}), F("F", dtype, {3, 3, C, O});
  RDom rc(0, C, "c");
  Func P("P"), rows("rows"), U("U"), lines("lines"), V("V"), product("product"), across("across"), down("down"), Y("Y");
  P(y, x, c) = X.at({y, x, c}, Boundary::constant, 0);
  rows(t, x, a, c) = transformed4(a, six([&](int m) -> Expr { return m ? P(4 * t + m, x, c) : P(4 * t, x, c); }));
  U(t, u, a, b, c) =
      transformed4(b, six([&](int m) -> Expr { return m ? rows(t, 4 * u + m, a, c) : rows(t, 4 * u, a, c); }));
  lines(a, s, c, o) = filtered4(a, F(0, s, c, o), F(1, s, c, o), F(2, s, c, o));
  V(a, b, c, o) = filtered4(b, lines(a, 0, c, o), lines(a, 1, c, o), lines(a, 2, c, o));
  product(t, u, a, b, o) = sum(rc, U(t, u, a, b, rc) * V(a, b, rc, o));
  across(t, u, b, p, o) = result4(p, six([&](int m) -> Expr { return product(t, u, m, b, o); }));
  down(t, u, p, q, o) = result4(q, six([&](int m) -> Expr { return across(t, u, m, p, o); }));
  Y(y, x, o) = down(y / 4, x / 4, y % 4, x % 4, o);
  return make_operator("conv3x3_winograd4", {X, F}, {{Y, {H - 2, W - 2, O}}});
}

}  // namespace lathe::in_cpp
