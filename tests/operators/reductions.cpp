// References of reductions, normalisation, search, scans and scatter.
#include "tests/operators/table.h"

namespace lathe::reference {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const std::vector<std::map<std::string, Ix>> rows = {{{"M", 96}, {"N", 96}}, {{"M", 5}, {"N", 517}}};

struct Moments {
  Real mean, variance;
};
// Of n numbers, in two passes.
template <class F>
Moments moments(Ix n, const F& x) {
  const Real mean = sum(n, x) / Real(n);
  return {mean, sum(n, [&](Ix k) { return (x(k) - mean) * (x(k) - mean); }) / Real(n)};
}
Real normal(const Call& c, const Real& x, const Moments& m, const Real& gain, const Real& bias) {
  return (x - m.mean) / sqrt(m.variance + c.param("epsilon")) * gain + bias;
}

struct Place {
  Real value;
  Ix index = INT64_MAX;
};
// The first of n numbers that no other surpasses; NaN is skipped. -infinity counts, as the first number there is.
template <class F>
Place best(Ix n, bool least, const F& x) {
  Place p{least ? infinity : -infinity};
  for (Ix k = 0; k < n; ++k) {
    const Real v = x(k);
    if (is_nan(v)) continue;
    if (p.index == INT64_MAX || (least ? v < p.value : v > p.value)) p = {v, k};
  }
  return p;
}

void arg(Call& c, bool least) {
  const In A = c.in("A");
  c.out("B.0").fill([&](Ix i) { return best(c["N"], least, [&](Ix k) { return A(i, k); }).value; });
  c.out("B.1").fill([&](Ix i) { return Real(best(c["N"], least, [&](Ix k) { return A(i, k); }).index); });
}

}  // namespace

