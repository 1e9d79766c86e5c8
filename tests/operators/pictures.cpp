// References of operators on pictures. Outside of a picture the nearest pixel counts.
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "tests/operators/table.h"

namespace lathe::reference {
namespace {

// As the operator's type has it.
double stored(long double x) { return static_cast<double>(Real::in.rounded(x)); }

// X at a place, bilinear; the pixel is chosen by the place as the type has it, the shares by the place itself. NaN where there is
// no such place.
Real at_place(const In& X, const Real& v, const Real& u, double fv, double fu, Ix k) {
  if (!std::isfinite(fv) || !std::isfinite(fu)) return std::numeric_limits<double>::quiet_NaN();
  const Real y = std::floor(fv), x = std::floor(fu);
  const Real fy = v - y, fx = u - x;
  const auto whole = [](double p) { return static_cast<Ix>(std::clamp(std::floor(p), -1e9, 1e9)); };
  const auto row = [&](Ix r) {
    return X.nearest(r, whole(fu), k) * (Real(1) - fx) + X.nearest(r, whole(fu) + 1, k) * fx;
  };
  return row(whole(fv)) * (Real(1) - fy) + row(whole(fv) + 1) * fy;
}

constexpr std::array<std::array<Ix, 3>, 3> slope = {{{-1, 0, 1}, {-2, 0, 2}, {-1, 0, 1}}};
// Sobel's derivatives of gray(y, x) along x, or along y.
template <class F>
Real derivative(const F& gray, Ix y, Ix x, bool along_x) {
  return sum(3, 3, [&](Ix r, Ix s) {
    const Ix weight = along_x ? slope[r][s] : slope[s][r];
    return weight == 0 ? Real(0) : Real(weight) * gray(y + r - 1, x + s - 1);
  });
}

Real gray_of(const Real& r, const Real& g, const Real& b) {
  return constant(0.299L) * r + constant(0.587L) * g + constant(0.114L) * b;
}

void bilateral(Call& c) {
  const In X = c.in("X");
  const Ix cell = c["cell"], bins = c["bins"], H = c["H"], W = c["W"];
  const auto pixel = [&](Ix y, Ix x) { return min(max(X.nearest(y, x), 0), 1); };
  struct Cell {
    Real total, count;
  };
  const Ix rows = H / cell + 6, columns = W / cell + 6, from = -2, levels = bins + 4;  // two beyond each end
  const auto place = [&](Ix y, Ix x, Ix z) { return ((y - from) * columns + x - from) * levels + z - from; };
  std::vector<Cell> grid(rows * columns * levels);
  for (Ix y = from * cell; y < (rows + from) * cell; ++y)
    for (Ix x = from * cell; x < (columns + from) * cell; ++x) {
      const Real p = pixel(y, x);
      const auto z = static_cast<Ix>(std::nearbyint(stored(stored(p.value) * static_cast<double>(bins - 1))));
      Cell& to =
          grid[place(y >= 0 ? y / cell : -((-y + cell - 1) / cell), x >= 0 ? x / cell : -((-x + cell - 1) / cell), z)];
      to.total = to.total + p;
      to.count = to.count + 1;
    }
  const auto smooth = [&](Ix dy, Ix dx, Ix dz) {
    std::vector<Cell> next(grid.size());
    for (Ix y = from + 1; y < rows + from - 1; ++y)
      for (Ix x = from + 1; x < columns + from - 1; ++x)
        for (Ix z = from + 1; z < levels + from - 1; ++z) {
          const Cell &a = grid[place(y - dy, x - dx, z - dz)], &b = grid[place(y, x, z)],
                     &d = grid[place(y + dy, x + dx, z + dz)];
          next[place(y, x, z)] = {a.total + Real(2) * b.total + d.total, a.count + Real(2) * b.count + d.count};
        }
    grid = next;
  };
  smooth(0, 0, 1);
  smooth(0, 1, 0);
  smooth(1, 0, 0);
  c.out("Y").fill([&](Ix y, Ix x) {
    Real total, count;
    for (Ix z = 0; z < bins; ++z) {
      const Real near = max(Real(1) - abs(pixel(y, x) * Real(bins - 1) - Real(z)), 0);
      for (Ix dy = 0; dy < 2; ++dy)
        for (Ix dx = 0; dx < 2; ++dx) {
          const Real share = Real(dy ? y % cell : cell - y % cell) * Real(dx ? x % cell : cell - x % cell) * near;
          const Cell& from_cell = grid[place(y / cell + dy, x / cell + dx, z)];
          total = total + share * from_cell.total;
          count = count + share * from_cell.count;
        }
    }
    return total / max(count, constant(0.000001L));
  });
}

// A picture of which pixels on all sides are computed when they are asked for, and kept.
class Plane {
 public:
  using Pixel = std::function<Real(Ix y, Ix x)>;
  explicit Plane(Pixel pixel) : pixel_(std::move(pixel)) {}
  Real operator()(Ix y, Ix x) const {
    const auto at = known_->find({y, x});
    return at != known_->end() ? at->second : (*known_)[{y, x}] = pixel_(y, x);
  }

