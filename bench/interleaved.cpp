#include "bench/interleaved.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "tools/measure.h"

namespace lathe::bench {

namespace {

constexpr double kSampleUs = 60;  // a thousand times the clock's own resolution
constexpr double kWarmUs = 1000;
constexpr double kLongUs = 10'000;  // fills its caches within a small part of its time
constexpr size_t kLeastRounds = 7, kMostRounds = 60, kRoundsOfSlow = 3;
constexpr double kSlow = 3;        // times the first call
constexpr double kSettled = 0.01;  // standard error of a median

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// The standard error of the median of samples that lie close to each other, whatever their distribution far out.
double error_of_median(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const double spread = samples[samples.size() * 3 / 4] - samples[samples.size() / 4];
  return spread / std::sqrt(static_cast<double>(samples.size())) / tools::median(samples);
}

struct Timed {
  const std::function<void()>* call;
  int64_t batch = 1;
  bool slow = false;
  std::vector<double> samples, ratios;

  void warm() {
    double once = tools::time_us(*call);
    for (double spent = once; spent < kWarmUs; spent += once) once = tools::time_us(*call);
    batch = static_cast<int64_t>(std::clamp(std::ceil(kSampleUs / std::max(once, 0.01)), 1.0, 1e5));
  }
  bool settled() const {
    if (slow) return samples.size() >= kRoundsOfSlow;
    return samples.size() >= kLeastRounds && error_of_median(ratios) < kSettled;
  }
};

}  // namespace

Interleaved interleaved(const std::vector<std::function<void()>>& calls, double seconds) {
  const Clock::time_point start = Clock::now();
  std::vector<Timed> all;
  for (const auto& call : calls) {
    all.push_back({&call, 1, false, {}, {}});
    all.back().warm();
  }
  size_t round = 0;
  for (bool settled = false; !settled && round < kMostRounds; ++round) {
    settled = true;
    for (Timed& t : all) {
      if (t.slow && t.samples.size() >= kRoundsOfSlow) continue;
      if (t.batch > 1 || t.samples.empty() || t.samples.back() < kLongUs) (*t.call)();  // brings its caches back
      t.samples.push_back(tools::time_us(*t.call, t.batch) / static_cast<double>(t.batch));
      t.ratios.push_back(all[0].samples.back() / t.samples.back());
      t.slow = tools::median(t.ratios) < 1 / kSlow;
      settled = settled && t.settled();
    }
    if (since(start) > seconds && round + 1 >= kRoundsOfSlow) break;
  }
  Interleaved result;
  result.rounds = static_cast<int>(round);
  for (const Timed& t : all) {
    result.us.push_back(tools::median(t.samples));
    result.ratio.push_back(tools::median(t.ratios));
  }
  return result;
}

}  // namespace lathe::bench
