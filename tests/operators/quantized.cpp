// References of products of small integers, and of quantisation. Where a quotient is rounded to an integer, the
// quotient is that of f32.
#include "support/small_float.h"
#include "tests/operators/table.h"

namespace lathe::reference {
namespace {

float f32_of(const Real& x) { return static_cast<float>(x.value); }

// Rounds to the nearest integer, ties to even, and stops at the ends; NaN gives 0.
Ix stopped(float x, Ix low, Ix high) {
  if (std::isnan(x)) return 0;
  return static_cast<Ix>(
      std::clamp(std::nearbyint(static_cast<double>(x)), static_cast<double>(low), static_cast<double>(high)));
}

void linear_of_zeros(Call& c) {
  const In A = c.in("A"), B = c.in("B"), A_scale = c.in("A_scale"), A_zero = c.in("A_zero"), B_scale = c.in("B_scale"),
           B_zero = c.in("B_zero");
  c.out("C").fill([&](Ix i, Ix j) {
    const Ix s = whole_sum(c["K"], [&](Ix k) { return (A.at(i, k) - A_zero.at()) * (B.at(k, j) - B_zero.at(j)); });
    return rounded(s, 0) * (A_scale() * B_scale(j));
  });
}

void conv_of_zeros(Call& c) {
  const In X = c.in("X"), F = c.in("F"), X_scale = c.in("X_scale"), X_zero = c.in("X_zero"), F_scale = c.in("F_scale"),
           F_zero = c.in("F_zero");
  c.out("Y").fill([&](Ix n, Ix y, Ix x, Ix o) {
    Ix s = 0;
    for (Ix r = 0; r < c["R"]; ++r)
      for (Ix q = 0; q < c["S"]; ++q)
        for (Ix k = 0; k < c["C"]; ++k) {
          const Ix v = y * c["stride"] + r - c["pad"], u = x * c["stride"] + q - c["pad"];
          if (X.holds(n, v, u, k)) s += (X.at(n, v, u, k) - X_zero.at()) * (F.at(r, q, k, o) - F_zero.at(o));
        }
    return rounded(s, 0) * (X_scale() * F_scale(o));
  });
}

void products_of_integers(Call& c) {
  const In A = c.in("A"), B = c.in("B");
  c.out("C").fill([&](Ix i, Ix j) { return Real(whole_sum(c["K"], [&](Ix k) { return A.at(i, k) * B.at(k, j); })); });
}

void products_of_blocks(Call& c) {
  const In A = c.in("A"), W = c.in("W"), scale = c.in("scale");
  c.out("C").fill(
      [&](Ix i, Ix j) { return sum(c["K"], [&](Ix k) { return A(i, k) * (W(k, j) * scale(k / c["block"], j)); }); });
}

// The largest |x| of a block of `count` over `levels`, in f32.
template <class F>
float step_of(Ix count, float levels, const F& x) {
  float top = 0;
  for (Ix h = 0; h < count; ++h) {
    const float size = std::fabs(x(h));
    if (std::isnan(size)) return size;
    top = std::max(top, size);
  }
  return top / levels;
}
float divisor(float step) { return step > 0 ? step : 1; }

void products_of_quantised_blocks(Call& c) {
  const In A = c.in("A"), W = c.in("W"), scale = c.in("scale");
  const Ix block = c["block"], K = c["K"];
  c.out("C").fill([&](Ix i, Ix j) {
    return sum((K + block - 1) / block, [&](Ix g) {
      const Ix count = std::min(block, K - g * block);
      const auto a = [&](Ix h) { return f32_of(A(i, g * block + h)); };
      const float step = step_of(count, 127, a);
      const Ix s =
          whole_sum(count, [&](Ix h) { return stopped(a(h) / divisor(step), -128, 127) * W.at(g * block + h, j); });
      return rounded(s, 0) * (constant(step) * scale(g, j));
    });
  });
}

}  // namespace

Table quantized() {
  const std::map<std::string, std::pair<double, double>> zeros = {
      {"A_zero", {-9, 140}}, {"B_zero", {-9, 9}}, {"F_zero", {-9, 9}}};
  const std::vector<std::map<std::string, Ix>> blocks = {{{"M", 3}, {"N", 35}, {"K", 96}},
                                                         {{"M", 1}, {"N", 64}, {"K", 127}}};
  const std::vector<std::map<std::string, Ix>> layers = {
      {{"N", 1}, {"C", 5}, {"H", 9}, {"W", 17}, {"O", 15}, {"R", 3}, {"S", 3}}};
  const std::map<std::string, std::pair<double, double>> shares = {{"scale", {0.01, 0.1}}, {"A_scale", {0.01, 0.1}}};
  return {
      {"matmul_i8", {.sizes = {{{"M", 96}, {"N", 96}, {"K", 96}}}}, products_of_integers},
      {"matmul_u8s8", {.sizes = {{{"M", 96}, {"N", 96}, {"K", 96}}}}, products_of_integers},
      {"linear_u8s8", {.ranges = zeros}, linear_of_zeros},
      {"linear_s8s8", {.ranges = zeros}, linear_of_zeros},
      {"conv_u8s8", {.sizes = layers, .params = {{{"stride", 2}}}, .ranges = zeros}, conv_of_zeros},
      {"conv_s8s8", {.sizes = layers, .ranges = zeros}, conv_of_zeros},
      {"quantize",
       {},
       [](Call& c) {
         const In X = c.in("X"), scale = c.in("scale"), zero = c.in("zero");
         c.out("Q").fill([&](Ix i, Ix j) {
           const float share = std::nearbyint(f32_of(X(i, j)) / f32_of(scale()));
           return Real(stopped(share + static_cast<float>(zero.at()), 0, 255));
         });
       }},
      {"dequantize",
       {},
       [](Call& c) {
         const In Q = c.in("Q"), scale = c.in("scale"), zero = c.in("zero");
         c.out("X").fill([&](Ix i, Ix j) { return scale() * Real(Q.at(i, j) - zero.at()); });
       }},
      {"requantize",
       {.ranges = {{"S", {-90000, 90000}}, {"factor", {0.0001, 0.003}}}},
       [](Call& c) {
         const In S = c.in("S"), factor = c.in("factor"), zero = c.in("zero");
         c.out("Q").fill([&](Ix i, Ix j) {
           const float share = std::nearbyint(static_cast<float>(S.at(i, j)) * f32_of(factor(j)));
           return Real(stopped(share + static_cast<float>(zero.at()), 0, 255));
         });
       }},
      {"dynamic_quantize",
       {},
       [](Call& c) {
         const In X = c.in("X");
         const Kept step([&](Ix i) { return step_of(c["N"], 127, [&](Ix k) { return f32_of(X(i, k)); }); });
         c.out("scale").fill([&](Ix i) { return Real(static_cast<double>(step(i))); });
         c.out("Q").fill([&](Ix i, Ix j) { return Real(stopped(f32_of(X(i, j)) / divisor(step(i)), -128, 127)); });
       }},
      {"matmul_q8", {.sizes = blocks, .params = {{}, {{"block", 128}}}, .ranges = shares}, products_of_blocks},
      {"matmul_q4", {.sizes = blocks, .params = {{}, {{"block", 64}}}, .ranges = shares}, products_of_blocks},
      {"matmul_i4",
       {},
       [](Call& c) {
         const In A = c.in("A"), W = c.in("W"), scale = c.in("scale");
         c.out("C").fill([&](Ix i, Ix j) {
           return sum(c["G"], c["H"], [&](Ix g, Ix h) { return A(i, g, h) * (W(g, h, j) * scale(g, j)); });
         });
       }},
      {"matmul_q8_q8", {.sizes = blocks, .ranges = shares}, products_of_quantised_blocks},
      {"matmul_q4_q8", {.sizes = blocks, .params = {{{"block", 64}}}, .ranges = shares}, products_of_quantised_blocks},
      {"quantize_q8",
       {.sizes = {{{"K", 67}, {"N", 9}}}},
       [](Call& c) {
         const In W = c.in("W");
         const Ix block = c["block"], K = c["K"];
         const auto step = [&](Ix g, Ix j) {
           const float exact =
               step_of(std::min(block, K - g * block), 127, [&](Ix h) { return f32_of(W(g * block + h, j)); });
           return static_cast<double>(Float16(exact));
         };
         c.out("scale").fill([&](Ix g, Ix j) { return Real(step(g, j)); });
         c.out("Q").fill([&](Ix k, Ix j) {
           return Real(stopped(f32_of(W(k, j)) / divisor(static_cast<float>(step(k / block, j))), -127, 127));
         });
       }},
      {"quantize_q4",
       {.sizes = {{{"K", 67}, {"N", 9}}}},
       [](Call& c) {
         const In W = c.in("W");
         const Ix block = c["block"], K = c["K"];
         const auto step = [&](Ix g, Ix j) {
           const float exact =
               step_of(std::min(block, K - g * block), 7, [&](Ix h) { return f32_of(W(g * block + h, j)); });
           return static_cast<double>(Float16(exact));
         };
         const auto weight = [&](Ix k, Ix j) {
           return j < c["N"] ? stopped(f32_of(W(k, j)) / divisor(static_cast<float>(step(k / block, j))), -7, 7) : 0;
         };
         c.out("scale").fill([&](Ix g, Ix j) { return Real(step(g, j)); });
         c.out("Q").fill([&](Ix k, Ix j) { return Real((weight(k, 2 * j) & 15) | (weight(k, 2 * j + 1) & 15) << 4); });
       }},
  };
}

}  // namespace lathe::reference
