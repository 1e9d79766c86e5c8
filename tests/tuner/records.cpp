// Records as text.
#include <doctest/doctest.h>

#include "tests/tuner/fixtures.h"
#include "tuner/check_records.h"

namespace lathe::tuner {
namespace {

Problem small_problem() { return problem_of(product(), {{"M", 8}, {"N", 8}, {"K", 8}}, 1, avx2()); }

TEST_CASE("records print and parse to equal ones") {
  const Problem p = small_problem();
  Records records{{p}, {run_named("r1", p)}, {trial("r1", 0, 1.25), trial("r1", 1, 0)}};
  records.trials[1].outcome = Outcome::out_of_bounds;
  records.trials[1].detail = "touched \"a page\"\nbeside";
  const Records back = parse_records(print(records), "r.jsonl");
  CHECK(back.problems == records.problems);
  CHECK(back.runs == records.runs);
  CHECK(back.trials == records.trials);
}

TEST_CASE("a problem's name depends on algorithm, sizes, threads and machine") {
  const Problem p = small_problem();
  CHECK(p.key().size() == 16);
  CHECK(p.key() == small_problem().key());
  CHECK(p.key() != problem_of(scaled(), p.sizes, 1, avx2()).key());
  CHECK(p.key() != problem_of(product(), {{"M", 8}, {"N", 8}, {"K", 9}}, 1, avx2()).key());
  CHECK(p.key() != problem_of(product(), p.sizes, 2, avx2()).key());
  CHECK(p.key() != problem_of(product(), p.sizes, 1, target_named("x86-64-v4")).key());
}

TEST_CASE("broken text of records is refused at its line") {
  const std::string head = "{\"lathe_records\":1}\n";
  CHECK(contains(failure_of([&] { parse_records(head + "{\"trial\":", "r.jsonl"); }), "at r.jsonl:2:1"));
  CHECK(contains(failure_of([&] { parse_records(head + "{\"other\":1}\n", "r.jsonl"); }), "neither a problem, a run nor a trial"));
  CHECK(contains(failure_of([&] { parse_records("{}\n", "r.jsonl"); }), "another first line"));
  CHECK(contains(error_of([&] { parse_records("{\"lathe_records\":99}\n", "r.jsonl"); }), "L603"));
  Records changed{{small_problem()}, {}, {}};
  std::string text = print(changed);
  text.replace(text.find("\"threads\":1"), 11, "\"threads\":2");
  CHECK(contains(failure_of([&] { parse_records(text, "r.jsonl"); }), "the problem's key is not its own"));
}

TEST_CASE("records whose schedule no longer fits are taken out by name") {
  const Problem p = small_problem();
  Records records{{p}, {run_named("r1", p)}, {}};
  for (const char* text : {"schedule for product\nC.split(j, jo, ji, 8).vectorize(ji)\n", "schedule for product\nC.vectorize(zz)\n", "schedule for\n", ""}) {
    records.trials.push_back(trial("r1", static_cast<int64_t>(records.trials.size()), 1.2));
    records.trials.back().schedule = text;
  }
  records.trials.push_back(trial("lost", 0, 1.2));
  std::vector<std::string> lines;
  for (const Error& error : remove_unfit(records)) lines.push_back(error.what());
  REQUIRE(lines.size() == 3);
  CHECK(contains(lines[0], "trial r1/1 of product"));
  CHECK(contains(lines[0], "zz"));
  CHECK(contains(lines[1], "trial r1/2 of product"));
  CHECK(contains(lines[2], "trial lost/0"));
  CHECK(records.trials.size() == 2);
}

TEST_CASE("each outcome has a name that reads back") {
  for (size_t i = 0; i < outcome_count; ++i) CHECK(outcome_named(name_of(static_cast<Outcome>(i))) == static_cast<Outcome>(i));
  CHECK(!outcome_named("nothing"));
}

}  // namespace
}  // namespace lathe::tuner
