// Random algorithms with random schedules compute what the interpreter does, and together they meet everything that the
// language and the schedules have. The cases are those of seeds 1 to 1,000, in blocks so that the test runs on several cores;
// `./dev fuzz` goes on from there. LATHE_FUZZ_SEED chooses another first seed for the first block, LATHE_FUZZ_COUNT how many.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "jit/runtime/host.h"
#include "lang/text.h"
#include "support/environment.h"
#include "tests/fuzz/random_algorithm.h"
#include "tests/fuzz/random_case.h"
#include "tests/fuzz/shrink.h"
#include "tests/source_dir.h"

namespace lathe {
namespace {

constexpr uint64_t cases = 1000, blocks = 10, per_block = cases / blocks;

CaseOptions options() { return {.targets = targets_to_test()}; }

void show(Trial trial) {
  const auto wrong = [](const Trial& t) { return run(t).outcome == Outcome::wrong; };
  trial = shrunk(std::move(trial), wrong, 200);
  FAIL_CHECK(fmt::format("LATHE_FUZZ_SEED={} LATHE_FUZZ_COUNT=1\n{}{}", trial.seed, trial.text(), run(trial).message));
}

// Two of five drawn schedules are legal or more; otherwise the cases would say little.
void try_block(uint64_t block) {
  const bool chosen = !setting(Setting::fuzz_seed).empty();
  if (chosen && block > 0) return;
  const auto first = static_cast<uint64_t>(number_of(Setting::fuzz_seed, static_cast<int64_t>(block * per_block + 1)));
  const auto count = static_cast<uint64_t>(number_of(Setting::fuzz_count, static_cast<int64_t>(per_block)));
  uint64_t refused = 0, wrong = 0;
  int64_t skipped = 0;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    Trial trial = random_case(seed, options());
    const Verdict verdict = run(trial);
    skipped += verdict.skipped;
    if (verdict.outcome == Outcome::refused) ++refused;
    if (verdict.outcome == Outcome::refused && is_on(Setting::fuzz_refusals)) {
      fmt::print("seed {}: {}\n{}\n", seed, verdict.message, trial.schedule.text(trial.op.name));
    }
    if (verdict.outcome == Outcome::wrong && ++wrong <= 3) show(std::move(trial));
  }
  CHECK(wrong == 0);
  CHECK(refused * 5 <= 3 * count + 5);
  CHECK(skipped <= static_cast<int64_t>(count * 3 / 2 + 3));
}

}  // namespace

TEST_CASE("random cases compute what the interpreter does, block 0") { try_block(0); }
TEST_CASE("random cases compute what the interpreter does, block 1") { try_block(1); }
TEST_CASE("random cases compute what the interpreter does, block 2") { try_block(2); }
TEST_CASE("random cases compute what the interpreter does, block 3") { try_block(3); }
TEST_CASE("random cases compute what the interpreter does, block 4") { try_block(4); }
TEST_CASE("random cases compute what the interpreter does, block 5") { try_block(5); }
TEST_CASE("random cases compute what the interpreter does, block 6") { try_block(6); }
TEST_CASE("random cases compute what the interpreter does, block 7") { try_block(7); }
TEST_CASE("random cases compute what the interpreter does, block 8") { try_block(8); }
TEST_CASE("random cases compute what the interpreter does, block 9") { try_block(9); }

TEST_CASE("random algorithms read back from what they print") {
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
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
  }
}

// Each file of tests/fuzz/found is a trial that once failed; its first line says what must hold.
TEST_CASE("what once was found wrong is right, or refused") {
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() + "/tests/fuzz/found")) {
    const Trial trial = read_trial(entry.path().string());
    try {
      check_runs_on(trial.target, host_target());
    } catch (const Error&) {
      continue;
    }
    const Verdict verdict = run(trial);
    CHECK_MESSAGE(verdict.outcome != Outcome::wrong, entry.path().filename().string() << ": " << verdict.message);
    ++files;
  }
  CHECK(files > 0);
}

TEST_CASE("a trial reads back from its file") {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    const Trial trial = random_case(seed, options());
    const std::string path = fmt::format("/tmp/lathe-trial-{}-{}.lathe", getpid(), seed);
    std::ofstream(path) << trial.text();
    CHECK(read_trial(path).text() == trial.text());
    std::remove(path.c_str());
  }
}

}  // namespace lathe
