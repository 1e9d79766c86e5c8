#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator conv(WideNumbers dtype) {
  Var n("n"), y("y"), x("x"), c("c"), o("o");
  Size N("N"), H("H"), W("W"), C("C"), R("R"), S("S"), O("O");
  Param stride("stride", 1), pad("pad", 1);
  Input X("X", dtype, {N, H, W, C}), F("F", dtype, {R, S, C, O});
  RDom r(0, R, "r"), s(0, S, "s"), rc(0, C, "c");
  Func P("P"), Y("Y");
  P(n, y, x, c) = X.at({n, y - pad, x - pad, c}, Boundary::constant, 0);
  Y(n, y, x, o) = sum({r, s, rc}, P(n, y * stride + r, x * stride + s, rc) * F(r, s, rc, o));
  return make_operator("conv", {X, F, stride, pad},
                       {{Y, {N, (H + 2 * pad - R) / stride + 1, (W + 2 * pad - S) / stride + 1, O}}});
}

namespace {

// Register tiles of columns of the result and its channels; a ring of padded rows stays ahead of them.
Schedule tiled(const char* target, std::vector<TileClass> tiles, int64_t lanes) {
  ScheduleBuilder s(conv(), target);
  const Expr C = make_var("C"), O = make_var("O");
  s.specialize(eq(make_var("F.stride.1"), C * O) & eq(make_var("F.stride.2"), O), [&](const auto& stage_of) {
    stage_of("Y")
        .split("y", "yb", "yi", 32, true)
        .tile("o", "x", "oo", "xo", "oi", "xi", tiles, true)
        .reorder({"n", "yb", "yi", "oo", "xo", "r", "s", "c", "xi", "oi"})
        .vectorize("oi")
        .unroll("xi")
        .parallel("yb")
        .tail("xo", Tail::clamp, {{1, 1}, {1, 2}})
        .store_in("registers", "xo");
    stage_of("P").compute_at("Y", "yi").store_at("Y", "yb").split("c", "co", "ci", lanes).vectorize("ci");
  });
  return s;
}

}  // namespace

Schedules conv_schedules() {
  return {tiled("x86-64-v4", {{32, 14}, {16, 14}}, 16), tiled("x86-64-v3", {{16, 6}, {8, 9}}, 8)};
}

}  // namespace lathe::in_cpp
