// What layouts are worth, by three searches of the same time. In the first all is row-major: no argument, no copy and
// no intermediate in another layout. The second may lay out what it copies, arguments stay as the caller has them. The
// third may also give declared arguments a layout: a constant is converted before the time is taken, a free one at each
// call.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "bench/tuner/search.h"
#include "schedules/text.h"
#include "tools/choice.h"

namespace lathe::bench {

namespace {

constexpr double kWins = 1.02;
constexpr int kKinds = 3;

Schedule schedule_of(const tuner::Trial& t, const Case& which) {
  return parse_schedule({t.schedule, {"trial", 1}}, which.op);
}

const tuner::Trial* best_of(const std::vector<tuner::Trial>& trials) {
  const tuner::Trial* best = nullptr;
  for (const tuner::Trial& t : trials) {
    if (t.outcome == tuner::Outcome::good && (!best || t.speedup > best->speedup)) best = &t;
  }
  return best;
}

tuner::Layouts layouts_of(const Case& which) {
  tuner::Layouts layouts;
  for (const auto& [argument, mark] : which.marks)
    layouts[argument] = mark == "free" ? tuner::LayoutRight::free : tuner::LayoutRight::constant;
  return layouts;
}

struct Row {
  std::vector<tuner::Trial> row_major, copies, declared;
  double against_row_major = 0, against_copies = 0;  // time of the best of these / that of the best with layouts
};

// The trials of a search that is measured without what the others found.
std::vector<tuner::Trial> trials_of(const Case& which, const TunerOptions& options, const tuner::Layouts& layouts,
                                    Trace fixed) {
  const TemporaryFolder folder;
  const auto store = tuner::open_store(folder.path("trials.sqlite"), tuner::StoreUse::write);
  tuner::TuneOptions tuning = tune_options(which, options.seconds, options.seed);
  tuning.measure.layouts = layouts;
  tuning.fixed = std::move(fixed);
  return search(which, tuning, *store).trials;
}

Row row_of(const Case& which, const TunerOptions& options) {
  const tuner::Layouts layouts = layouts_of(which);
  Row row{trials_of(which, options, {}, {{"layouts", "no"}}), trials_of(which, options, {}, {}),
          trials_of(which, options, layouts, {}), 0, 0};
  const tuner::Trial* const plain = best_of(row.row_major);
  const tuner::Trial* const copies = best_of(row.copies);
  const tuner::Trial* const declared = best_of(row.declared);
  const auto ratio = [&](const tuner::Trial* first, const tuner::Trial* second) {
    return first && second ? time_ratio(which, schedule_of(*first, which), schedule_of(*second, which), layouts) : 0;
  };
  row.against_copies = ratio(copies, declared);
  row.against_row_major = ratio(plain, row.against_copies > 1 ? declared : copies);
  return row;
}

}  // namespace

bool bench_layouts(const TunerOptions& options) {
  fmt::print("layouts: searches of {:.0f} s each; ratios of the best of two, in turns, in fresh processes\n",
             options.seconds);
  fmt::print("{:<26} {:<40} {:>12} {:>12} {:>12} {:>12} {:>12}  of declared arguments\n", "operator", "sizes",
             "row-major us", "copies us", "declared us", "row-major/", "copies/");
  std::set<std::string> kinds, of_arguments;
  for (const Case& which : cases_of("layouts.txt", options)) try {
      const Row row = row_of(which, options);
      if (row.against_row_major >= kWins) kinds.insert(which.op.name);
      if (row.against_copies >= kWins) of_arguments.insert(which.op.name);
      const auto us = [](const std::vector<tuner::Trial>& trials) {
        const tuner::Trial* const best = best_of(trials);
        return best ? fmt::format("{:.2f}", best->us) : std::string("-");
      };
      const tuner::Trial* const declared = best_of(row.declared);
      fmt::print("{:<26} {:<40} {:>12} {:>12} {:>12} {:>12.3f} {:>12.3f}  {}\n", which.name,
                 tools::size_text(which.op, which.sizes), us(row.row_major), us(row.copies), us(row.declared),
                 row.against_row_major, row.against_copies, declared ? declared->trace : "");
      std::fflush(stdout);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::no_measurement) throw;
      fmt::print("{:<26} {}\n", which.name, error.what());
    }
  fmt::print(
      "a layout beats the best row-major schedule on at least {} kinds of operator: {} ({}), of declared arguments {} "
      "({}): {}\n",
      kKinds, kinds.size(), fmt::join(kinds, ", "), of_arguments.size(), fmt::join(of_arguments, ", "),
      held(kinds.size() >= kKinds));
  return kinds.size() >= kKinds;
}

}  // namespace lathe::bench
