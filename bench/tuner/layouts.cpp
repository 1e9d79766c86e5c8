// What layouts are worth. One search leaves all arguments as the caller has them; a second, which starts from what the
// first found, may give each another layout, whose conversion is part of every call. Beside them stands the best
// schedule of both that stores everything row after row: no argument, no copy and no intermediate in another layout.
#include <fmt/core.h>

#include "bench/tuner/search.h"
#include "schedules/text.h"
#include "tools/choice.h"
#include "tuner/executed.h"
#include "tuner/one_variant.h"

namespace lathe::bench {

namespace {

constexpr double kWins = 1.02;
constexpr int kKinds = 3;

Schedule schedule_of(const tuner::Trial& t, const Case& which) {
  return parse_schedule({t.schedule, {"trial", 1}}, which.op);
}

// Nothing that a call at these sizes runs has a layout.
bool is_row_major(const tuner::Trial& t, const Case& which) {
  const Schedule schedule = schedule_of(t, which);
  const size_t variant = tuner::variant_taken(schedule, host_target(), tuner::scalars_of(which.op, which.sizes));
  return print(tuner::one_variant(schedule, variant)).find(".layout(") == std::string::npos;
}

// The fastest good trial that is row-major, or is not.
const tuner::Trial* best_of(const std::vector<tuner::Trial>& trials, const Case& which, bool row_major) {
  const tuner::Trial* best = nullptr;
  for (const tuner::Trial& t : trials) {
    if (t.outcome != tuner::Outcome::good || is_row_major(t, which) != row_major) continue;
    if (!best || t.speedup > best->speedup) best = &t;
  }
  return best;
}

}  // namespace

bool bench_layouts(const TunerOptions& options) {
  fmt::print("layouts: searches of {:.0f} s with arguments as they are, then as long with all of them free\n",
             options.seconds);
  fmt::print("{:<26} {:<40} {:>12} {:>12} {:>12} {:>12}  layouts of the fastest\n", "operator", "sizes", "row-major us",
             "copies us", "free us", "row-major/");
  const TemporaryFolder folder;
  std::set<std::string> kinds;
  int number = 0;
  for (const Case& which : cases_of("layouts.txt", options)) try {
      const auto store = tuner::open_store(folder.path(fmt::format("{}.sqlite", number++)), tuner::StoreUse::write);
      const Found as_they_are = search(which, tune_options(which, options.seconds, options.seed), *store);
      tuner::TuneOptions tuning = tune_options(which, options.seconds, options.seed);
      for (const TensorArgument& t : tensor_arguments(which.op))
        tuning.measure.layouts[t.name] = tuner::LayoutRight::free;
      const Found free = search(which, tuning, *store);
      const tuner::Trial* const row_major = best_of(as_they_are.trials, which, true);
      const tuner::Trial* const copies = best_of(as_they_are.trials, which, false);
      const tuner::Trial* const declared = best_of(free.trials, which, false);
      const tuner::Trial* fastest = copies;
      if (declared && (!fastest || declared->us < fastest->us)) fastest = declared;
      double ratio = 0;
      if (row_major && fastest) {
        ratio = time_ratio(which, schedule_of(*row_major, which), schedule_of(*fastest, which), tuning.measure.layouts);
        if (ratio >= kWins) kinds.insert(which.op.name);
      }
      const auto us = [](const tuner::Trial* t) { return t ? fmt::format("{:.2f}", t->us) : std::string("-"); };
      fmt::print("{:<26} {:<40} {:>12} {:>12} {:>12} {:>12.3f}  {}\n", which.name,
                 tools::size_text(which.op, which.sizes), us(row_major), us(copies), us(declared), ratio,
                 fastest ? fastest->trace : "");
      std::fflush(stdout);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::no_measurement) throw;
      fmt::print("{:<26} {}\n", which.name, error.what());
    }
  fmt::print("a layout beats the best row-major schedule on at least {} kinds of operator: {}: {}\n", kKinds,
             kinds.size(), held(kinds.size() >= kKinds));
  return kinds.size() >= kKinds;
}

}  // namespace lathe::bench
