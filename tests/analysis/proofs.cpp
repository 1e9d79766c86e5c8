// What the analysis claims holds: each proof, bound, interval and simplification is compared with all assignments that
// the facts allow. An expression is asked for a proof of its own smallest value too, so that proofs are found and not
// only absent.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <climits>

#include "lang/text.h"
#include "tests/analysis/random_index.h"

namespace lathe {
namespace {

constexpr int trials = 1500;

std::string text_of(const RandomRanges& ranges, const Expr& e) {
  std::string s = print(e) + " with";
  for (const auto& [name, range] : ranges.variables) {
    s += fmt::format(" {} in {}..{}", name, print(range.lowest), print(range.highest));
  }
  return s;
}

struct Extremes {
  int64_t lowest = INT64_MAX, highest = INT64_MIN;
  bool any() const { return lowest <= highest; }
};
Extremes extremes_of(const RandomRanges& ranges, const Expr& e) {
  Extremes x;
  ranges.for_each([&](const Assignment& at) {
    const int64_t v = value_of(e, at);
    x.lowest = std::min(x.lowest, v);
    x.highest = std::max(x.highest, v);
  });
  return x;
}

}  // namespace

TEST_CASE("what is proved nonnegative is so for all values that the facts allow") {
  Random random(11);
  int proved = 0, possible = 0;
  for (int t = 0; t < trials; ++t) {
    const RandomRanges ranges(random);
    const Expr e = random_index(random, 3, t % 3 == 0);
    const Extremes x = extremes_of(ranges, e);
    if (!x.any()) continue;
    const Expr from_lowest = e - integer(x.lowest);
    for (const Expr& claim : {e, from_lowest}) {
      const int64_t smallest = x.lowest - (claim == e ? 0 : x.lowest);
      const bool holds = ranges.facts.nonnegative(claim);
      CHECK_MESSAGE((smallest >= 0 || !holds), text_of(ranges, claim));
      possible += smallest >= 0;
      proved += holds;
    }
    CHECK_MESSAGE(!ranges.facts.nonnegative(from_lowest - integer(1)), text_of(ranges, from_lowest - integer(1)));
  }
  CHECK_MESSAGE(proved > possible / 2, fmt::format("{} of {}", proved, possible));
}

TEST_CASE("one expression is proved at most another only where it is for all values") {
  Random random(12);
  int proved = 0;
  for (int t = 0; t < trials; ++t) {
    const RandomRanges ranges(random);
    const Expr a = random_index(random, 2, t % 2 == 0), b = random_index(random, 3, t % 3 == 0);
    if (!ranges.facts.at_most(a, b)) continue;
    ++proved;
    ranges.for_each([&](const Assignment& at) {
      CHECK_MESSAGE(value_of(a, at) <= value_of(b, at), text_of(ranges, le(a, b)));
    });
  }
  CHECK(proved > trials / 20);
}

TEST_CASE("constant bounds are never crossed") {
  Random random(13);
  int found = 0;
  for (int t = 0; t < trials; ++t) {
    const RandomRanges ranges(random);
    const Expr e = random_index(random, 3, t % 2 == 0);
    const Extremes x = extremes_of(ranges, e);
    if (!x.any()) continue;
    const auto low = ranges.facts.lower_bound(e), high = ranges.facts.upper_bound(e);
    found += low.has_value() + high.has_value();
    CHECK_MESSAGE(low.value_or(x.lowest) <= x.lowest, text_of(ranges, e));
    CHECK_MESSAGE(high.value_or(x.highest) >= x.highest, text_of(ranges, e));
  }
  CHECK(found > trials / 4);
}

TEST_CASE("a simplified expression has the same value for all values that the facts allow") {
  Random random(14);
  int changed = 0;
  for (int t = 0; t < 2 * trials; ++t) {
    const RandomRanges ranges(random);
    const Expr e = t % 3 == 0 ? random_condition(random, 3, true) : random_index(random, 4, true);
    const Expr simple = simplify(e, ranges.facts);
    changed += !(simple == e);
    ranges.for_each([&](const Assignment& at) {
      CHECK_MESSAGE(value_of(simple, at) == value_of(e, at), text_of(ranges, e) << " became " << print(simple));
    });
  }
  CHECK(changed > trials);
}

TEST_CASE("simplifying without facts is right for all values") {
  Random random(15);
  for (int t = 0; t < trials; ++t) {
    const Expr e = t % 3 == 0 ? random_condition(random, 3, true) : random_index(random, 4, true);
    const Expr simple = simplify(e);
    for (int k = 0; k < 10; ++k) {
      Assignment at;
      for (const char* name : {"N", "M", "i", "j"}) at[name] = random.between(-9, 9);
      CHECK_MESSAGE(value_of(simple, at) == value_of(e, at), print(e) << " became " << print(simple));
    }
  }
}

TEST_CASE("what lies below a divisor of unknown sign is its own remainder") {
  Facts facts;
  facts.bound("N", integer(0), integer(9));
  facts.bound("i", integer(0), make_var("N") - integer(1));
  const Expr i = make_var("i"), n = make_var("N");
  CHECK(simplify(i % n, facts) == i);
  CHECK(simplify(i / n, facts) == integer(0));
  CHECK(simplify((i + integer(1)) % n, facts) != i + integer(1));
}

TEST_CASE("facts that share remember only what holds for both") {
  Random random(16);
  for (int t = 0; t < 200; ++t) {
    const Expr e = random_index(random, 3, true);
    Facts outside = Facts::remembering();
    outside.bound("N", integer(1), integer(4));
    outside.bound("M", integer(0), integer(3));
    Facts first = outside, second = outside;
    first.bound("i", integer(0), integer(1));
    first.bound("j", integer(0), integer(0));
    second.bound("i", integer(-3), integer(-1));
    second.bound("j", integer(2), integer(5));
    const Expr in_first = simplify(e, first), in_second = simplify(e, second);
    for (int64_t n = 1; n <= 4; ++n) {
      for (int64_t m = 0; m <= 3; ++m) {
        for (int64_t i = 0; i <= 1; ++i) {
          const Assignment at = {{"N", n}, {"M", m}, {"i", i}, {"j", 0}};
          CHECK_MESSAGE(value_of(in_first, at) == value_of(e, at), print(e));
        }
        for (int64_t i = -3; i <= -1; ++i) {
          const Assignment at = {{"N", n}, {"M", m}, {"i", i}, {"j", 2 + m}};
          CHECK_MESSAGE(value_of(in_second, at) == value_of(e, at), print(e));
        }
      }
    }
  }
}

TEST_CASE("an interval holds every value that its variables give") {
  Random random(17);
  int found = 0;
  for (int t = 0; t < trials; ++t) {
    const RandomRanges ranges(random);
    VarRanges moving;
    for (const auto& [name, range] : ranges.variables) {
      if (name == "i" || name == "j") moving[name] = range;
    }
    const Expr e = random_index(random, 3, t % 2 == 0);
    const auto interval = interval_of(e, moving, ranges.facts);
    if (!interval) continue;
    ++found;
    for (const char* name : {"i", "j"}) {
      CHECK_FALSE(uses_var(interval->lowest, name));
      CHECK_FALSE(uses_var(interval->highest, name));
    }
    ranges.for_each([&](const Assignment& at) {
      const int64_t v = value_of(e, at);
      CHECK_MESSAGE((value_of(interval->lowest, at) <= v && v <= value_of(interval->highest, at)), text_of(ranges, e));
    });
  }
  CHECK(found > trials / 3);
}

}  // namespace lathe
