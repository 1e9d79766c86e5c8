// References of convolutions: sums over windows, whose part beyond the input is left out.
#include "tests/operators/table.h"

namespace lathe::reference {
namespace {

const std::vector<std::map<std::string, Ix>> layers = {
    {{"N", 1}, {"C", 3}, {"H", 17}, {"W", 19}, {"O", 17}, {"R", 3}, {"S", 3}},
    {{"N", 1}, {"C", 5}, {"H", 9}, {"W", 33}, {"O", 7}, {"R", 5}, {"S", 5}},
};

void nhwc(Call& c, Ix dilation) {
  const In X = c.in("X"), F = c.in("F");
  c.out("Y").fill([&](Ix n, Ix y, Ix x, Ix o) {
    return sum(c["R"], c["S"], c["C"], [&](Ix r, Ix s, Ix k) {
      return X.or_zero(n, y * c["stride"] + r * dilation - c["pad"], x * c["stride"] + s * dilation - c["pad"], k) *
             F(r, s, k, o);
    });
  });
}

void nchw(Call& c) {
  const In X = c.in("X"), F = c.in("F");
  c.out("Y").fill([&](Ix n, Ix o, Ix y, Ix x) {
    return sum(c["C"], c["R"], c["S"], [&](Ix k, Ix r, Ix s) {
      return X.or_zero(n, k, y * c["stride"] + r * c["dilation"] - c["pad"],
                       x * c["stride"] + s * c["dilation"] - c["pad"]) *
             F(o, k, r, s);
    });
  });
}

void valid3x3(Call& c) {
  const In X = c.in("X"), F = c.in("F");
  c.out("Y").fill([&](Ix y, Ix x, Ix o) {
    return sum(3, 3, c["C"], [&](Ix r, Ix s, Ix k) { return X(y + r, x + s, k) * F(r, s, k, o); });
  });
}

const std::vector<std::map<std::string, Ix>> squares = {{{"H", 3}, {"W", 4}, {"C", 1}, {"O", 1}},
                                                        {{"H", 13}, {"W", 18}, {"C", 7}, {"O", 9}},
                                                        {{"H", 34}, {"W", 33}, {"C", 16}, {"O", 4}}};

}  // namespace

Table convolutions() {
  return {
      {"conv", {.sizes = layers, .params = {{}, {{"stride", 2}, {"pad", 0}}}}, [](Call& c) { nhwc(c, 1); }},
      {"dilated_conv", {.sizes = layers}, [](Call& c) { nhwc(c, c["dilation"]); }},
      {"grouped_conv",
       {.sizes = {{{"N", 1}, {"G", 3}, {"C", 4}, {"H", 9}, {"W", 17}, {"O", 15}, {"R", 3}, {"S", 3}}},
        .params = {{}, {{"stride", 2}, {"dilation", 2}}}},
       [](Call& c) {
         const In X = c.in("X"), F = c.in("F");
         c.out("Y").fill([&](Ix n, Ix y, Ix x, Ix g, Ix o) {
           return sum(c["R"], c["S"], c["C"], [&](Ix r, Ix s, Ix k) {
             return X.or_zero(n, y * c["stride"] + r * c["dilation"] - c["pad"],
                             x * c["stride"] + s * c["dilation"] - c["pad"], g, k) *
                    F(g, r, s, k, o);
           });
         });
       }},
      {"depthwise",
       {.sizes = {{{"N", 1}, {"C", 17}, {"H", 31}, {"W", 33}, {"R", 3}, {"S", 3}}},
        .params = {{}, {{"stride", 2}}, {{"dilation", 2}}}},
       [](Call& c) {
         const In X = c.in("X"), F = c.in("F");
         c.out("Y").fill([&](Ix n, Ix y, Ix x, Ix k) {
           return sum(c["R"], c["S"], [&](Ix r, Ix s) {
             return X.or_zero(n, y * c["stride"] + r * c["dilation"] - c["pad"],
                              x * c["stride"] + s * c["dilation"] - c["pad"], k) *
                    F(r, s, k);
           });
         });
       }},
      {"transposed_conv",
       {.sizes = layers, .params = {{}, {{"stride", 3}, {"dilation", 2}, {"output_pad", 2}}}},
       [](Call& c) {
         const In X = c.in("X"), F = c.in("F");
         const Ix stride = c["stride"], pad = c["pad"], dilation = c["dilation"];
         c.out("Y").fill([&](Ix n, Ix y, Ix x, Ix o) {
           return sum(c["R"], c["S"], c["C"], [&](Ix r, Ix s, Ix k) {  // v + r dilation = y + pad, u alike
             const Ix v = y + pad - r * dilation, u = x + pad - s * dilation;
             const bool whole = v % stride == 0 && u % stride == 0;
             return (whole ? X.or_zero(n, v / stride, u / stride, k) : Real(0)) * F(r, s, k, o);
           });
         });
       }},
      {"conv1d",
       {.sizes = {{{"N", 1}, {"C", 4}, {"W", 257}, {"O", 16}, {"S", 8}}},
        .params = {{}, {{"stride", 2}, {"pad", 0}, {"dilation", 2}}}},
       [](Call& c) {
         const In X = c.in("X"), F = c.in("F");
         c.out("Y").fill([&](Ix n, Ix x, Ix o) {
           return sum(c["S"], c["C"], [&](Ix s, Ix k) {
             return X.or_zero(n, x * c["stride"] + s * c["dilation"] - c["pad"], k) * F(s, k, o);
           });
         });
       }},
      {"conv3d",
       {.sizes = {{{"N", 1}, {"C", 2}, {"D", 5}, {"H", 6}, {"W", 7}, {"O", 17}, {"Q", 3}, {"R", 3}, {"S", 3}}},
        .params = {{}, {{"pad", 2}, {"dilation", 2}}}},
       [](Call& c) {
         const In X = c.in("X"), F = c.in("F");
         const Ix stride = c["stride"], pad = c["pad"], dilation = c["dilation"];
         c.out("Y").fill([&](Ix n, Ix z, Ix y, Ix x, Ix o) {
           return sum(c["Q"], c["R"], c["S"] * c["C"], [&](Ix q, Ix r, Ix sk) {
             const Ix s = sk / c["C"], k = sk % c["C"];
             return X.or_zero(n, z * stride + q * dilation - pad, y * stride + r * dilation - pad,
                             x * stride + s * dilation - pad, k) *
                    F(q, r, s, k, o);
           });
         });
       }},
      {"conv_nchw", {.sizes = layers, .params = {{}, {{"stride", 2}, {"pad", 2}, {"dilation", 2}}}}, nchw},
      {"grouped_conv_nchw",
       {.sizes = {{{"N", 1}, {"G", 3}, {"C", 4}, {"H", 9}, {"W", 17}, {"O", 5}, {"R", 3}, {"S", 3}}},
        .params = {{}, {{"stride", 2}, {"dilation", 2}}}},
       [](Call& c) {
         const In X = c.in("X"), F = c.in("F");
         c.out("Y").fill([&](Ix n, Ix g, Ix o, Ix y, Ix x) {
           return sum(c["C"], c["R"], c["S"], [&](Ix k, Ix r, Ix s) {
             return X.or_zero(n, g, k, y * c["stride"] + r * c["dilation"] - c["pad"],
                              x * c["stride"] + s * c["dilation"] - c["pad"]) *
                    F(g, o, k, r, s);
           });
         });
       }},
      {"depthwise_nchw",
       {.sizes = {{{"N", 1}, {"C", 5}, {"H", 31}, {"W", 33}, {"R", 3}, {"S", 3}}},
        .params = {{}, {{"stride", 2}, {"dilation", 2}}}},
       [](Call& c) {
         const In X = c.in("X"), F = c.in("F");
         c.out("Y").fill([&](Ix n, Ix k, Ix y, Ix x) {
           return sum(c["R"], c["S"], [&](Ix r, Ix s) {
             return X.or_zero(n, k, y * c["stride"] + r * c["dilation"] - c["pad"],
                              x * c["stride"] + s * c["dilation"] - c["pad"]) *
                    F(k, r, s);
           });
         });
       }},
      {"conv3x3_direct", {.sizes = squares}, valid3x3},
      // The transforms add elements of different results: an infinity or a NaN reaches more of them than in the definition.
      {"conv3x3_winograd", {.sizes = squares, .specials = zeros | denormals, .within = 4}, valid3x3},
      {"conv3x3_winograd4", {.sizes = squares, .specials = zeros | denormals, .within = 16}, valid3x3},
  };
}

}  // namespace lathe::reference
