// Random legal variations of schedules: whatever a schedule says, results are those of the interpreter. LATHE_FUZZ_SEED
// and LATHE_FUZZ_COUNT choose others than the fixed ones; a trial that fails is shrunk and printed.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cstdlib>
#include <map>

#include "lang/text.h"
#include "tests/fuzz/trial.h"

namespace lathe {
namespace {

constexpr double most_work = 12'000;                        // terms of one comparison: about a millisecond

int64_t number_from(const char* variable, int64_t otherwise) {
  const char* text = std::getenv(variable);
  return text && *text ? std::strtoll(text, nullptr, 10) : otherwise;
}

Trial random_trial(const std::vector<Operator>& operators, const Target& target, uint64_t seed) {
  Random random(seed);
  const Operator& op = random.pick(operators);
  std::map<std::string, int64_t> params;
  for (const ParamDecl& p : op.params) {
    if (p.is_static) params[p.name] = static_cast<int64_t>(p.default_value) + random.below(2);
  }
  Trial trial{with_static_params(op, params), {}, target, {}, seed};
  trial.schedule = random_schedule(trial.op, random);
  for (int i = 0; i < 4; ++i) {
    TrialRun r;
    r.sizes = random_sizes(trial.op, random, most_work);
    r.check.seed = seed * 8 + static_cast<uint64_t>(i);
    r.check.exact = !random.chance(15);
    r.check.strides = static_cast<CheckStrides>(random.below(3));
    r.check.max_points = 200;
    r.threads = static_cast<int>(random.between(1, 2));
    r.param = random.chance(50) ? random.between(1, 64) : 0;
    trial.runs.push_back(r);
  }
  return trial;
}

}  // namespace

TEST_CASE("random variations of schedules compute what the interpreter does") {
  const std::vector<Operator> operators = read_lathe_file(LATHE_SOURCE_DIR "/tests/fuzz/operators.lathe").operators;
  const int64_t first = number_from("LATHE_FUZZ_SEED", 1), count = number_from("LATHE_FUZZ_COUNT", 60);
  const bool shows_refusals = std::getenv("LATHE_FUZZ_REFUSALS") != nullptr;
  for (const char* name : {"x86-64-v3", "x86-64-v4"}) {
    const std::optional<Target> target = target_to_test(name);
    if (!target) continue;
    int64_t refused = 0, skipped = 0, wrong = 0;
    for (int64_t seed = first; seed < first + count; ++seed) {
      Trial trial = random_trial(operators, *target, static_cast<uint64_t>(seed));
      Verdict verdict = run(trial);
      skipped += verdict.skipped;
      if (verdict.outcome == Outcome::refused) {
        ++refused;
        if (shows_refusals) fmt::print("seed {}: {}\n{}\n", seed, verdict.message, trial.schedule.text(trial.op.name));
      }
      if (verdict.outcome != Outcome::wrong) continue;
      if (++wrong > 5) continue;                            // enough to look at
      trial = shrunk(std::move(trial), Outcome::wrong);
      std::string text = fmt::format("LATHE_FUZZ_SEED={} LATHE_FUZZ_COUNT=1\n{}{}", seed, trial.describe(), run(trial).message);
      FAIL_CHECK(text);
    }
    fmt::print("{}: seeds {} to {}, {} refused, {} runs at sizes that the operator refuses\n", name, first,
               first + count - 1, refused, skipped);
    CHECK(wrong == 0);
    CHECK(refused < count / 2);
    CHECK(skipped < count);
  }
}

}  // namespace lathe
