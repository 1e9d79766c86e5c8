// What records are worth at sizes that nobody measured: `compile` takes those of the nearest sizes, re-based and ranked
// by the model, and what it takes is timed beside what a search at these very sizes finds.
#include <fmt/core.h>

#include <fstream>
#include <sstream>

#include "bench/tuner/search.h"
#include "tools/choice.h"
#include "tuner/tuned.h"

namespace lathe::bench {

namespace {

constexpr double kNear = 0.95;

struct Listed {
  std::string file, op;
};

std::vector<Listed> listed() {
  std::vector<Listed> all;
  std::ifstream in(LATHE_SOURCE_DIR "/bench/tuner/records.txt");
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    if (Listed one; words >> one.file >> one.op) all.push_back(one);
  }
  return all;
}

// The first schedule that `compile` would take.
Schedule taken(const Case& which, const KnownSchedules& known) {
  CompileOptions options;
  options.target = host_target();
  for (const Schedule& schedule : known.schedules_for(which.op, host_target(), which.sizes)) {
    options.schedule = schedule;
    try {
      compile(which.op, options);
      return schedule;
    } catch (const Error& error) {
      if (kind_of(error.code()) != ErrorKind::user) throw;
    }
  }
  options.schedule = std::nullopt;
  return constructed_schedule(which.op, options);
}

bool bench_operator(const Listed& which, const TunerOptions& options) {
  std::vector<Case> cases =
      library_cases({LATHE_SOURCE_DIR "/" + which.file}, options.seed, options.records + options.unseen);
  std::erase_if(cases, [&](const Case& c) { return c.op.name != which.op; });
  const TemporaryFolder folder;
  const auto store = tuner::open_store(folder.path("records.sqlite"), tuner::StoreUse::write);
  std::vector<double> gains, to_tuned, constructed_to_tuned;
  for (size_t i = 0; i < cases.size(); ++i) try {
      const Case& one = cases[i];
      if (i < static_cast<size_t>(options.records)) {
        gains.push_back(search(one, tune_options(one, options.seconds, options.seed), *store).tuned.speedup);
        fmt::print("{:<26} {:<40} record, gain {:.3f}\n", one.name, tools::size_text(one.op, one.sizes), gains.back());
      } else {
        const auto own_store = tuner::open_store(folder.path(fmt::format("{}.sqlite", i)), tuner::StoreUse::write);
        const tuner::Tuned own = search(one, tune_options(one, options.unseen_seconds, options.seed), *own_store).tuned;
        const double ratio = time_ratio(one, own.schedule, taken(one, *tuner::tuned_schedules(*store)));
        if (ratio > 0) to_tuned.push_back(ratio), constructed_to_tuned.push_back(1 / own.speedup);
        fmt::print("{:<26} {:<40} own gain {:.3f}, from records {:.3f} of its speed\n", one.name,
                   tools::size_text(one.op, one.sizes), own.speedup, ratio);
      }
      std::fflush(stdout);
    } catch (const Error& error) {  // such as no time, on a machine that others use
      if (error.code() != ErrorCode::no_measurement) throw;
      fmt::print("{:<26} {}\n", cases[i].name, error.what());
    }
  const double mean = geometric_mean(to_tuned);
  fmt::print(
      "{}: {} records (mean gain {:.3f}); {} unseen sizes at {:.3f} of their own tuned speed (constructed: {:.3f}), "
      "the worst tenth below "
      "{:.3f}; at least 0.95: {}\n",
      which.op, gains.size(), geometric_mean(gains), to_tuned.size(), mean, geometric_mean(constructed_to_tuned),
      quantile(to_tuned, 0.1), held(mean >= kNear));
  return mean >= kNear;
}

}  // namespace

bool bench_records(const TunerOptions& options) {
  fmt::print(
      "records: searches of {:.0f} s at {} sizes, then {} sizes that they are used for, each beside a search of {:.0f} "
      "s of its own\n",
      options.seconds, options.records, options.unseen, options.unseen_seconds);
  bool good = true;
  for (const Listed& which : listed()) good = bench_operator(which, options) && good;
  return good;
}

}  // namespace lathe::bench
