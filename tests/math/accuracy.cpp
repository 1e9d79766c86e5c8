#include "tests/math/accuracy.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <limits>

#include "jit/passes/pipeline.h"

namespace lathe::test {

namespace {

double sigmoid_of(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
double rsqrt_of(double x) { return 1 / std::sqrt(x); }
double reciprocal_of(double x) { return 1 / x; }

ir::Program program_of(Op op, DType dtype, int lanes) {
  const Expr i = make_var("i");
  const Expr index = make_ramp(i * Expr(lanes), Expr(int64_t{1}), lanes);
  std::vector<Expr> args;
  for (int a = 0; a < info_of(op).arity; ++a) args.push_back(make_access(a == 0 ? "x" : "y", dtype, {index}));
  ir::Function entry{.name = "main", .kind = ir::FunctionKind::entry, .buffers = {}, .params = {}, .body = nullptr};
  for (const char* name : {"x", "y", "z"}) {
    entry.buffers.push_back({.name = name, .dtype = dtype, .strides = {}, .read_only = name[0] != 'z'});
  }
  entry.params = {{"n", {i64, 1}}};
  entry.body = ir::make_loop("i", Expr(int64_t{0}), make_var("n"), ir::LoopKind::serial,
                             ir::make_store("z", {index}, make_op(op, args)));
  return {.name = "math", .functions = {entry}};
}

}  // namespace

const std::vector<MathFunction>& math_functions() {
  static const std::vector<MathFunction> all = {
      {Op::sqrt, std::sqrt, nullptr, 0.5},        {Op::rsqrt, rsqrt_of, nullptr, 2},
      {Op::reciprocal, reciprocal_of, nullptr, 0.5}, {Op::exp, std::exp, nullptr, 2},
      {Op::exp2, std::exp2, nullptr, 2},          {Op::log, std::log, nullptr, 2},
      {Op::log2, std::log2, nullptr, 2},          {Op::sin, std::sin, nullptr, 2},
      {Op::cos, std::cos, nullptr, 2},            {Op::tanh, std::tanh, nullptr, 2},
      {Op::sigmoid, sigmoid_of, nullptr, 2},      {Op::erf, std::erf, nullptr, 4},
      {Op::pow, nullptr, std::pow, 4},
  };
  return all;
}

MathLoop::MathLoop(Op op, DType dtype, int lanes, const Target& target) : lanes_(lanes), two_(info_of(op).arity == 2) {
  ir::Program program = program_of(op, dtype, lanes);
  for (const Pass& pass : pipeline()) {
    if (pass.reached == ir::Stage::final) program = pass.run(program, target);
  }
  ir::verify(program, ir::Stage::final);
  CompileStats stats;
  code_ = load(program, target, stats);
}

void MathLoop::run(const void* x, const void* y, void* z, int64_t count) const {
  void* buffers[] = {const_cast<void*>(x), const_cast<void*>(two_ ? y : x), z};
  const int64_t scalars[] = {count / lanes_};
  LatheContext context{};
  code_.entry(&context, buffers, scalars);
}

double ulp_error(float got, double exact) {
  constexpr double wrong = std::numeric_limits<double>::infinity();
  const auto rounded = static_cast<float>(exact);
  if (std::isnan(exact) || std::isnan(got)) return std::isnan(exact) && std::isnan(got) ? 0 : wrong;
  if (rounded == got) {
    if (rounded == 0 && std::signbit(got) != std::signbit(exact)) return wrong;
    if (!std::isfinite(exact)) return 0;
  }
  // Beyond the largest float, as if the exponent went on: infinity is 2^128.
  double value = std::isinf(got) ? std::copysign(0x1p128, got) : got;
  if (!std::isfinite(exact)) return wrong;
  if (std::fabs(exact) >= 0x1p128 && std::isinf(got)) return std::signbit(exact) == std::signbit(got) ? 0 : wrong;
  const int exponent = std::max(std::ilogb(std::fabs(exact) > 0 ? exact : 0x1p-149), -126);
  return std::fabs(value - exact) / std::ldexp(1.0, exponent - 23);
}

std::string Accuracy::text() const {
  return fmt::format("{:.3f} ulp at {:a} ({}), {}: got {:a}, need {:a}", worst_ulp, at, at, at_second, got, need);
}

void measure(const MathFunction& function, const MathLoop& loop, const std::vector<float>& x, const std::vector<float>& y,
             Accuracy& accuracy) {
  std::vector<float> z(x.size());
  loop.run(x.data(), y.data(), z.data(), static_cast<int64_t>(x.size()));
  for (size_t i = 0; i < x.size(); ++i) {
    const double exact = function.of_one ? function.of_one(x[i]) : function.of_two(x[i], y[i]);
    if (z[i] == static_cast<float>(exact) && z[i] != 0 && accuracy.worst_ulp >= 0.5) continue;    // rounded correctly
    const double error = ulp_error(z[i], exact);
    if (error > accuracy.worst_ulp) accuracy = {error, x[i], y.empty() ? 0 : y[i], z[i], exact};
  }
}

const std::vector<float>& special_operands() {
  static const std::vector<float> all = [] {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    std::vector<float> values = {std::numeric_limits<float>::quiet_NaN()};
    for (float v : {0.f, 0x1p-149f, 0x1p-126f, 1e-40f, 0.5f, 0.70710678f, 1.f, 1.41421356f, 2.f, 3.f, 4.f, 0.625f, 0.93f,
                    1.57079633f, 3.14159265f, 6.28318531f, 0x1p15f, 0x1p16f, 1e10f, 16777215.f, 16777216.f, 88.0296919f,
                    88.7228394f, 87.3365448f, 103.278931f, 103.972084f, 104.f, 126.f, 127.f, 128.f, 129.f, 149.f, 150.f,
                    151.f, 20.f, 9.01f, 0x1.fffffep127f, infinity}) {
      for (float near : {v, std::nextafter(v, 0.f), std::nextafter(v, infinity)}) {
        values.push_back(near);
        values.push_back(-near);
      }
    }
    return values;
  }();
  return all;
}

std::vector<Target> targets_of_host() {
  std::vector<Target> targets;
  for (const char* name : {"x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
    const Target target = target_named(name);
    try {
      MathLoop(Op::sqrt, f32, 1, target);
      targets.push_back(target);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::missing_feature) throw;
    }
  }
  return targets;
}

}  // namespace lathe::test
