// A measurement is a warm-up, then `repetitions` samples. Between them, `meter_rounds` times, the meters run: the
// machine may change its clock or get a busy neighbour within a second, and a fraction of the bound is only worth
// something when both of its parts saw that. After a round of the meters one call is made without timing, to bring
// caches back.
#include "tools/measure.h"

#include <algorithm>
#include <cmath>

namespace lathe::tools {
namespace {

constexpr double shortest_sample_us = 50;  // a thousand times the clock's own resolution
constexpr double warm_up_us = 5000;
constexpr int meter_rounds = 5;
constexpr int64_t smallest_working_set = 4096;

// Readings of the meters, one entry for each round.
struct Rounds {
  std::map<Pipe, std::vector<double>> rates;
  std::vector<double> read, memcpy_, streaming_copy;

  void take(const MeasurePlan& plan) {
    for (Pipe pipe : plan.pipes) rates[pipe].push_back(measure_pipe_rate(pipe, plan.target, plan.threads));
    Bandwidth bandwidth = measure_bandwidth(std::max(plan.working_set_bytes, smallest_working_set), plan.threads);
    read.push_back(bandwidth.read);
    memcpy_.push_back(bandwidth.memcpy_);
    streaming_copy.push_back(bandwidth.streaming_copy);
  }

  MachineRates medians() const {
    MachineRates machine;
    for (const auto& [pipe, values] : rates) machine.instructions_per_ns[pipe] = median(values);
    machine.bandwidth = {.read = median(read), .memcpy_ = median(memcpy_), .streaming_copy = median(streaming_copy)};
    return machine;
  }
};

// Runs the call until it is warm; the time of one.
double warm_up(const std::function<void()>& call) {
  double last = time_us(call);
  for (double spent = 0; spent < warm_up_us; spent += last) last = time_us(call);
  return last;
}

}  // namespace

Measurement measure(const MeasurePlan& plan) {
  Measurement result;
  double once_us = std::max(warm_up(plan.call), 0.01);
  result.batch = static_cast<int>(std::clamp(std::ceil(shortest_sample_us / once_us), 1.0, 1e5));
  Rounds rounds;
  std::vector<double> samples;
  int samples_per_round = (plan.repetitions + meter_rounds - 1) / meter_rounds;
  for (int i = 0; i < plan.repetitions; i++) {
    if (i % samples_per_round == 0) {
      rounds.take(plan);
      plan.call();
    }
    samples.push_back(time_us(plan.call, result.batch) / result.batch);
  }
  result.us_min = *std::min_element(samples.begin(), samples.end());
  result.us_median = median(samples);
  result.machine = rounds.medians();
  return result;
}

}  // namespace lathe::tools
