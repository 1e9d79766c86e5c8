// References of activations, arithmetic and conversions.
#include "tests/operators/table.h"

namespace lathe::reference {
namespace {

// A function of each element, with names of arguments as in the library.
template <Real (*f)(const Call&, const Real&)>
void each(Call& c) {
  const In X = c.in("X");
  c.out("Y").fill([&](Ix i, Ix j) { return f(c, X(i, j)); });
}
template <Real (*f)(const Real&, const Real&)>
void both(Call& c) {
  const In A = c.in("A"), B = c.in("B");
  c.out("C").fill([&](Ix i, Ix j) { return f(A(i, j), B(i, j)); });
}

Real relu(const Call&, const Real& x) { return max(x, 0); }
Real relu6(const Call&, const Real& x) { return min(max(x, 0), 6); }
Real leaky(const Call& c, const Real& x) { return x < 0 ? c.param("slope") * x : x; }
Real elu(const Call& c, const Real& x) { return x < 0 ? c.param("alpha") * (exp(x) - 1) : x; }
Real selu(const Call&, const Real& x) {
  return constant(1.0507009873554804934L) * (x < 0 ? constant(1.6732632423543772848L) * (exp(x) - 1) : x);
}
Real gelu_erf(const Call&, const Real& x) {
  return Real(0.5) * x * (Real(1) + erf(x * constant(0.70710678118654752440L)));
}
Real gelu_tanh(const Call&, const Real& x) {
  return Real(0.5) * x * (Real(1) + tanh(constant(0.79788456080286535588L) * (x + constant(0.044715L) * x * x * x)));
}
Real silu(const Call&, const Real& x) { return x * sigmoid(x); }
Real log1p_exp(const Real& x) { return max(x, 0) + log(Real(1) + exp(-abs(x))); }
Real softplus(const Call&, const Real& x) { return log1p_exp(x); }
Real tanh_(const Call&, const Real& x) { return tanh(x); }
Real sigmoid_(const Call&, const Real& x) { return sigmoid(x); }
Real hard_sigmoid(const Call&, const Real& x) { return min(max(x * constant(1 / 6.0L) + Real(0.5), 0), 1); }
Real hard_swish(const Call& c, const Real& x) { return x * hard_sigmoid(c, x); }
Real mish(const Call&, const Real& x) { return x * tanh(log1p_exp(x)); }
Real clamped(const Call& c, const Real& x) { return min(max(x, c.param("low")), c.param("high")); }
Real same(const Call&, const Real& x) { return x; }
Real in_f32(const Call&, const Real& x) { return static_cast<double>(static_cast<float>(x.value)); }
// Towards zero, stopped at the ends; NaN gives 0.
Real whole(const Real& x, double low, double high) {
  return is_nan(x) ? Real(0) : Real(std::clamp(std::trunc(static_cast<double>(x.value)), low, high));
}
Real to_u8(const Call&, const Real& x) { return whole(x, 0, 255); }
Real to_i32(const Call&, const Real& x) { return whole(x, -2147483648.0, 2147483647.0); }

Real plus(const Real& a, const Real& b) { return a + b; }
Real minus(const Real& a, const Real& b) { return a - b; }
Real times(const Real& a, const Real& b) { return a * b; }
Real over(const Real& a, const Real& b) { return a / b; }

}  // namespace

Table elementwise() {
  const std::map<std::string, std::pair<double, double>> wide = {{"X", {-30, 30}}};
  const std::vector<std::map<std::string, Ix>> rows = {{{"M", 96}, {"N", 96}}};
  return {
      {"relu", {.sizes = rows}, each<relu>},
      {"relu6", {.ranges = wide}, each<relu6>},
      {"leaky_relu", {}, each<leaky>},
      {"elu", {.ranges = wide}, each<elu>},
      {"selu", {.ranges = wide}, each<selu>},
      {"gelu_erf", {.sizes = rows}, each<gelu_erf>},
      {"gelu_tanh", {.sizes = rows}, each<gelu_tanh>},
      {"silu", {.sizes = rows, .ranges = wide}, each<silu>},
      {"softplus", {.ranges = wide}, each<softplus>},
      {"tanh", {.sizes = rows}, each<tanh_>},
      {"sigmoid", {.sizes = rows, .ranges = wide}, each<sigmoid_>},
      {"hard_sigmoid", {.ranges = wide}, each<hard_sigmoid>},
      {"hard_swish", {.ranges = wide}, each<hard_swish>},
      {"mish", {.ranges = wide}, each<mish>},
      {"prelu",
       {},
       [](Call& c) {
         const In X = c.in("X"), slope = c.in("slope");
         c.out("Y").fill([&](Ix i, Ix j) { return X(i, j) < 0 ? slope(j) * X(i, j) : X(i, j); });
       }},
      {"bias_gelu_erf",
       {.sizes = rows},
       [](Call& c) {
         const In X = c.in("X"), bias = c.in("bias");
         c.out("Y").fill([&](Ix i, Ix j) { return gelu_erf(c, X(i, j) + bias(j)); });
       }},
      {"swiglu",
       {.sizes = rows},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B");
         c.out("Y").fill([&](Ix i, Ix j) { return silu(c, A(i, j)) * B(i, j); });
       }},
      {"add", {}, both<plus>},
      {"subtract", {}, both<minus>},
      {"multiply", {}, both<times>},
      {"divide", {}, both<over>},
      {"add_row",
       {},
       [](Call& c) {
         const In A = c.in("A"), b = c.in("b");
         c.out("C").fill([&](Ix i, Ix j) { return A(i, j) + b(j); });
       }},
      {"scale_rows",
       {},
       [](Call& c) {
         const In A = c.in("A"), s = c.in("s");
         c.out("C").fill([&](Ix i, Ix j) { return A(i, j) * s(i); });
       }},
      {"add_outer",
       {},
       [](Call& c) {
         const In a = c.in("a"), b = c.in("b");
         c.out("C").fill([&](Ix i, Ix j) { return a(i) + b(j); });
       }},
      {"axpby",
       {},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B");
         c.out("C").fill([&](Ix i, Ix j) { return c.param("alpha") * A(i, j) + c.param("beta") * B(i, j); });
       }},
      {"clamp", {.sizes = rows}, each<clamped>},
      {"where",
       {},
       [](Call& c) {
         const In chosen = c.in("chosen"), A = c.in("A"), B = c.in("B");
         c.out("C").fill([&](Ix i, Ix j) { return chosen.at(i, j) ? A(i, j) : B(i, j); });
       }},
      {"to_f16", {}, each<same>},
      {"to_bf16", {}, each<same>},
      {"from_f16", {}, each<same>},
      {"from_bf16", {}, each<same>},
      {"to_u8", {.ranges = {{"X", {-50, 300}}}}, each<to_u8>},
      {"to_i32", {.ranges = {{"X", {-3e9, 3e9}}}}, each<to_i32>},
      {"from_u8", {}, each<same>},
      {"from_i32", {.ranges = {{"X", {-2e9, 2e9}}}}, each<in_f32>},
      {"to_f64", {}, each<same>},
      {"from_f64", {}, each<in_f32>},
  };
}

}  // namespace lathe::reference
