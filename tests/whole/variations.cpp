// Random legal variations of schedules: whatever a schedule says, results are those of the interpreter. The legal
// schedules come in blocks of a hundred for each width, so that the test runs on several cores. LATHE_FUZZ_SEED chooses
// other draws than the fixed ones, LATHE_FUZZ_COUNT how many; a trial that fails is shrunk and printed.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cstdlib>
#include <functional>
#include <map>

#include "lang/text.h"
#include "schedules/text.h"
#include "tests/fuzz/trial.h"
#include "tests/fuzz/vary_schedule.h"
#include "tests/source_dir.h"

namespace lathe {
namespace {

constexpr double most_work = 12'000;                        // terms of one comparison: about a millisecond
constexpr int64_t per_block = 100;                          // legal schedules

int64_t number_from(const char* variable, int64_t otherwise) {
  const char* text = std::getenv(variable);
  return text && *text ? std::strtoll(text, nullptr, 10) : otherwise;
}

Operator with_random_params(const Operator& op, Random& random) {
  std::map<std::string, int64_t> params;
  for (const ParamDecl& p : op.params) {
    if (p.is_static) params[p.name] = static_cast<int64_t>(p.default_value) + random.below(2);
  }
  return with_static_params(op, params);
}

// With more registers than the machine has, tiles of any size are compiled: what is spilt is slow, not wrong.
constexpr int plenty = 64;

void add_runs(Trial& trial, Random& random) {
  for (int i = 0; i < 4; ++i) {
    TrialRun r;
    r.sizes = random_sizes(trial.op, random, most_work);
    r.check.seed = trial.seed * 8 + static_cast<uint64_t>(i);
    r.check.exact = !random.chance(15);
    r.check.strides = static_cast<CheckStrides>(random.below(3));
    r.check.max_points = 200;
    r.threads = static_cast<int>(random.between(1, 2));
    r.param = random.chance(50) ? random.between(1, 64) : 0;
    trial.runs.push_back(r);
  }
  if (random.chance(50)) {
    trial.target.vector_registers = plenty;
    trial.target.name += fmt::format(" with {} registers", plenty);
  }
}

using Draw = std::function<Trial(const Target& target, uint64_t seed)>;

void show(Trial trial) {
  trial = shrunk(std::move(trial), Outcome::wrong);
  std::string text = fmt::format("LATHE_FUZZ_SEED={} LATHE_FUZZ_COUNT=1\n{}{}", trial.seed, trial.describe(), run(trial).message);
  FAIL_CHECK(text);
}

// Trials from the seed on, until so many schedules were legal.
void try_on(const Target& target, const Draw& draw, int64_t first, int64_t legal) {
  const bool shows_refusals = std::getenv("LATHE_FUZZ_REFUSALS") != nullptr;
  int64_t seed = first, refused = 0, skipped = 0, wrong = 0;
  for (; seed - first - refused < legal && refused < 2 * legal + 10; ++seed) {
    Trial trial = draw(target, static_cast<uint64_t>(seed));
    Verdict verdict = run(trial);
    skipped += verdict.skipped;
    if (verdict.outcome == Outcome::refused) {
      ++refused;
      if (shows_refusals) fmt::print("seed {}: {}\n{}\n", seed, verdict.message, trial.schedule.text(trial.op.name));
    }
    if (verdict.outcome == Outcome::wrong && ++wrong <= 5) show(std::move(trial));      // five are enough to look at
  }
  fmt::print("{}: seeds {} to {}, {} refused, {} runs at sizes that the operator refuses\n", target.name, first, seed - 1,
             refused, skipped);
  CHECK(wrong == 0);
  CHECK(seed - first - refused == legal);
  CHECK(skipped <= legal);
}

void try_block(int block, const Draw& draw) {
  const bool chosen = std::getenv("LATHE_FUZZ_SEED") != nullptr;
  if (chosen && block > 0) return;
  for (const char* name : {"x86-64-v3", "x86-64-v4"}) {
    if (std::optional<Target> target = target_to_test(name)) {
      try_on(*target, draw, number_from("LATHE_FUZZ_SEED", 1000 * block + 1), number_from("LATHE_FUZZ_COUNT", per_block));
    }
  }
}

// A schedule drawn from nothing, of an operator of the collection.
Trial invented(const Target& target, uint64_t seed) {
  static const std::vector<Operator> operators = read_lathe_file(source_dir() + "/tests/fuzz/operators.lathe").operators;
  Random random(seed);
  Trial trial{with_random_params(random.pick(operators), random), {}, target, {}, seed};
  trial.schedule = random_schedule(trial.op, random);
  add_runs(trial, random);
  return trial;
}

// A changed schedule of the library's, of its own operator.
Trial varied(const Target& target, uint64_t seed) {
  static const std::vector<SourceFile> files = [] {
    std::vector<SourceFile> list;
    for (const char* name : {"matmul", "conv", "max_plus", "blur"}) {
      list.push_back(read_lathe_file(fmt::format("{}/stdlib/{}.lathe", source_dir(), name)));
    }
    return list;
  }();
  Random random(seed);
  const SourceFile& file = random.pick(files);
  const Operator& op = random.pick(file.operators);
  Trial trial{with_random_params(op, random), {}, target, {}, seed};
  trial.schedule = vary(schedule_for(file, op, target.level).value(), random);
  add_runs(trial, random);
  return trial;
}

}  // namespace

TEST_CASE("random schedules compute what the interpreter does, first block") { try_block(0, invented); }
TEST_CASE("random schedules compute what the interpreter does, second block") { try_block(1, invented); }
TEST_CASE("random schedules compute what the interpreter does, third block") { try_block(2, invented); }
TEST_CASE("random schedules compute what the interpreter does, fourth block") { try_block(3, invented); }
TEST_CASE("random schedules compute what the interpreter does, fifth block") { try_block(4, invented); }
TEST_CASE("random changes of the library's schedules compute what the interpreter does") { try_block(0, varied); }

}  // namespace lathe
