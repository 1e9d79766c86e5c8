// Searches that start from the plain nest: how near they come to the constructed schedule, which they are not told.
#include <fmt/core.h>

#include "bench/tuner/search.h"
#include "tools/choice.h"

namespace lathe::bench {

namespace {

constexpr double kNear = 0.9;  // of the constructed schedule's speed

}  // namespace

bool bench_plain(const TunerOptions& options) {
  fmt::print("plain: searches of at most {:.0f} s from the plain nest\n", options.plain_seconds);
  fmt::print("{:<26} {:<40} {:>12} {:>12} {:>8} {:>7} {:>12}  ended\n", "operator", "sizes", "plain us", "tuned us",
             "gain", "trials", "constructed/");
  const TemporaryFolder folder;
  int far = 0, all = 0;
  for (const Case& which : cases_of("plain.txt", options)) {
    tuner::TuneOptions tuning = tune_options(which, options.plain_seconds, options.seed);
    tuning.first_form = "plain";
    const auto store = tuner::open_store(folder.path(fmt::format("{}.sqlite", all++)), tuner::StoreUse::write);
    const tuner::Tuned tuned = search(which, tuning, *store).tuned;
    CompileOptions compiling;
    compiling.target = host_target();
    const double ratio = time_ratio(which, constructed_schedule(which.op, compiling), tuned.schedule);
    far += ratio < kNear;
    fmt::print("{:<26} {:<40} {:>12.2f} {:>12.2f} {:>8.2f} {:>7} {:>12.3f}  {}\n", which.name,
               tools::size_text(which.op, which.sizes), tuned.constructed_us, tuned.us, tuned.speedup,
               tuned.last.trials, ratio, tuned.ended);
    std::fflush(stdout);
  }
  fmt::print("from the plain nest to 0.9 of the constructed schedule: {} of {}: {}\n", all - far, all, held(far == 0));
  return far == 0;
}

}  // namespace lathe::bench
