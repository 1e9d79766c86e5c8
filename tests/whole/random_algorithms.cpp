// Random algorithms: each reads back from what it prints, and its plain nest and its constructed schedule compute what the
// interpreter does.
// LATHE_FUZZ_SEED chooses other draws than the fixed ones, LATHE_FUZZ_COUNT how many.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cstdlib>
#include <sstream>

#include "jit/compile.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "tests/fuzz/random_algorithm.h"
#include "tests/fuzz/trial.h"

namespace lathe {
namespace {

constexpr double most_work = 3'000;                         // terms of one comparison

int64_t number_from(const char* variable, int64_t otherwise) {
  const char* text = std::getenv(variable);
  return text && *text ? std::strtoll(text, nullptr, 10) : otherwise;
}

// Calls with each seed from the first on.
template <class Action>
void for_seeds(int64_t first, int64_t count, const Action& action) {
  first = number_from("LATHE_FUZZ_SEED", first);
  count = number_from("LATHE_FUZZ_COUNT", count);
  for (int64_t seed = first; seed < first + count; ++seed) action(static_cast<uint64_t>(seed));
}

// An algorithm whose smallest sizes are not too many terms already.
Operator small_algorithm(Random& random) {
  while (true) {
    Operator op = with_static_params(legal_random_algorithm(random), {});
    if (terms_at(op, random_sizes(op, random, 1)) <= most_work) return op;
  }
}

// What stands below the header of a printed schedule.
std::vector<std::string> lines_of(const Schedule& schedule) {
  std::istringstream text(print(schedule));
  std::vector<std::string> lines;
  std::string line;
  std::getline(text, line);
  while (std::getline(text, line)) lines.push_back(line);
  return lines;
}

enum class Nest { plain, constructed };

Trial trial_of(uint64_t seed, const Target& target, Nest nest) {
  Random random(seed);
  Trial trial{small_algorithm(random), {}, target, {}, seed};
  if (nest == Nest::constructed) trial.schedule.lines = lines_of(constructed_schedule(trial.op, {.target = target}));
  for (int i = 0; i < 2; ++i) {
    TrialRun r;
    r.sizes = random_sizes(trial.op, random, most_work);
    r.check.seed = seed * 8 + static_cast<uint64_t>(i);
    r.check.exact = random.chance(70);
    r.check.strides = static_cast<CheckStrides>(random.below(3));
    r.check.max_points = 200;
    trial.runs.push_back(r);
  }
  return trial;
}

void check_nests(Nest nest, int64_t first, int64_t count) {
  std::vector<Target> targets;
  for (const char* name : {"x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
    if (std::optional<Target> target = target_to_test(name)) targets.push_back(*target);
  }
  int64_t skipped = 0, refused = 0, wrong = 0, trials = 0;
  for_seeds(first, count, [&](uint64_t seed) {
    Trial trial = trial_of(seed, targets[seed % targets.size()], nest);
    const Verdict verdict = run(trial);
    ++trials;
    skipped += verdict.skipped;
    refused += verdict.outcome == Outcome::refused;         // such as a read of an output outside of its extents
    if (verdict.outcome != Outcome::wrong || ++wrong > 5) return;
    trial = shrunk(std::move(trial), verdict.outcome);
    FAIL_CHECK(fmt::format("LATHE_FUZZ_SEED={} LATHE_FUZZ_COUNT=1\n{}{}", seed, trial.describe(), run(trial).message));
  });
  CHECK(refused * 5 <= trials + 4);
  CHECK(skipped <= 2 * trials / 3 + 2);                     // of two runs each
}

}  // namespace

TEST_CASE("random algorithms read back from what they print") {
  for_seeds(1, 2000, [](uint64_t seed) {
    Random random(seed);
    const Operator op = legal_random_algorithm(random);
    const std::string text = print(op);
    try {
      const Operator back = parse_file_text(text, "random.lathe").operators.at(0);
      CHECK_MESSAGE(back == op, fmt::format("seed {}\n{}\nbecame\n{}", seed, text, print(back)));
      CHECK_MESSAGE(print(back) == text, fmt::format("seed {}\n{}", seed, text));
    } catch (const Error& error) {
      FAIL_CHECK(fmt::format("seed {}\n{}{}", seed, text, error.what()));
    }
  });
}

TEST_CASE("plain nests of random algorithms compute what the interpreter does, first block") {
  check_nests(Nest::plain, 1, 150);
}
TEST_CASE("plain nests of random algorithms compute what the interpreter does, second block") {
  check_nests(Nest::plain, 151, 150);
}
TEST_CASE("constructed schedules of random algorithms compute what the interpreter does, first block") {
  check_nests(Nest::constructed, 301, 75);
}
TEST_CASE("constructed schedules of random algorithms compute what the interpreter does, second block") {
  check_nests(Nest::constructed, 376, 75);
}

}  // namespace lathe