Table reductions() {
  return {
      {"softmax",
       {.sizes = rows},
       [](Call& c) {
         const In X = c.in("X");
         const Kept top([&](Ix i) { return largest(c["N"], [&](Ix k) { return X(i, k); }); });
         const Kept total([&](Ix i) { return sum(c["N"], [&](Ix k) { return exp(X(i, k) - top(i)); }); });
         c.out("Y").fill([&](Ix i, Ix j) { return exp(X(i, j) - top(i)) / total(i); });
       }},
      {"log_softmax",
       {.sizes = rows},
       [](Call& c) {
         const In X = c.in("X");
         const Kept top([&](Ix i) { return largest(c["N"], [&](Ix k) { return X(i, k); }); });
         const Kept rest([&](Ix i) { return log(sum(c["N"], [&](Ix k) { return exp(X(i, k) - top(i)); })); });
         c.out("Y").fill([&](Ix i, Ix j) { return X(i, j) - top(i) - rest(i); });
       }},
      {"log_sum_exp",
       {.sizes = rows},
       [](Call& c) {
         const In X = c.in("X");
         c.out("S").fill([&](Ix i) {
           const Real top = largest(c["N"], [&](Ix k) { return X(i, k); });
           const Real base = std::isfinite(top.value) ? top : Real(0);
           return base + log(sum(c["N"], [&](Ix k) { return exp(X(i, k) - base); }));
         });
       }},
      {"layernorm",
       {.sizes = rows},
       [](Call& c) {
         const In X = c.in("X"), gain = c.in("gain"), bias = c.in("bias");
         const Kept row([&](Ix i) { return moments(c["N"], [&](Ix k) { return X(i, k); }); });
         c.out("Y").fill([&](Ix i, Ix j) { return normal(c, X(i, j), row(i), gain(j), bias(j)); });
       }},
      {"rmsnorm",
       {.sizes = rows},
       [](Call& c) {
         const In X = c.in("X"), gain = c.in("gain");
         const Kept square([&](Ix i) { return sum(c["N"], [&](Ix k) { return X(i, k) * X(i, k); }) / Real(c["N"]); });
         c.out("Y").fill([&](Ix i, Ix j) { return X(i, j) / sqrt(square(i) + c.param("epsilon")) * gain(j); });
       }},
      {"batchnorm",
       {.ranges = {{"variance", {0.5, 2}}}},
       [](Call& c) {
         const In X = c.in("X"), mean = c.in("mean"), variance = c.in("variance"), gain = c.in("gain"),
                  bias = c.in("bias");
         c.out("Y").fill([&](Ix n, Ix y, Ix x, Ix k) {
           return normal(c, X(n, y, x, k), {mean(k), variance(k)}, gain(k), bias(k));
         });
       }},
      {"batchnorm_training",
       {},
       [](Call& c) {
         const In X = c.in("X"), gain = c.in("gain"), bias = c.in("bias");
         const Ix W = c["W"], H = c["H"];
         std::vector<Moments> of;  // of each channel
         for (Ix k = 0; k < c["C"]; ++k)
           of.push_back(moments(c["N"] * H * W, [&](Ix p) { return X(p / (H * W), p / W % H, p % W, k); }));
         c.out("mean").fill([&](Ix k) { return of[k].mean; });
         c.out("variance").fill([&](Ix k) { return of[k].variance; });
         c.out("Y").fill([&](Ix n, Ix y, Ix x, Ix k) { return normal(c, X(n, y, x, k), of[k], gain(k), bias(k)); });
       }},
      {"groupnorm",
       {.sizes = {{{"N", 1}, {"H", 3}, {"W", 17}, {"G", 2}, {"C", 5}}}},
       [](Call& c) {
         const In X = c.in("X"), gain = c.in("gain"), bias = c.in("bias");
         const Ix W = c["W"], C = c["C"];
         std::vector<Moments> of;  // of each group of each picture
         for (Ix n = 0; n < c["N"]; ++n)
           for (Ix g = 0; g < c["G"]; ++g)
             of.push_back(moments(c["H"] * W * C, [&](Ix p) { return X(n, p / (W * C), p / C % W, g, p % C); }));
         c.out("Y").fill([&](Ix n, Ix y, Ix x, Ix g, Ix k) {
           return normal(c, X(n, y, x, g, k), of[n * c["G"] + g], gain(g, k), bias(g, k));
         });
       }},
      {"instancenorm",
       {},
       [](Call& c) {
         const In X = c.in("X"), gain = c.in("gain"), bias = c.in("bias");
         std::vector<Moments> of;  // of each channel of each picture
         for (Ix n = 0; n < c["N"]; ++n)
           for (Ix k = 0; k < c["C"]; ++k)
             of.push_back(moments(c["H"] * c["W"], [&](Ix p) { return X(n, p / c["W"], p % c["W"], k); }));
         c.out("Y").fill(
             [&](Ix n, Ix y, Ix x, Ix k) { return normal(c, X(n, y, x, k), of[n * c["C"] + k], gain(k), bias(k)); });
       }},
      {"sum_all",
       {.sizes = rows},
       [](Call& c) {
         const In X = c.in("X");
         c.out("S").fill([&]() { return sum(c["M"], c["N"], [&](Ix i, Ix j) { return X(i, j); }); });
       }},
      {"sum_rows",
       {.sizes = rows},
       [](Call& c) {
         const In X = c.in("X");
         c.out("S").fill([&](Ix i) { return sum(c["N"], [&](Ix k) { return X(i, k); }); });
       }},
      {"sum_cols",
       {.sizes = rows},
       [](Call& c) {
         const In X = c.in("X");
         c.out("S").fill([&](Ix j) { return sum(c["M"], [&](Ix k) { return X(k, j); }); });
       }},
      {"mean_rows",
       {.sizes = rows},
       [](Call& c) {
         const In X = c.in("X");
         c.out("S").fill([&](Ix i) { return moments(c["N"], [&](Ix k) { return X(i, k); }).mean; });
       }},
      {"variance_rows",
       {.sizes = rows},
       [](Call& c) {
         const In X = c.in("X");
         c.out("V").fill([&](Ix i) { return moments(c["N"], [&](Ix k) { return X(i, k); }).variance; });
       }},
      {"max_rows",
       {.sizes = rows},
       [](Call& c) {
         const In X = c.in("X");
         c.out("T").fill([&](Ix i) { return largest(c["N"], [&](Ix k) { return X(i, k); }); });
       }},
      {"min_rows",
       {.sizes = rows},
       [](Call& c) {
         const In X = c.in("X");
         c.out("T").fill([&](Ix i) { return smallest(c["N"], [&](Ix k) { return X(i, k); }); });
       }},
      {"argmax", {.sizes = rows}, [](Call& c) { arg(c, false); }},
      {"argmin", {.sizes = rows}, [](Call& c) { arg(c, true); }},
      {"kmeans_assign",
       {.ranges = {{"X", {-2, 2}}}, .specials = nans | infinities | zeros},
       [](Call& c) {
         const In X = c.in("X"), centre = c.in("centre");
         const auto nearest = [&](Ix n) {
           return best(c["K"], true, [&](Ix k) {
             return sum(c["D"], [&](Ix d) { return (X(n, d) - centre(k, d)) * (X(n, d) - centre(k, d)); });
           });
         };
         c.out("nearest.0").fill([&](Ix n) { return nearest(n).value; });
         c.out("nearest.1").fill([&](Ix n) { return Real(nearest(n).index); });
       }},
      {"top_k",
       {.sizes = {{{"M", 9}, {"N", 131}}}, .params = {{}, {{"k", 3}}}},
       [](Call& c) {
         const In A = c.in("A");
         const auto place = [&](Ix i, Ix r) {  // the best that is not among the r before it
           std::vector<Ix> taken;
           Place p{-infinity};
           for (Ix t = 0; t <= r; ++t) {
             p = {-infinity};
             for (Ix n = 0; n < c["N"]; ++n) {
               if (std::find(taken.begin(), taken.end(), n) == taken.end() && A(i, n) > p.value) p = {A(i, n), n};
             }
             taken.push_back(p.index);
           }
           return p;
         };
         c.out("B.0").fill([&](Ix i, Ix r) { return place(i, r).value; });
         c.out("B.1").fill([&](Ix i, Ix r) { return Real(place(i, r).index); });
       }},
      {"prefix_sum",
       {.sizes = {{{"N", 1021}}}},
       [](Call& c) {
         const In X = c.in("X");
         c.out("S").fill([&](Ix j) { return sum(j + 1, [&](Ix k) { return X(k); }); });
       }},
      {"cumulative_sum",
       {.sizes = rows},
       [](Call& c) {
         const In X = c.in("X");
         c.out("S").fill([&](Ix i, Ix j) { return sum(j + 1, [&](Ix k) { return X(i, k); }); });
       }},
      {"linear_recurrence",
       {.of_pictures = Sampling::all},                      // each element needs the one before
       [](Call& c) {
         const In a = c.in("a"), b = c.in("b"), start = c.in("start");
         Out& h = c.out("h");
         h.fill([&](Ix t, Ix n) { return t == 0 ? start(n) : a(t - 1, n) * h[{t - 1, n}] + b(t - 1, n); });
       }},
      {"scatter_add",
       {.ranges = {{"row", {-2, 9}}}},
       [](Call& c) {
         const In X = c.in("X"), row = c.in("row"), base = c.in("base");
         c.out("Y").fill([&](Ix v, Ix e) {
           Real y = base(v, e);
           for (Ix n = 0; n < c["N"]; ++n) {
             if (row.at(n) == v) y = y + X(n, e);
           }
           return y;
         });
       }},
      {"histogram",
       {.sizes = {{{"N", 3000}}}},
       [](Call& c) {
         const In X = c.in("X");
         c.out("H").fill([&](Ix b) { return Real(whole_sum(c["N"], [&](Ix n) { return X.at(n) == b ? 1 : 0; })); });
       }},
  };
}

}  // namespace lathe::reference
