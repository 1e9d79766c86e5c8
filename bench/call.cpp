// What a call costs beside the work: nanoseconds of a call with all checks and of a bound call, for
// kernels that do next to nothing. The least of several rounds, which other processes disturb least.
//
//   bench_call [--rounds N]
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <functional>

#include "lathe.h"

namespace lathe {
namespace {

constexpr int calls_a_round = 20000;

template <class Call>
double least_ns(int rounds, const Call& call) {
  double least = 1e300;
  for (int round = 0; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls_a_round; ++i) call();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    least = std::min(least, took.count() / calls_a_round);
  }
  return least;
}

struct Case {
  const char* text;
  std::vector<std::vector<int64_t>> shapes;  // of the arguments
};

const Case cases[] = {
    {"add1(a: f32[N], b: f32[N]) -> c: f32[N]\n  c[i] = a[i] + b[i]\n", {{1}, {1}, {1}}},
    {"add2(a: f32[M, N], b: f32[M, N]) -> c: f32[M, N]\n  c[i, j] = a[i, j] + b[i, j]\n", {{1, 1}, {1, 1}, {1, 1}}},
    {"matmul(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n",
     {{1, 1}, {1, 1}, {1, 1}}},
    {"add4(a: f32[B, C, M, N], b: f32[B, C, M, N]) -> c: f32[B, C, M, N]\n"
     "  c[n, k, i, j] = a[n, k, i, j] + b[n, k, i, j]\n",
     {{1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}}},
};

void measure_case(const Case& which, int rounds) {
  const Operator op = parse_file_text(which.text, "call.lathe").operators.at(0);
  const Kernel kernel = compile(op, {.cache = Cache::none});
  std::vector<Tensor> tensors;
  std::vector<TensorView> views;
  for (const auto& shape : which.shapes) tensors.emplace_back(f32, shape);
  for (const Tensor& tensor : tensors) views.push_back(tensor.view());
  const std::function<void()> bound = kernel.bind(views, {.threads = 1});
  const double checked = least_ns(rounds, [&] { kernel(views[0], views[1], views[2]); });
  const double once = least_ns(rounds, [&] { bound(); });
  fmt::print("{:<8} {:>16.1f} {:>16.1f}\n", op.name, checked, once);
}

}  // namespace
}  // namespace lathe

int main(int argc, char** argv) {
  CLI::App app("what a call costs beside the work");
  int rounds = 50;
  app.add_option("--rounds", rounds)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    fmt::print("{:<8} {:>16} {:>16}\n", "kernel", "all checks, ns", "bound, ns");
    for (const lathe::Case& one : lathe::cases) lathe::measure_case(one, rounds);
    return 0;
  } catch (const lathe::Error& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
}
