// References of operators that move elements, resize pictures and pool them.
#include <doctest/doctest.h>

#include "tests/operators/table.h"

namespace lathe::reference {
namespace {

Ix floor_div(Ix a, Ix b) { return a / b - (a % b < 0 ? 1 : 0); }
Ix mirrored(Ix i, Ix extent) {
  if (extent == 1) return 0;
  const Ix period = 2 * (extent - 1), m = i - floor_div(i, period) * period;
  return m < extent ? m : period - m;
}

template <class Place>
void moved(Call& c, const Place& place) {
  const In X = c.in("X");
  c.out("Y").fill([&](Ix n, Ix y, Ix x, Ix k) { return place(X, n, y - c["top"], x - c["left"], k); });
}

// Where pixel y of `extent` has its centre in a picture of H: the pixel before it, and how far beyond it.
struct Centre {
  Ix before;
  Real beyond;
};
Centre centre(Ix y, Ix H, Ix extent) {
  const Ix whole = (2 * y + 1) * H - extent, before = floor_div(whole, 2 * extent);
  return {before, Real(whole - before * 2 * extent) / Real(2 * extent)};
}

Real cubic(const Real& t, const Real& a) {
  if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return ((a * t - Real(5) * a) * t + Real(8) * a) * t - Real(4) * a;
}

// So many windows as begin before the end of the padding in front and the picture; the last one ends inside of all padding, or with
// ceil = 1 begins there.
Ix windows(const Call& c, Ix extent) {
  Ix count = 0;
  for (Ix from = 0; from < extent + c["pad"]; from += c["stride"]) {
    const Ix rest = extent + 2 * c["pad"] - from;             // of the padded picture
    count += rest >= c["window"] || (c["ceil"] == 1 && rest > c["window"] - c["stride"]) ? 1 : 0;
  }
  return count;
}

void check_windows(Call& c, const In& X, const std::string& result) {
  CHECK(c.out(result).shape()[1] == windows(c, X.extent(1)));
  CHECK(c.out(result).shape()[2] == windows(c, X.extent(2)));
}

// Over the part of a window that is inside.
template <class F>
void each_inside(const Call& c, const In& X, Ix y, Ix x, const F& see) {
  for (Ix r = 0; r < c["window"]; ++r)
    for (Ix s = 0; s < c["window"]; ++s) {
      const Ix v = y * c["stride"] + r - c["pad"], u = x * c["stride"] + s - c["pad"];
      if (v >= 0 && v < X.extent(1) && u >= 0 && u < X.extent(2)) see(v, u, r, s);
    }
}

struct Best {
  Real value = -std::numeric_limits<double>::infinity();
  Ix row = INT64_MAX, column = INT64_MAX;
};
Best best_of(const Call& c, const In& X, Ix n, Ix y, Ix x, Ix k) {
  Best b;
  each_inside(c, X, y, x, [&](Ix v, Ix u, Ix r, Ix s) {
    const Real p = X(n, v, u, k);
    if (!is_nan(p) && (b.row == INT64_MAX || p > b.value)) b = {p, r, s};
  });
  return b;
}

}  // namespace

Table layouts() {
  const std::vector<std::map<std::string, Ix>> frames = {{}, {{"top", 2}, {"bottom", 0}, {"left", 3}, {"right", 1}}};
  const std::vector<std::map<std::string, Ix>> targets = {{{"height", 13}, {"width", 21}},
                                                          {{"height", 4}, {"width", 3}}};
  const std::vector<std::map<std::string, Ix>> squares = {{{"M", 96}, {"N", 96}}, {{"M", 127}, {"N", 33}}};
  return {
      {"transpose",
       {.sizes = squares},
       [](Call& c) {
         const In X = c.in("X");
         c.out("Y").fill([&](Ix j, Ix i) { return X(i, j); });
       }},
      {"nchw_to_nhwc",
       {},
       [](Call& c) {
         const In X = c.in("X");
         c.out("Y").fill([&](Ix n, Ix y, Ix x, Ix k) { return X(n, k, y, x); });
       }},
      {"nhwc_to_nchw",
       {},
       [](Call& c) {
         const In X = c.in("X");
         c.out("Y").fill([&](Ix n, Ix k, Ix y, Ix x) { return X(n, y, x, k); });
       }},
      {"pad",
       {.params = frames},
       [](Call& c) {
         moved(c, [&](const In& X, Ix n, Ix y, Ix x, Ix k) {
           return X.holds(n, y, x, k) ? X(n, y, x, k) : c.param("fill");
         });
       }},
      {"pad_edge",
       {.params = frames},
       [](Call& c) { moved(c, [](const In& X, Ix n, Ix y, Ix x, Ix k) { return X.nearest(n, y, x, k); }); }},
      {"pad_mirror",
       {.params = frames},
       [](Call& c) {
         moved(c, [](const In& X, Ix n, Ix y, Ix x, Ix k) {
           return X(n, mirrored(y, X.extent(1)), mirrored(x, X.extent(2)), k);
         });
       }},
      {"concat_rows",
       {},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B");
         c.out("C").fill([&](Ix i, Ix j) { return i < c["P"] ? A(i, j) : B(i - c["P"], j); });
       }},
      {"concat_cols",
       {},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B");
         c.out("C").fill([&](Ix i, Ix j) { return j < c["P"] ? A(i, j) : B(i, j - c["P"]); });
       }},
      {"split_rows",
       {.sizes = {{{"M", 5}, {"N", 1}}}, .params = {{{"at", 0}}, {{"at", 3}}}},
       [](Call& c) {
         const In X = c.in("X");
         c.out("A").fill([&](Ix i, Ix j) { return X(i, j); });
         c.out("B").fill([&](Ix i, Ix j) { return X(i + c["at"], j); });
       }},
      {"split_cols",
       {.params = {{}, {{"at", 3}}}},
       [](Call& c) {
         const In X = c.in("X");
         c.out("A").fill([&](Ix i, Ix j) { return X(i, j); });
         c.out("B").fill([&](Ix i, Ix j) { return X(i, j + c["at"]); });
       }},
      {"gather",
       {.ranges = {{"index", {-2, 12}}}},
       [](Call& c) {
         const In X = c.in("X"), index = c.in("index");
         c.out("Y").fill([&](Ix i, Ix k) { return X.or_zero(i, index.at(i, k)); });
       }},
      {"take",
       {.sizes = {{{"B", 2}, {"N", 9}, {"E", 17}, {"K", 15}}}, .ranges = {{"index", {-2, 12}}}},
       [](Call& c) {
         const In X = c.in("X"), index = c.in("index");
         c.out("Y").fill([&](Ix b, Ix k, Ix e) { return X.or_zero(b, index.at(k), e); });
       }},
      {"space_to_depth",
       {.params = {{}, {{"block", 3}}}},
       [](Call& c) {
         const In X = c.in("X");
         const Ix C = c["C"], block = c["block"];
         c.out("Y").fill(
             [&](Ix n, Ix y, Ix x, Ix z) { return X(n, y * block + z / C / block, x * block + z / C % block, z % C); });
       }},
      {"depth_to_space",
       {.sizes = {{{"N", 1}, {"H", 3}, {"W", 17}, {"Z", 12}}}},
       [](Call& c) {
         const In X = c.in("X");
         const Ix block = c["block"], C = c["Z"] / (block * block);
         c.out("Y").fill([&](Ix n, Ix y, Ix x, Ix k) {
           return X(n, y / block, x / block, (y % block * block + x % block) * C + k);
         });
       }},
      {"resize_nearest",
       {.params = targets},
       [](Call& c) {
         const In X = c.in("X");
         c.out("Y").fill([&](Ix y, Ix x, Ix k) {
           return X.nearest((2 * y + 1) * c["H"] / (2 * c["height"]), (2 * x + 1) * c["W"] / (2 * c["width"]), k);
         });
       }},
      {"resize_bilinear",
       {.params = targets},
       [](Call& c) {
         const In X = c.in("X");
         c.out("Y").fill([&](Ix y, Ix x, Ix k) {
           const Centre v = centre(y, c["H"], c["height"]), u = centre(x, c["W"], c["width"]);
           const auto row = [&](Ix r) {
             return X.nearest(r, u.before, k) * (Real(1) - u.beyond) + X.nearest(r, u.before + 1, k) * u.beyond;
           };
           return row(v.before) * (Real(1) - v.beyond) + row(v.before + 1) * v.beyond;
         });
       }},
      {"resize_bicubic",
       {.params = targets},
       [](Call& c) {
         const In X = c.in("X");
         c.out("Y").fill([&](Ix y, Ix x, Ix k) {
           const Centre v = centre(y, c["H"], c["height"]), u = centre(x, c["W"], c["width"]);
           const auto weight = [&](const Centre& at, Ix r) {
             return cubic(abs(at.beyond + 1 - Real(r)), c.param("a"));
           };
           return sum(4, 4, [&](Ix r, Ix s) {
             return X.nearest(v.before + r - 1, u.before + s - 1, k) * (weight(v, r) * weight(u, s));
           });
         });
       }},
      {"max_pool",
       {.params = {{}, {{"window", 2}, {"stride", 2}, {"pad", 0}}, {{"window", 2}, {"stride", 2}, {"ceil", 1}}}},
       [](Call& c) {
         const In X = c.in("X");
         check_windows(c, X, "Y");
         c.out("Y").fill([&](Ix n, Ix y, Ix x, Ix k) {
           Real top = -std::numeric_limits<double>::infinity();
           each_inside(c, X, y, x, [&](Ix v, Ix u, Ix, Ix) { top = max(top, X(n, v, u, k)); });
           return top;
         });
       }},
      {"max_pool_argmax",
       {.params = {{}, {{"stride", 3}, {"ceil", 1}}}},
       [](Call& c) {
         const In X = c.in("X");
         check_windows(c, X, "Y.0");
         c.out("Y.0").fill([&](Ix n, Ix y, Ix x, Ix k) { return best_of(c, X, n, y, x, k).value; });
         c.out("Y.1").fill([&](Ix n, Ix y, Ix x, Ix k) { return Real(best_of(c, X, n, y, x, k).row); });
         c.out("Y.2").fill([&](Ix n, Ix y, Ix x, Ix k) { return Real(best_of(c, X, n, y, x, k).column); });
       }},
      {"average_pool",
       {.params = {{}, {{"pad", 0}, {"ceil", 1}}}},
       [](Call& c) {
         const In X = c.in("X");
         check_windows(c, X, "Y");
         c.out("Y").fill([&](Ix n, Ix y, Ix x, Ix k) {
           Sum all;
           Ix count = 0;
           each_inside(c, X, y, x, [&](Ix v, Ix u, Ix, Ix) {
             all.add(X(n, v, u, k));
             ++count;
           });
           return all.result() / Real(count);
         });
       }},
      {"global_max_pool",
       {},
       [](Call& c) {
         const In X = c.in("X");
         c.out("Y").fill([&](Ix n, Ix k) {
           return largest(c["H"] * c["W"], [&](Ix p) { return X(n, p / c["W"], p % c["W"], k); });
         });
       }},
      {"global_average_pool",
       {},
       [](Call& c) {
         const In X = c.in("X");
         c.out("Y").fill([&](Ix n, Ix k) {
           return sum(c["H"], c["W"], [&](Ix y, Ix x) { return X(n, y, x, k); }) / Real(c["H"] * c["W"]);
         });
       }},
  };
}

}  // namespace lathe::reference
