#include <doctest/doctest.h>

#include "support/error.h"

using namespace lathe;

TEST_CASE("an error prints step, fault, got, need, place and hint") {
  Error e(ErrorCode::type_mismatch,
          {"define", "operands of + differ", "f32, i32", "one type", {"dense.lathe", 3, 14}, "cast one of them"});
  CHECK(std::string(e.what()) ==
        "lathe: define: operands of + differ: got f32, i32, need one type\n"
        "  at dense.lathe:3:14\n"
        "  hint: cast one of them");
  CHECK(e.code() == ErrorCode::type_mismatch);
  CHECK(e.parts().got == "f32, i32");
}

TEST_CASE("an error leaves out what does not apply") {
  CHECK(std::string(Error(ErrorCode::syntax, {"parse", "", "'x'", ""}).what()) ==
        "lathe: parse: the text of an algorithm, schedule, IR or data file does not parse: got 'x'");
  CHECK(std::string(Error(ErrorCode::syntax, {"parse", "odd", "", "an even one"}).what()) ==
        "lathe: parse: odd: need an even one");
}

TEST_CASE("a place prints without what is unknown") {
  CHECK(to_string(SourceLocation{"dense.cpp", 12, 0}) == "dense.cpp:12");
  CHECK(to_string(SourceLocation{"", 3, 4}) == "line 3:4");
  CHECK(to_string(SourceLocation{}) == "");
}

TEST_CASE("codes have a stable text and a kind") {
  CHECK(code_text(ErrorCode::syntax) == "L101");
  CHECK(code_text(ErrorCode::internal) == "L901");
  CHECK(kind_of(ErrorCode::wrong_shape) == ErrorKind::runtime);
  CHECK(kind_of(ErrorCode::unknown_name) == ErrorKind::user);
}

TEST_CASE("the nearest name forgives slips and nothing more") {
  const std::vector<std::string> names = {"vectorize", "unroll", "parallel", "A", "bias"};
  CHECK(nearest_name("vectorise", names) == "vectorize");
  CHECK(nearest_name("unrol", names) == "unroll");
  CHECK(nearest_name("paralell", names) == "parallel");
  CHECK(nearest_name("bais", names) == "bias");
  CHECK(nearest_name("a", names) == "A");
  CHECK(nearest_name("B", names) == "");
  CHECK(nearest_name("reorder", names) == "");
}

TEST_CASE("an internal error asks for a report") {
  try {
    internal_error("lower", "a loop without a body");
    FAIL("no error");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::internal);
    CHECK(std::string(e.what()).find("please report") != std::string::npos);
  }
}
