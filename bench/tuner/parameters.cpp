// How many candidates a second a search can try that differ in parameters alone, each ranked, checked and timed as in a
// search.
#include <fmt/core.h>

#include <chrono>

#include "bench/tuner/search.h"
#include "tools/choice.h"

namespace lathe::bench {

namespace {

constexpr double kShortUs = 100;   // kernels that the requirement is about
constexpr double kLeastRate = 50;  // candidates a second
constexpr double kSeconds = 3;

using Clock = std::chrono::steady_clock;

// Every value of every parameter of the constructed schedule, one parameter after the other, in the steps of its range.
std::vector<tuner::Candidate> with_other_parameters(const tuner::Space& space) {
  std::vector<tuner::Candidate> all;
  for (const Decision& d : space.candidate({}).decisions) {
    if (d.name.rfind("param.", 0) != 0) continue;
    for (int64_t value = d.lowest; value <= d.highest; ++value) {
      if (std::to_string(value) != d.usual) all.push_back(space.candidate({{d.name, std::to_string(value)}}));
      if (all.size() > 2000) break;
    }
  }
  return all;
}

}  // namespace

bool bench_parameters(const TunerOptions& options) {
  fmt::print("parameters: candidates that share a compilation, each ranked, checked and timed\n");
  fmt::print("{:<26} {:<40} {:>12} {:>12}\n", "operator", "sizes", "us", "a second");
  int slow = 0, all = 0;
  for (const Case& which : cases_of("parameters.txt", options)) {
    const tuner::TuneOptions tuning = tune_options(which, 0, options.seed);
    const tuner::Space space(which.op, tuning.target, 1, {}, which.sizes);
    const auto machine =
        tuner::worker_measurer(tuner::problem_of(which.op, which.sizes, 1, tuning.target), tuning.measure);
    const tuner::Candidate first = space.candidate({});
    const auto alone = machine->measure(first, 600);
    const std::vector<tuner::Candidate> others = with_other_parameters(space);
    if (!alone || others.empty() || alone->us > kShortUs) {
      fmt::print("{:<26} {:<40} {:>12.2f} no parameters, or too slow\n", which.name,
                 tools::size_text(which.op, which.sizes), alone ? alone->us : 0);
      continue;
    }
    machine->accept(first);
    const Clock::time_point start = Clock::now();
    double taken = 0;
    size_t tried = 0;
    for (; taken < kSeconds && tried < others.size(); ++tried) {
      bool refused = false;
      machine->rank(others[tried], 600, &refused);
      machine->measure(others[tried], 600);
      taken = std::chrono::duration<double>(Clock::now() - start).count();
    }
    const double rate = static_cast<double>(tried) / taken;
    ++all, slow += rate < kLeastRate;
    fmt::print("{:<26} {:<40} {:>12.2f} {:>12.0f}\n", which.name, tools::size_text(which.op, which.sizes), alone->us,
               rate);
    std::fflush(stdout);
  }
  fmt::print("at least {:.0f} a second for kernels under {:.0f} us: {} of {}: {}\n", kLeastRate, kShortUs, all - slow,
             all, held(all > 0 && slow == 0));
  return all > 0 && slow == 0;
}

}  // namespace lathe::bench
