// Every operator of stdlib/ and examples/, with the file's schedule for the target, with the constructed one, as the
// plain nest and in the code that runs first, computes what the interpreter does, in both modes of the oracle. Small
// sizes; `lathe check` takes the larger ones too.
#include "tests/whole/library.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <limits>

#include "jit/compile.h"
#include "lang/needed_regions.h"
#include "lang/program.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "tests/fuzz/trial.h"
#include "tests/whole/held_background.h"

namespace lathe {
namespace {

constexpr double most_work = 50'000;                        // terms of one comparison: a few milliseconds

double work_at(const Operator& op, const std::map<std::string, int64_t>& sizes) {
  Bindings bindings;
  bindings.sizes = sizes;
  return needed_regions(op, constants_of(op, bindings)).work;
}

void check_kernel(const Kernel& kernel, const Operator& op, const std::string& label,
                  const std::vector<std::map<std::string, int64_t>>& all_sizes) {
  int64_t compared = 0;
  uint64_t seed = 1;
  for (const auto& sizes : all_sizes) {
    for (bool exact : {true, false}) {
      const CheckOptions check{.seed = seed, .exact = exact, .max_points = 200,
                               .strides = static_cast<CheckStrides>(seed % 3)};
      ++seed;
      const CheckData data = make_check_data(op, sizes, check);
      if (exact && !exact_mode_applies(op, data.bindings)) continue;
      kernel.run(data.bindings.tensors, {.threads = 2}, data.bindings.params);
      const CheckReport report = compare(op, data, check);
      CHECK_MESSAGE(report.good, fmt::format("{}, {}, seed {}: {}", label, exact ? "exact" : "bounded", check.seed,
                                             report.first_difference));
      compared += report.compared;
    }
  }
  CHECK_MESSAGE(compared > 0, fmt::format("{}: nothing was compared", label));
}

void check_operator(const SourceFile& file, const Operator& op, const Target& target) {
  const Operator fixed = with_static_params(op, {});
  std::vector<std::map<std::string, int64_t>> sizes;
  std::map<std::string, int64_t> cheapest;
  double least = std::numeric_limits<double>::infinity();
  for (auto& candidate : default_check_sizes(fixed)) {
    const double work = work_at(fixed, candidate);
    if (work > 0 && work < least) least = work, cheapest = candidate;
    if (work <= most_work) sizes.push_back(std::move(candidate));
  }
  if (least > most_work) sizes.push_back(cheapest);         // something has to be computed
  const auto try_with = [&](const std::optional<Schedule>& schedule, const char* kind, Wait wait = Wait::all) {
    const std::string label = fmt::format("{} on {}, {} schedule", op.name, target.name, kind);
    const Cache cache = wait == Wait::first ? Cache::none : Cache::disk;
    try {
      check_kernel(compile(op, {.schedule = schedule, .target = target, .wait = wait, .cache = cache}), fixed, label,
                   sizes);
    } catch (const Error& error) {
      FAIL_CHECK(fmt::format("{}: {}", label, error.what()));
    }
  };
  try_with(plain_nest(op), "no");
  {
    std::promise<void> open = hold_background();
    try_with({}, "not yet a", Wait::first);
    open.set_value();
  }
  try_with({}, "a constructed");
  const Schedule constructed = constructed_schedule(op, {.target = target});
  const std::string text = print(op) + "\n" + print(constructed);
  CHECK_MESSAGE(schedule_for(parse_file_text(text, "constructed.lathe"), op, target.level) == constructed, text);
  if (const auto schedule = schedule_for(file, op, target.level)) try_with(schedule, "its own");
}

// Every second file, so that the halves run side by side.
void check_library_on(const std::string& target_name, size_t first) {
  const std::optional<Target> target = target_to_test(target_name);
  if (!target) return;
  const std::vector<std::string> paths = library_files();
  for (size_t i = first; i < paths.size(); i += 2) {
    const SourceFile file = read_lathe_file(paths[i]);
    for (const Operator& op : file.operators) check_operator(file, op, *target);
  }
}

}  // namespace

TEST_CASE("each operator of the library computes its definition on x86-64-v2, one half") { check_library_on("x86-64-v2", 0); }
TEST_CASE("each operator of the library computes its definition on x86-64-v2, other half") { check_library_on("x86-64-v2", 1); }
TEST_CASE("each operator of the library computes its definition on x86-64-v3, one half") { check_library_on("x86-64-v3", 0); }
TEST_CASE("each operator of the library computes its definition on x86-64-v3, other half") { check_library_on("x86-64-v3", 1); }
TEST_CASE("each operator of the library computes its definition on x86-64-v4, one half") { check_library_on("x86-64-v4", 0); }
TEST_CASE("each operator of the library computes its definition on x86-64-v4, other half") { check_library_on("x86-64-v4", 1); }

TEST_CASE("each operator of the library reads back from what it prints") {
  for (const std::string& path : library_files()) {
    for (const Operator& op : read_lathe_file(path).operators) {
      const std::string text = print(op);
      CHECK_MESSAGE(parse_file_text(text, path).operators.at(0) == op, text);
    }
  }
}

}  // namespace lathe
