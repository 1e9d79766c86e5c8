// Which schedule of a file serves an operator on a target.
#include <doctest/doctest.h>

#include "tests/schedules/operators.h"

using namespace lathe;

namespace {

SourceFile file_of(const std::vector<std::string>& blocks) {
  SourceFile file;
  file.operators = {dense()};
  int line = 10;
  for (const std::string& text : blocks) file.schedules.push_back(block_of(text, line++));
  return file;
}

}  // namespace

TEST_CASE("a level satisfies itself and those below") {
  CHECK(satisfies("x86-64-v4", "x86-64-v3"));
  CHECK(satisfies("x86-64-v4", "x86-64-v4"));
  CHECK(satisfies("x86-64-v2", "x86-64"));
  CHECK(satisfies("x86-64", ""));
  CHECK(satisfies("", ""));
  CHECK(!satisfies("x86-64-v3", "x86-64-v4"));
  CHECK(!satisfies("x86-64", "x86-64-v2"));
  CHECK(!satisfies("x86-64-v4", "sm_90"));
  CHECK(satisfies("sm_90", "sm_90"));
  CHECK(!satisfies("", "x86-64"));
}

TEST_CASE("the first schedule in the file that fits is taken") {
  SourceFile file =
      file_of({"schedule for dense on x86-64-v4\nC.vectorize(j)\n", "schedule for dense if M > 5\nC.parallel(i)\n",
               "schedule for dense\nC.unroll(j)\n", "schedule for dense on x86-64-v3\nC.compute_root()\n"});
  auto taken_on = [&](const std::string& level) { return print(schedule_for(file, dense(), level)->directives.at(0)); };
  CHECK(taken_on("x86-64-v4") == "C.vectorize(j)");
  CHECK(taken_on("x86-64-v3") == "C.unroll(j)");
  CHECK(!schedule_for(file_of({"schedule for dense on x86-64-v4\n"}), dense(), "x86-64-v2").has_value());
  CHECK(!schedule_for(file_of({}), dense(), "x86-64-v2").has_value());
}

TEST_CASE("the operator of a block is read without the rest") {
  CHECK(operator_of(block_of("schedule for dense on x86-64-v4\nC.nonsense(((")) == "dense");
}

TEST_CASE("a schedule for an operator that is not there is refused") {
  SourceFile file = file_of({"schedule for dnse\nC.unroll(j)\n", "schedule for dense\nC.unroll(j)\n"});
  CHECK_THROWS_WITH_AS(schedule_for(file, dense(), "x86-64"),
                       "lathe: schedule: schedule for an operator that is not there: got 'dnse', need dense\n"
                       "  at dense.lathe:10:14\n  hint: did you mean dense?",
                       Error);
  CHECK_THROWS_WITH_AS(parse_schedule(block_of("schedule for conv"), dense()),
                       "lathe: schedule: schedule for an operator that is not there: got 'conv', need dense\n"
                       "  at dense.lathe:1:14",
                       Error);
  file.operators.clear();
  CHECK(schedule_for(file, dense(), "x86-64").has_value());
}
