// Size formulas: arithmetic that is total.
#include <limits>

#include "helpers.h"

using namespace lathe;
using namespace lathe::test;

namespace {

int64_t value(Code code, int64_t a, int64_t b) { return join(code, constant(a), constant(b), "").evaluate(nullptr); }
constexpr int64_t largest = std::numeric_limits<int64_t>::max();
constexpr int64_t smallest = std::numeric_limits<int64_t>::min();

}  // namespace

TEST_CASE("division and modulo are floored, and 0 by zero") {
  CHECK(value(Code::div, 7, 2) == 3);
  CHECK(value(Code::div, -7, 2) == -4);
  CHECK(value(Code::div, 7, -2) == -4);
  CHECK(value(Code::div, -7, -2) == 3);
  CHECK(value(Code::div, 7, 0) == 0);
  CHECK(value(Code::mod, 7, 4) == 3);
  CHECK(value(Code::mod, -7, 4) == 1);
  CHECK(value(Code::mod, 7, -4) == -1);
  CHECK(value(Code::mod, 7, 0) == 0);
}

TEST_CASE("results saturate where 64 bits are not enough") {
  CHECK(value(Code::add, largest, 1) == largest);
  CHECK(value(Code::sub, smallest, 1) == smallest);
  CHECK(value(Code::mul, int64_t{1} << 40, int64_t{1} << 40) == largest);
  CHECK(value(Code::mul, int64_t{1} << 40, -(int64_t{1} << 40)) == smallest);
  CHECK(value(Code::div, smallest, -1) == largest);
  CHECK(value(Code::mod, smallest, -1) == 0);
}

TEST_CASE("comparisons and connectives give 0 or 1") {
  CHECK(value(Code::min, 3, -4) == -4);
  CHECK(value(Code::max, 3, -4) == 3);
  CHECK(value(Code::eq, 3, 3) == 1);
  CHECK(value(Code::ne, 3, 3) == 0);
  CHECK(value(Code::lt, 3, 3) == 0);
  CHECK(value(Code::le, 3, 3) == 1);
  CHECK(value(Code::gt, 4, 3) == 1);
  CHECK(value(Code::ge, 2, 3) == 0);
  CHECK(value(Code::both, 2, 0) == 0);
  CHECK(value(Code::either, 2, 0) == 1);
}

TEST_CASE("a formula reads sizes by position and nests") {
  // (H + 2 - R) / S + 1
  SizeFormula top = join(Code::sub, join(Code::add, size(0, "H"), constant(2), ""), size(1, "R"), "");
  SizeFormula out = join(Code::add, join(Code::div, top, size(2, "S"), ""), constant(1), "");
  int64_t sizes[] = {224, 7, 2};
  CHECK(out.evaluate(sizes) == 110);
  SizeFormula minus{{{Code::size, 1}, {Code::negate, 0}}, "-R"};
  CHECK(minus.evaluate(sizes) == -7);
}

TEST_CASE("a formula as long as a page evaluates") {
  SizeFormula sum = constant(0);
  for (int i = 1; i <= 100; ++i) sum = join(Code::add, constant(i), sum, "");
  CHECK(sum.evaluate(nullptr) == 5050);
}

TEST_CASE("ill-formed formulas are recognised") {
  CHECK(size(0, "M").is_valid(1));
  CHECK_FALSE(size(1, "M").is_valid(1));
  CHECK_FALSE(SizeFormula{}.is_valid(1));
  CHECK_FALSE(SizeFormula{{{Code::constant, 1}, {Code::add, 0}}, ""}.is_valid(1));
  CHECK_FALSE(SizeFormula{{{Code::constant, 1}, {Code::constant, 1}}, ""}.is_valid(1));
}