 private:
  Pixel pixel_;
  std::shared_ptr<std::map<std::pair<Ix, Ix>, Real>> known_ = std::make_shared<std::map<std::pair<Ix, Ix>, Real>>();
};

Ix half(Ix i) { return i >= 0 ? i / 2 : -((1 - i) / 2); }

Plane halved(const Plane& p) {
  const auto quarter = [](const Real& a, const Real& b, const Real& c, const Real& d) {
    return (a + Real(3) * (b + c) + d) * Real(0.125);
  };
  const Plane across(
      [p, quarter](Ix y, Ix x) { return quarter(p(y, 2 * x - 1), p(y, 2 * x), p(y, 2 * x + 1), p(y, 2 * x + 2)); });
  return Plane([across, quarter](Ix y, Ix x) {
    return quarter(across(2 * y - 1, x), across(2 * y, x), across(2 * y + 1, x), across(2 * y + 2, x));
  });
}

Plane doubled(const Plane& p) {
  const auto other = [](Ix i) { return half(i) + (i - 2 * half(i) == 0 ? -1 : 1); };
  const Plane across([p, other](Ix y, Ix x) { return Real(0.75) * p(y, half(x)) + Real(0.25) * p(y, other(x)); });
  return Plane(
      [across, other](Ix y, Ix x) { return Real(0.75) * across(half(y), x) + Real(0.25) * across(other(y), x); });
}

void laplacian(Call& c) {
  const In X = c.in("X");
  const Real alpha = c.param("alpha"), sigma = c.param("sigma");
  std::vector<Plane> gauss{Plane([&](Ix y, Ix x) { return X.nearest(y, x); })};
  for (int level = 1; level < 4; ++level) gauss.push_back(halved(gauss.back()));
  std::vector<std::vector<Plane>> remapped(8);  // by brightness, then level
  for (Ix k = 0; k < 8; ++k) {
    remapped[k].emplace_back([&gauss, alpha, sigma, k](Ix y, Ix x) {
      const Real p = gauss[0](y, x), d = p - Real(k) * constant(1 / 7.0L);
      return p + alpha * d * exp(-(d * d) / (Real(2) * sigma * sigma));
    });
    for (int level = 1; level < 4; ++level) remapped[k].push_back(halved(remapped[k].back()));
  }
  Plane result = gauss[3];
  for (int level = 2; level >= 0; --level) {
    std::vector<Plane> details;
    for (Ix k = 0; k < 8; ++k) {
      const Plane fine = remapped[k][level], coarse = doubled(remapped[k][level + 1]);
      details.emplace_back([fine, coarse](Ix y, Ix x) { return fine(y, x) - coarse(y, x); });
    }
    const Plane below = doubled(result), own = gauss[level];
    result = Plane([details, below, own](Ix y, Ix x) {
      const Real v = min(max(own(y, x), 0), 1) * Real(7);
      return sum(8, [&](Ix k) { return details[k](y, x) * max(Real(1) - abs(v - Real(k)), 0); }) + below(y, x);
    });
  }
  c.out("Y").fill([&](Ix y, Ix x) { return result(y, x); });
}

}  // namespace

Table pictures() {
  const std::map<std::string, std::pair<double, double>> bright = {{"X", {0, 1}}};
  const std::vector<std::map<std::string, Ix>> photo = {{{"H", 96}, {"W", 96}}},
                                               large = {{{"H", 96}, {"W", 96}}, {{"H", 720}, {"W", 1280}}},
                                               colours = {{{"H", 48}, {"W", 33}, {"C", 3}}};
  return {
      {"blur3x3",
       {.sizes = colours},
       [](Call& c) {
         const In X = c.in("X");
         c.out("By").fill([&](Ix y, Ix x, Ix k) {
           return sum(3, 3, [&](Ix r, Ix s) { return X.nearest(y + r - 1, x + s - 1, k); }) * constant(1 / 9.0L);
         });
       }},
      {"blur_separable",
       {.sizes = {{{"H", 17}, {"W", 33}, {"C", 3}, {"R", 5}, {"S", 3}}}},
       [](Call& c) {
         const In X = c.in("X"), v = c.in("v"), h = c.in("h");
         c.out("Y").fill([&](Ix y, Ix x, Ix k) {
           return sum(c["R"], [&](Ix r) {
             return v(r) * sum(c["S"], [&](Ix s) {
                      return h(s) * X.nearest(y + r - (c["R"] - 1) / 2, x + s - (c["S"] - 1) / 2, k);
                    });
           });
         });
       }},
      {"blur_window",
       {.sizes = {{{"H", 17}, {"W", 33}, {"C", 3}, {"R", 5}, {"S", 3}}}},
       [](Call& c) {
         const In X = c.in("X"), F = c.in("F");
         c.out("Y").fill([&](Ix y, Ix x, Ix k) {
           return sum(c["R"], c["S"], [&](Ix r, Ix s) {
             return F(r, s) * X.nearest(y + r - (c["R"] - 1) / 2, x + s - (c["S"] - 1) / 2, k);
           });
         });
       }},
      {"unsharp_u8",
       {.sizes = colours},
       [](Call& c) {
         const In X = c.in("X");
         constexpr Ix weights[] = {1, 4, 6, 4, 1};
         c.out("Y").fill([&](Ix y, Ix x, Ix k) {
           Ix blurred = 0;
           for (Ix r = 0; r < 5; ++r)
             for (Ix s = 0; s < 5; ++s) blurred += weights[r] * weights[s] * X.nearest_at(y + r - 2, x + s - 2, k);
           const Ix p = X.at(y, x, k);
           const double raised =
               static_cast<double>(p) + 0.5 * (static_cast<double>(256 * p - blurred) / 256);  // exact in f32
           return Real(std::clamp(std::nearbyint(raised), 0.0, 255.0));
         });
       }},
      {"warp",
       {.sizes = {{{"H", 19}, {"W", 23}, {"C", 3}, {"P", 17}, {"Q", 33}}},
        .ranges = {{"flow", {-9, 9}}}},
       [](Call& c) {
         const In X = c.in("X"), flow = c.in("flow");
         c.out("Y").fill([&](Ix y, Ix x, Ix k) {
           const auto place = [&](Ix from, Ix d) { return stored(static_cast<double>(from) + flow(y, x, d).value); };
           const double v = place(y, 0), u = place(x, 1);
           return at_place(X, v, u, v, u, k);
         });
       }},
      {"affine_warp",
       {.sizes = {{{"H", 19}, {"W", 23}, {"C", 3}}}, .params = {{{"height", 17}, {"width", 21}}}},
       [](Call& c) {
         const In X = c.in("X"), A = c.in("A");
         c.out("Y").fill([&](Ix y, Ix x, Ix k) {
           const auto place = [&](Ix d) { return A(d, 0) * Real(y) + A(d, 1) * Real(x) + A(d, 2); };
           const Real v = place(0), u = place(1);
           // Bilinear interpolation is continuous: where the stored place may be beyond a pixel, a neighbour's square
           // gives the same.
           return at_place(X, v, u, stored(v.value), stored(u.value), k);
         });
       }},
      {"median3x3",
       {.sizes = large},
       [](Call& c) {
         const In X = c.in("X");
         c.out("Y").fill([&](Ix y, Ix x) {
           std::array<Real, 9> p;
           for (Ix r = 0; r < 9; ++r) {
             p[r] = X.nearest(y + r / 3 - 1, x + r % 3 - 1);
             if (is_nan(p[r])) return p[r];
           }
           std::sort(p.begin(), p.end());
           return p[4];
         });
       }},
      {"sobel",
       {.sizes = photo},
       [](Call& c) {
         const In X = c.in("X");
         const auto pixel = [&](Ix y, Ix x) { return X.nearest(y, x); };
         c.out("Y").fill([&](Ix y, Ix x) {
           const Real gx = derivative(pixel, y, x, true), gy = derivative(pixel, y, x, false);
           return sqrt(gx * gx + gy * gy);
         });
       }},
      {"harris",
       {.sizes = photo, .ranges = bright},
       [](Call& c) {
         const In X = c.in("X");
         const auto gray = [&](Ix y, Ix x) {
           return gray_of(X.nearest(y, x, 0), X.nearest(y, x, 1), X.nearest(y, x, 2));
         };
         c.out("Y").fill([&](Ix y, Ix x) {
           const auto g = [&](Ix r, Ix s, bool along_x) {
             return derivative(gray, y + r - 1, x + s - 1, along_x) * constant(1 / 12.0L);
           };
           const Real xx = sum(3, 3, [&](Ix r, Ix s) { return g(r, s, true) * g(r, s, true); });
           const Real yy = sum(3, 3, [&](Ix r, Ix s) { return g(r, s, false) * g(r, s, false); });
           const Real xy = sum(3, 3, [&](Ix r, Ix s) { return g(r, s, true) * g(r, s, false); });
           return xx * yy - xy * xy - c.param("kappa") * (xx + yy) * (xx + yy);
         });
       }},
      {"rgb_to_gray",
       {.sizes = large},
       [](Call& c) {
         const In X = c.in("X");
         c.out("Y").fill([&](Ix y, Ix x) { return gray_of(X(y, x, 0), X(y, x, 1), X(y, x, 2)); });
       }},
      {"rgb_to_ycbcr",
       {},
       [](Call& c) {
         const In X = c.in("X");
         c.out("Y").fill([&](Ix y, Ix x, Ix k) {
           const Real gray = gray_of(X(y, x, 0), X(y, x, 1), X(y, x, 2));
           if (k == 0) return gray;
           return k == 1 ? (X(y, x, 2) - gray) * constant(0.5L / (1 - 0.114L))
                         : (X(y, x, 0) - gray) * constant(0.5L / (1 - 0.299L));
         });
       }},
      {"ycbcr_to_rgb",
       {},
       [](Call& c) {
         const In X = c.in("X");
         c.out("Y").fill([&](Ix y, Ix x, Ix k) {
           if (k == 0) return X(y, x, 0) + constant(1.402L) * X(y, x, 2);
           if (k == 2) return X(y, x, 0) + constant(1.772L) * X(y, x, 1);
           return X(y, x, 0) - constant(0.114L * 1.772L / 0.587L) * X(y, x, 1) -
                  constant(0.299L * 1.402L / 0.587L) * X(y, x, 2);
         });
       }},
      {"histogram_equalize_u8",
       {.sizes = large},
       [](Call& c) {
         const In X = c.in("X");
         const Ix H = c["H"], W = c["W"];
         std::array<Ix, 256> below = {};  // pixels at most so bright
         for (Ix y = 0; y < H; ++y)
           for (Ix x = 0; x < W; ++x) ++below[X.at(y, x)];
         Ix first = 0;
         for (Ix b = 0; b < 256; ++b) {
           if (first == 0) first = below[b];
           if (b > 0) below[b] += below[b - 1];
         }
         c.out("Y").fill([&](Ix y, Ix x) {
           const Ix b = X.at(y, x), rest = H * W - first;
           return Real(rest == 0 ? b : (510 * (below[b] - first) + rest) / (2 * rest));
         });
       }},
      {"local_laplacian",
       {.sizes = {{{"H", 1}, {"W", 1}}, {{"H", 19}, {"W", 33}}}, .ranges = bright, .of_pictures = Sampling::ends},
       laplacian},
      {"bilateral_grid", {.sizes = {{{"H", 17}, {"W", 33}}, {{"H", 96}, {"W", 96}}}, .ranges = bright}, bilateral},
  };
}

}  // namespace lathe::reference
