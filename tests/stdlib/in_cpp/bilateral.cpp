#include <functional>

#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

namespace {

// Both components of the grid: what this is of one of them.
Tuple of_both(const std::function<Expr(int component)>& one) { return {one(0), one(1)}; }

}  // namespace

Operator bilateral_grid(Floats dtype) {
  Var y("y"), x("x"), z("z");
  Size H("H", 1, 1 << 20), W("W", 1, 1 << 20);
  Param cell("cell", 8), bins("bins", 8);
  Input X("X", dtype, {H, W});
  Func P("P"), bin("bin"), grid("grid"), near_z("near_z"), near_x("near_x"), near_y("near_y"), across("across"),
      down("down"), nearness("nearness"), slice("slice"), Y("Y");
  P(y, x) = min(max(X.at({y, x}, Boundary::edge), 0), 1);
  bin(y, x) = cast(i64, round(P(y, x) * cast(dtype, bins - 1)));

  RDom r(0, cell, "r"), s(0, cell, "s"), rz(0, bins, "z");
  const auto in_cell = [&](Func& f) { return Expr(f(y * cell + r, x * cell + s)); };
  grid(y, x, z) = sum({r, s}, {select(eq(in_cell(bin), z), in_cell(P), 0),
                               select(eq(in_cell(bin), z), make_float(dtype, 1), make_float(dtype, 0))});

  near_z(y, x, z) = of_both([&](int c) { return grid(y, x, z - 1)[c] + 2 * grid(y, x, z)[c] + grid(y, x, z + 1)[c]; });
  near_x(y, x, z) =
      of_both([&](int c) { return near_z(y, x - 1, z)[c] + 2 * near_z(y, x, z)[c] + near_z(y, x + 1, z)[c]; });
  near_y(y, x, z) =
      of_both([&](int c) { return near_x(y - 1, x, z)[c] + 2 * near_x(y, x, z)[c] + near_x(y + 1, x, z)[c]; });
  across(y, x, z) = of_both([&](int c) {
    return near_y(y, x / cell, z)[c] * cast(dtype, cell - x % cell) + near_y(y, x / cell + 1, z)[c] * cast(dtype, x % cell);
  });
  down(y, x, z) = of_both([&](int c) {
    return across(y / cell, x, z)[c] * cast(dtype, cell - y % cell) + across(y / cell + 1, x, z)[c] * cast(dtype, y % cell);
  });

  nearness(y, x, z) = max(1 - abs(P(y, x) * cast(dtype, bins - 1) - cast(dtype, z)), 0);
  slice(y, x) = sum(rz, of_both([&](int c) { return nearness(y, x, rz) * down(y, x, rz)[c]; }));
  Y(y, x) = slice(y, x)[0] / max(slice(y, x)[1], 0.000001);
  return make_operator("bilateral_grid", {X, cell, bins}, {{Y, {H, W}}});
}

}  // namespace lathe::in_cpp
