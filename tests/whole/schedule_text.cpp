// Random schedules, drawn from nothing and changed from the library's, read back from what they print.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include "lang/text.h"
#include "schedules/text.h"
#include "tests/fuzz/random_algorithm.h"
#include "tests/fuzz/random_schedule.h"
#include "tests/fuzz/vary_schedule.h"
#include "tests/errors.h"
#include "tests/source_dir.h"

namespace lathe {
namespace {

Schedule parsed(const std::string& text, const Operator& op) { return parse_schedule({text, {"random", 1, 1}}, op); }

// Parsing what prints gives an equal schedule, which prints the same and has the same hash. False: the text is refused.
bool reads_back(const std::string& text, const Operator& op, uint64_t seed) {
  std::optional<Schedule> first;
  if (const auto error = thrown_by([&] { first = parsed(text, op); })) return false;
  const std::string printed = print(*first);
  const std::string failure = failure_of([&] {
    const Schedule again = parsed(printed, op);
    CHECK_MESSAGE(again == *first, fmt::format("seed {}\n{}became\n{}", seed, text, printed));
    CHECK_MESSAGE(print(again) == printed, fmt::format("seed {}\n{}", seed, printed));
    CHECK(again.hash() == first->hash());
  });
  CHECK_MESSAGE(failure == "no error", fmt::format("seed {}\n{}", seed, printed));
  return true;
}

// Draws from the seeds; few may be texts that are refused before there is a schedule.
template <class Draw>
void check_draws(int64_t count, const Draw& draw) {
  int64_t refused = 0;
  for (int64_t seed = 1; seed <= count; ++seed) {
    Random random(static_cast<uint64_t>(seed));
    const auto [op, schedule] = draw(random);
    refused += !reads_back(schedule.text(op.name), op, static_cast<uint64_t>(seed));
  }
  CHECK(refused * 50 <= count);
}

using Drawn = std::pair<Operator, RandomSchedule>;

}  // namespace

TEST_CASE("random schedules of the collection's operators read back from what they print") {
  const SourceFile file = read_lathe_file(source_dir() + "/tests/fuzz/operators.lathe");
  check_draws(2000, [&](Random& random) -> Drawn {
    const Operator op = with_static_params(random.pick(file.operators), {});
    return {op, random_schedule(op, random)};
  });
}

TEST_CASE("random schedules of random algorithms read back from what they print") {
  check_draws(1000, [](Random& random) -> Drawn {
    const Operator op = with_static_params(legal_random_algorithm(random), {});
    return {op, random_schedule(op, random)};
  });
}

TEST_CASE("random changes of the library's schedules read back from what they print") {
  std::vector<std::pair<Operator, Schedule>> written;
  for (const char* name : {"matmul", "conv", "max_plus", "blur"}) {
    const SourceFile file = read_lathe_file(fmt::format("{}/stdlib/{}.lathe", source_dir(), name));
    for (const SourceBlock& block : file.schedules) {
      const Operator& op = find_operator(file, operator_of(block));
      written.emplace_back(op, parse_schedule(block, op));
    }
  }
  check_draws(1000, [&](Random& random) -> Drawn {
    const auto& [op, schedule] = random.pick(written);
    return {op, vary(schedule, random)};
  });
}

}  // namespace lathe
