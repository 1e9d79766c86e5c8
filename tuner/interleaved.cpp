#include "tuner/interleaved.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace lathe::tuner {

namespace {

constexpr double kSampleUs = 60;  // a thousand times the clock's own resolution
constexpr double kWarmUs = 1000;
constexpr double kLongUs = 4000;  // fills its caches within a small part of its time
constexpr size_t kLeastRounds = 7, kMostRounds = 60, kRoundsOfSlow = 3, kRoundsOfLong = 5;
constexpr double kSettled = 0.01;    // standard error of a median ...
constexpr double kClear = 0.02;      // ... that says clearly that there is a gain
constexpr double kCertain = 3;       // standard errors from 1 at which a ratio is certainly below it
constexpr double kDisturbed = 1.25;  // times the median of the first call
constexpr int kMostDisturbed = 30;
constexpr double kNoisy = 0.03;     // error of a ratio that decides nothing ...
constexpr double kBeyondDoubt = 5;  // ... unless the ratio is so many errors, and what disturbs, away from 1

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// The standard error of the median of samples that lie close to each other, whatever their distribution far out.
double error_of_median(std::vector<double> samples) {
  if (samples.empty()) return 1;
  std::sort(samples.begin(), samples.end());
  const double spread = samples[samples.size() * 3 / 4] - samples[samples.size() / 4];
  return spread / std::sqrt(static_cast<double>(samples.size())) / median(samples);
}

struct Timed {
  const std::function<void()>* call;
  int64_t batch = 1;
  bool slow = false;
  std::vector<double> samples, ratios;

  void warm() {
    double once = time_us(*call);
    for (double spent = once; spent < kWarmUs; spent += once) once = time_us(*call);
    batch = static_cast<int64_t>(std::clamp(std::ceil(kSampleUs / std::max(once, 0.01)), 1.0, 1e5));
  }
  bool left_out() const { return slow && samples.size() >= kRoundsOfSlow; }
  bool settled(bool gains) const {
    if (slow) return samples.size() >= kRoundsOfSlow;
    const bool few = gains && !samples.empty() && samples.back() > kLongUs;
    if (samples.size() < (few ? kRoundsOfLong : kLeastRounds)) return false;
    const double error = error_of_median(ratios), ratio = median(ratios);
    const bool loses = ratio * (1 + kCertain * error) < 1, wins = ratio * (1 - kCertain * error) > 1;
    return error < kSettled || (gains && (loses || (wins && error < kClear)));
  }
  double sample() const {
    if (batch > 1 || samples.empty() || samples.back() < kLongUs) (*call)();  // brings its caches back
    return time_us(*call, batch) / static_cast<double>(batch);
  }
};

// One round; false where it was disturbed.
bool take_round(std::vector<Timed>& all) {
  std::vector<double> taken;
  for (const Timed& t : all) taken.push_back(t.left_out() ? 0 : t.sample());
  const std::vector<double>& first = all[0].samples;
  if (first.size() >= kLeastRounds && taken[0] > kDisturbed * median(first)) return false;
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].left_out()) continue;
    all[i].samples.push_back(taken[i]);
    all[i].ratios.push_back(taken[0] / taken[i]);
  }
  return true;
}

}  // namespace

double time_us(const std::function<void()>& call, int64_t count) {
  auto begin = Clock::now();
  for (int64_t i = 0; i < count; i++) call();
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  size_t middle = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(middle), values.end());
  double upper = values[middle];
  if (values.size() % 2 == 1) return upper;
  return (upper + *std::max_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(middle))) / 2;
}

bool is_noisy(double ratio, double error, int rounds, int disturbed) {
  if (error <= kNoisy && disturbed <= rounds) return false;
  return std::fabs(std::log(std::max(ratio, 1e-9))) < std::max(kBeyondDoubt * error, std::log(kDisturbed));
}

Interleaved interleaved(const std::vector<std::function<void()>>& calls, const InterleavedOptions& options) {
  const Clock::time_point start = Clock::now();
  std::vector<Timed> all;
  for (const auto& call : calls) {
    all.push_back({&call, 1, false, {}, {}});
    all.back().warm();
  }
  Interleaved result;
  bool settled = false;
  while (!settled && result.rounds < static_cast<int>(kMostRounds) && result.disturbed < kMostDisturbed) {
    ++(take_round(all) ? result.rounds : result.disturbed);
    settled = true;
    for (Timed& t : all) {
      t.slow = median(t.ratios) < 1 / options.slow;
      settled = settled && t.settled(options.gains);
    }
    if (since(start) > options.seconds && result.rounds >= static_cast<int>(kRoundsOfSlow)) break;
  }
  for (Timed& t : all) {
    result.us.push_back(median(t.samples));
    result.ratio.push_back(median(t.ratios));
    result.error.push_back(error_of_median(t.ratios));
    result.samples.push_back(std::move(t.samples));
  }
  return result;
}

}  // namespace lathe::tuner
