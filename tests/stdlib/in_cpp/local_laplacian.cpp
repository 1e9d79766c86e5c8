#include <map>
#include <string>

#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

namespace {

constexpr int levels = 4, brightnesses = 8;

// The Funcs of the pyramids by name: those of remapped pictures have the brightness k as a third index.
class Pyramids {
 public:
  Expr at(const std::string& name, const Expr& row, const Expr& column, bool remapped) {
    return remapped ? Expr(func(name)(row, column, k)) : Expr(func(name)(row, column));
  }
  void define(const std::string& name, bool remapped, const Expr& value) {
    if (remapped)
      func(name)(y, x, k) = value;
    else
      func(name)(y, x) = value;
  }
  Func& func(const std::string& name) { return funcs_.try_emplace(name, name).first->second; }

  // A level from the finer one: (1, 3, 3, 1)/8 along x, then along y.
  void halve(const std::string& fine, const std::string& coarse, bool remapped) {
    const auto quarter = [](const Expr& a, const Expr& b, const Expr& c, const Expr& d) {
      return (a + 3 * (b + c) + d) * 0.125;
    };
    const auto column = [&](const Expr& c) { return at(fine, y, c, remapped); };
    define(coarse + "x", remapped, quarter(column(2 * x - 1), column(2 * x), column(2 * x + 1), column(2 * x + 2)));
    const auto row = [&](const Expr& r) { return at(coarse + "x", r, x, remapped); };
    define(coarse, remapped, quarter(row(2 * y - 1), row(2 * y), row(2 * y + 1), row(2 * y + 2)));
  }

  // The reverse: 3/4 of the nearest and 1/4 of the next, along x, then along y.
  void enlarge(const std::string& coarse, const std::string& fine, bool remapped) {
    define(fine + "x", remapped,
           0.75 * at(coarse, y, x / 2, remapped) + 0.25 * at(coarse, y, x / 2 - 1 + 2 * (x % 2), remapped));
    define(fine, remapped,
           0.75 * at(fine + "x", y / 2, x, remapped) + 0.25 * at(fine + "x", y / 2 - 1 + 2 * (y % 2), x, remapped));
  }

  Var y{"y"}, x{"x"}, k{"k"};

 private:
  std::map<std::string, Func> funcs_;
};

std::string numbered(const char* name, int level) { return name + std::to_string(level); }

}  // namespace

Operator local_laplacian(Floats dtype) {
  Size H("H", 1, 1 << 20), W("W", 1, 1 << 20);
  Param alpha("alpha", dtype, 1), sigma("sigma", dtype, 0.125);
  Input X("X", dtype, {H, W});
  RDom rk(0, brightnesses, "k");
  Pyramids p;
  const Var &y = p.y, &x = p.x, &k = p.k;
  const auto picture = [](int level) { return level == 0 ? std::string("P") : numbered("G", level); };

  p.define("P", false, X.at({y, x}, Boundary::edge));
  for (int level = 1; level < levels; ++level) p.halve(picture(level - 1), picture(level), false);
  const Expr pixel = p.func("P")(y, x);
  p.define("d", true, pixel - cast(dtype, k) * 0.14285714285714285);
  const Expr distance = p.func("d")(y, x, k);
  p.define("R0", true, pixel + alpha * distance * exp(-(distance * distance) / (2 * sigma * sigma)));
  for (int level = 1; level < levels; ++level) p.halve(numbered("R", level - 1), numbered("R", level), true);

  for (int level = 0; level < levels - 1; ++level) {
    Func &v = p.func(numbered("v", level)), &D = p.func(numbered("D", level));
    p.enlarge(numbered("R", level + 1), numbered("E", level), true);
    v(y, x) = min(max(p.func(picture(level))(y, x), 0), 1) * 7;
    D(y, x, k) = p.func(numbered("R", level))(y, x, k) - p.func(numbered("E", level))(y, x, k);
    p.func(numbered("L", level))(y, x) = sum(rk, D(y, x, rk) * max(1 - abs(v(y, x) - cast(dtype, rk)), 0));
  }
  for (int level = levels - 2; level >= 0; --level) {
    p.enlarge(level == levels - 2 ? picture(level + 1) : numbered("O", level + 1), numbered("U", level), false);
    p.define(level == 0 ? "Y" : numbered("O", level), false,
             p.func(numbered("L", level))(y, x) + p.func(numbered("U", level))(y, x));
  }
  return make_operator("local_laplacian", {X, alpha, sigma}, {{p.func("Y"), {H, W}}});
}

}  // namespace lathe::in_cpp
