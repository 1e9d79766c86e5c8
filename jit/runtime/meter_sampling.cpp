// Samples and threads of the meter.
#include "jit/runtime/meter_sampling.h"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cmath>
#include <thread>
#include <vector>

namespace lathe {
namespace {

// Iterations that take about this long, from a short trial that also warms the loop up.
template <class Run>
int64_t iterations_for(double microseconds, int64_t trial, const Run& run) {
  run(1);
  double start = now_ns();
  run(trial);
  double each = std::max(0.1, (now_ns() - start) / static_cast<double>(trial));
  return std::max<int64_t>(trial, static_cast<int64_t>(microseconds * 1000 / each));
}

double time_of(const std::function<void(int64_t)>& run, int64_t iterations) {
  double start = now_ns();
  run(iterations);
  return now_ns() - start;
}

double clock_of(int64_t iterations) {
  double ns = time_of([](int64_t n) { run_dependent_additions(n); }, iterations);
  return static_cast<double>(iterations * additions_per_iteration) / ns;
}

}  // namespace

double now_ns() {
  using namespace std::chrono;
  return static_cast<double>(duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count());
}

double sample_clock_ghz(double microseconds) {
  return clock_of(iterations_for(microseconds, 20, [](int64_t n) { run_dependent_additions(n); }));
}

double sample_rate(MeterLoop loop, double microseconds) {
  MeterData data;
  auto run = [&](int64_t n) { loop(n, &data); };
  int64_t iterations = iterations_for(microseconds, 20, run);
  return static_cast<double>(iterations * instructions_per_iteration) / time_of(run, iterations);
}

RateAgainstClock sample_against_clock(MeterLoop loop, int samples, double clock_microseconds,
                                      double rate_microseconds) {
  MeterData data;
  auto run = [&](int64_t n) { loop(n, &data); };
  int64_t clock_iterations = iterations_for(clock_microseconds, 20, [](int64_t n) { run_dependent_additions(n); });
  int64_t iterations = iterations_for(rate_microseconds, 20, run);
  RateAgainstClock best, any;
  double before = clock_of(clock_iterations);
  for (int i = 0; i < samples; ++i) {
    double rate = static_cast<double>(iterations * instructions_per_iteration) / time_of(run, iterations);
    double after = clock_of(clock_iterations);
    RateAgainstClock pair{(before + after) / 2, rate};
    if (std::abs(before - after) < 0.02 * after && rate > best.rate) best = pair;
    any = {std::max(any.clock_ghz, after), std::max(any.rate, rate)};
    before = after;
  }
  return best.rate > 0 ? best : any;
}

double nearest_per_cycle(double measured) {
  if (measured <= 0) return 0;
  if (measured >= 0.75) return std::round(2 * measured) / 2;
  return 1 / std::round(1 / measured);
}

double best_sum(int threads, int samples, const std::function<double(int)>& sample) {
  threads = std::max(1, threads);
  std::vector<double> rates(static_cast<size_t>(threads));
  double best = 0;
  auto add_up = [&]() noexcept {
    double sum = 0;
    for (double rate : rates) sum += rate;
    best = std::max(best, sum);
  };
  std::barrier start(threads);
  std::barrier finish(threads, add_up);
  auto work = [&](int thread) {
    for (int i = 0; i < samples; ++i) {
      start.arrive_and_wait();
      rates[static_cast<size_t>(thread)] = sample(thread);
      finish.arrive_and_wait();
    }
  };
  std::vector<std::thread> workers;
  for (int t = 1; t < threads; ++t) workers.emplace_back(work, t);
  work(0);
  for (std::thread& worker : workers) worker.join();
  return best;
}

}  // namespace lathe
