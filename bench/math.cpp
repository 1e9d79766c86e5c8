// Cycles an element of each mathematical function on f32, beside the vector function of the C library's libmvec, which
// is called directly; in turns, on operands in the first cache, on one thread. Cycles are of a clock measured in between.
//
//   bench_math [FUNCTION]...
#include <dlfcn.h>
#include <fmt/core.h>
#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "jit/runtime/meter.h"
#include "lathe.h"
#include "tools/measure.h"

namespace lathe {
namespace {

constexpr int64_t elements = 2048;                          // 8 KiB for each array
constexpr int rounds = 25, calls_a_round = 60;

struct Case {
  const char* name;
  const char* expression;
  const char* library;                                      // libmvec's name without its prefix; null: it has none
  float low, high;                                          // of the operands
};
constexpr Case cases[] = {
    {"exp", "exp(X[i])", "v_expf", -20, 20},       {"exp2", "exp2(X[i])", "v_exp2f", -20, 20},
    {"log", "log(X[i])", "v_logf", 1e-3f, 1e3f},   {"log2", "log2(X[i])", "v_log2f", 1e-3f, 1e3f},
    {"sin", "sin(X[i])", "v_sinf", -100, 100},     {"cos", "cos(X[i])", "v_cosf", -100, 100},
    {"tanh", "tanh(X[i])", "v_tanhf", -5, 5},      {"erf", "erf(X[i])", "v_erff", -3, 3},
    {"pow", "pow(X[i], W[i])", "vv_powf", 0.1f, 10}, {"sigmoid", "sigmoid(X[i])", nullptr, -10, 10},
    {"rsqrt", "rsqrt(X[i])", nullptr, 0.1f, 100},  {"reciprocal", "reciprocal(X[i])", nullptr, 0.1f, 100},
    {"sqrt", "sqrt(X[i])", nullptr, 0.1f, 100},
};

Kernel kernel_of(const Case& c, int lanes) {
  const std::string text = fmt::format(
      "f(X: f32[N], W: f32[N]) -> Y: f32[N]\n  Y[i] = {}\n\nschedule for f\nY.split(i, io, ii, {}).vectorize(ii)\n",
      c.expression, lanes);
  const SourceFile file = parse_file_text(text, "bench");
  const Operator& op = find_operator(file, "f");
  return compile(op, {.schedule = schedule_for(file, op, host_target().level), .target = {}, .static_params = {}, .tune_params = {}});
}

// libmvec's functions take and return vectors in registers; the prefix of a name says how wide.
__attribute__((target("avx512f"))) void call_wide(void* function, bool two, const float* x, const float* w, float* y) {
  const auto one_operand = reinterpret_cast<__m512 (*)(__m512)>(function);
  const auto two_operands = reinterpret_cast<__m512 (*)(__m512, __m512)>(function);
  for (int64_t i = 0; i < elements; i += 16) {
    const __m512 a = _mm512_loadu_ps(x + i);
    _mm512_storeu_ps(y + i, two ? two_operands(a, _mm512_loadu_ps(w + i)) : one_operand(a));
  }
}
__attribute__((target("avx2"))) void call_narrow(void* function, bool two, const float* x, const float* w, float* y) {
  const auto one_operand = reinterpret_cast<__m256 (*)(__m256)>(function);
  const auto two_operands = reinterpret_cast<__m256 (*)(__m256, __m256)>(function);
  for (int64_t i = 0; i < elements; i += 8) {
    const __m256 a = _mm256_loadu_ps(x + i);
    _mm256_storeu_ps(y + i, two ? two_operands(a, _mm256_loadu_ps(w + i)) : one_operand(a));
  }
}

std::function<void()> library_call(const Case& c, const float* x, const float* w, float* y) {
  static void* const library = dlopen("libmvec.so.1", RTLD_NOW);
  if (!library || !c.library) return {};
  const bool wide = __builtin_cpu_supports("avx512f"), two = c.library[1] == 'v';
  void* const function = dlsym(library, fmt::format("_ZGV{}{}", wide ? "eN16" : "dN8", c.library).c_str());
  if (!function) return {};
  return [=] { wide ? call_wide(function, two, x, w, y) : call_narrow(function, two, x, w, y); };
}

void run_case(const Case& c) {
  Tensor x(f32, {elements}), w(f32, {elements}), y(f32, {elements});
  std::mt19937 random(1);
  std::uniform_real_distribution<float> operand(c.low, c.high), exponent(-5, 5);
  for (int64_t i = 0; i < elements; ++i) x.as<float>()[i] = operand(random), w.as<float>()[i] = exponent(random);
  const Kernel kernel = kernel_of(c, 2 * host_target().lanes(4));
  const std::vector<TensorView> views = {x, w, y};
  const std::function<void()> ours = kernel.bind(views, {.threads = 1});
  const std::function<void()> library = library_call(c, x.as<float>(), w.as<float>(), y.as<float>());
  std::vector<double> our_cycles, library_cycles;
  for (int round = 0; round < rounds; ++round) {
    const double ghz = measure_clock_ghz(), cycles = ghz * 1e3 / static_cast<double>(calls_a_round * elements);
    our_cycles.push_back(tools::time_us(ours, calls_a_round) * cycles);
    if (library) library_cycles.push_back(tools::time_us(library, calls_a_round) * cycles);
  }
  const double us = tools::median(our_cycles), them = library ? tools::median(library_cycles) : 0;
  fmt::print("{:<11} {:>7.2f} {:>9} {:>7}\n", c.name, us, library ? fmt::format("{:.2f}", them) : "-",
             library ? fmt::format("{:.2f}", them / us) : "-");
}

int run(const std::vector<std::string>& names) {
  fmt::print("{:<11} {:>7} {:>9} {:>7}   cycles an element, {}, median of {}\n", "function", "lathe", "libmvec", "ratio",
             host_target().level, rounds);
  for (const Case& c : cases) {
    if (names.empty() || std::find(names.begin(), names.end(), c.name) != names.end()) run_case(c);
  }
  return 0;
}

}  // namespace
}  // namespace lathe

int main(int argc, char** argv) {
  try {
    return lathe::run({argv + 1, argv + argc});
  } catch (const lathe::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 3;
  }
}
