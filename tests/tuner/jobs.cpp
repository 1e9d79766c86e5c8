// Jobs: what their files say, and how they share time.
#include <doctest/doctest.h>

#include "tests/errors.h"
#include "tuner/jobs.h"

namespace lathe::tuner {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("a job lists operators, sizes and parameters") {
  const Job job = parse_job(
      "budget = \"8h\"\nthreads = 2\n[[tune]]\noperator = \"stdlib:matmul\"\nsizes = [\"M=1,N=2,K=3\", \"M=4,N=5,K=6\"]\n"
      "[[tune]]\noperator = \"a.lathe:conv\"\nset = [\"stride=2\"]\nweight = 3\n", "j.toml");
  CHECK(job.budget == "8h");
  CHECK(job.threads == 2);
  REQUIRE(job.items.size() == 3);
  CHECK(job.items[1].sizes == "M=4,N=5,K=6");
  CHECK(job.items[2].sets == std::vector<std::string>{"stride=2"});
  CHECK(job.items[2].weight == 3);
}

TEST_CASE("a broken job is refused at its line") {
  const auto failure = [](const char* text) { return error_of([&] { parse_job(text, "j.toml"); }); };
  CHECK(contains(failure("budget = "), "L101 lathe: job: this is no TOML"));
  CHECK(contains(failure("budget = \"soon\"\n"), "L401 lathe: job: budget: got soon, need a time such as 30s, 10m or 8h\n  at j.toml:1:10"));
  CHECK(contains(failure("speed = 3\n"), "job: speed: got an unknown key, need budget, threads or [[tune]]"));
  CHECK(contains(failure("threads = 1\n"), "nothing to tune"));
  CHECK(contains(failure("[[tune]]\nsizes = []\n"), "job: operator: got none"));
  CHECK(contains(failure("[[tune]]\noperator = \"x\"\nsizes = \"M=1\"\n"), "job: sizes: got something else, need a list\n  at j.toml:3:9"));
  CHECK(contains(failure("threads = -1\n[[tune]]\noperator = \"x\"\n"), "an integer from 0 to 4096"));
}

TEST_CASE("times have units") {
  CHECK(seconds_in("30s") == 30);
  CHECK(seconds_in("1.5m") == 90);
  CHECK(seconds_in("8h") == 28800);
  CHECK(seconds_in("7") == 7);
  for (const char* none : {"", "s", "-3s", "0s", "3x", "nan", "inf"}) CHECK(!seconds_in(none));
}

TEST_CASE("everyone has a turn, then those from whom most is expected, and who converged has none") {
  Shares shares({1, 1, 1}, 100);
  for (size_t i = 0; i < 3; ++i) {
    const auto turn = shares.next(100);
    REQUIRE(turn);
    CHECK(turn->item == i);
    CHECK(turn->seconds <= 10);
    shares.tell(i, i == 1 ? 1.5 : 1, i == 2 ? 0.1 : 0.9, false);
  }
  CHECK(shares.next(100)->item == 1);
  CHECK(shares.next(100)->expected_gain > 0.2);
  shares.tell(1, 1, 0.9, true);
  CHECK(shares.next(100)->item == 2);
  CHECK(shares.next(3)->seconds == 3);
  CHECK(!shares.next(0.1));
  shares.tell(0, 1, 0.9, true);
  shares.tell(2, 1, 0.1, true);
  CHECK(!shares.next(100));
}

TEST_CASE("whoever could measure nothing has two more turns, after the others' first, each twice as long") {
  Shares shares({1, 1}, 100);
  const double once = shares.next(100)->seconds;
  shares.tell_nothing(0);
  CHECK(shares.next(100)->item == 1);
  shares.tell(1, 1.5, 0.5, false);
  for (const double times : {2, 4}) {
    CHECK(shares.next(100)->item == 0);
    CHECK(shares.next(100)->seconds == times * once);
    shares.tell_nothing(0);
  }
  CHECK(shares.next(100)->item == 1);
}

TEST_CASE("a weight counts like a gain") {
  Shares shares({1, 10}, 100);
  shares.tell(0, 1.2, 0.5, false);
  shares.tell(1, 1.1, 0.5, false);
  CHECK(shares.next(50)->item == 1);
}

}  // namespace
}  // namespace lathe::tuner
