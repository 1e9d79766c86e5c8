// Polynomials are what they stand for: their arithmetic is that of the values, and equal sums look equal.
#include <doctest/doctest.h>

#include "lang/text.h"
#include "tests/analysis/random_index.h"

namespace lathe {
namespace {

constexpr int trials = 500;

Assignment random_assignment(Random& random) {
  Assignment at;
  for (const char* name : {"N", "M", "i", "j"}) at[name] = random.between(-9, 9);
  return at;
}

Polynomial random_polynomial(Random& random) { return Polynomial::of(random_index(random, 3, random.chance(30))); }

int64_t value_of(const Polynomial& p, const Assignment& at) { return value_of(p.expr(), at); }

}  // namespace

TEST_CASE("a polynomial has the value of the expression that it was made of") {
  Random random(1);
  for (int t = 0; t < trials; ++t) {
    const Expr e = random_index(random, 4, t % 2 == 0);
    const Polynomial p = Polynomial::of(e);
    REQUIRE(p.valid());
    CHECK(Polynomial::of(p.expr()) == p);
    for (int k = 0; k < 5; ++k) {
      const Assignment at = random_assignment(random);
      CHECK_MESSAGE(value_of(p, at) == value_of(e, at), print(e));
    }
  }
}

TEST_CASE("sums, differences and products of polynomials are those of their values, in any order") {
  Random random(2);
  for (int t = 0; t < trials; ++t) {
    const Polynomial a = random_polynomial(random), b = random_polynomial(random), c = random_polynomial(random);
    const Assignment at = random_assignment(random);
    const int64_t x = value_of(a, at), y = value_of(b, at);
    CHECK(value_of(a + b, at) == x + y);
    CHECK(value_of(a - b, at) == x - y);
    CHECK(value_of(a * b, at) == x * y);
    CHECK(a + b == b + a);
    CHECK(a * b == b * a);
    CHECK((a + b) + c == a + (b + c));
    CHECK((a * b) * c == a * (b * c));
    CHECK(a * (b + c) == a * b + a * c);
    CHECK(a - a == Polynomial(0));
  }
}

TEST_CASE("a polynomial is its quotient times the divisor, and the rest") {
  Random random(3);
  int divided = 0;
  for (int t = 0; t < trials; ++t) {
    const Polynomial p = random_polynomial(random);
    Monomial divisor;
    if (random.chance(60)) divisor.push_back(make_var(random.pick<std::string>({"N", "i"})));
    const int64_t factor = random.between(1, 4);
    const auto [quotient, rest] = p.divide(divisor, factor);
    Polynomial back = rest;
    back.add_product(quotient, divisor, factor);
    CHECK_MESSAGE(back == p, print(p.expr()));
    divided += !quotient.terms().empty();
  }
  CHECK(divided > trials / 6);
}

TEST_CASE("a polynomial linear in a variable is coefficient times variable and a rest without it") {
  Random random(4);
  int linear = 0;
  for (int t = 0; t < trials; ++t) {
    const Polynomial p = random_polynomial(random);
    const auto parts = p.linear_in("i");
    if (!parts) continue;
    ++linear;
    CHECK_FALSE(uses_var(parts->first.expr(), "i"));
    CHECK_FALSE(uses_var(parts->second.expr(), "i"));
    CHECK_MESSAGE(parts->first * Polynomial::atom(make_var("i")) + parts->second == p, print(p.expr()));
  }
  CHECK(linear > trials / 4);
}

TEST_CASE("the content of a polynomial divides all its coefficients") {
  Random random(5);
  for (int t = 0; t < trials; ++t) {
    const Polynomial p = random_polynomial(random) * Polynomial(random.between(-3, 3));
    const int64_t content = p.content();
    CHECK((content == 0) == p.terms().empty());
    for (const auto& [monomial, coefficient] : p.terms()) {
      CHECK(coefficient % content == 0);
      CHECK(p.coefficient_of(monomial) == coefficient);
    }
  }
}

TEST_CASE("a polynomial whose coefficients leave 64 bits is marked and proves nothing") {
  const Polynomial large(int64_t{1} << 62), x = Polynomial::atom(make_var("x"));
  CHECK((large * x).valid());
  CHECK_FALSE((large * x * Polynomial(4)).valid());
  CHECK_FALSE((large * x + large * x).valid());
  CHECK_FALSE((Polynomial(INT64_MIN) * Polynomial(-1)).valid());
  CHECK_FALSE(Facts().nonnegative(large + large));
}

}  // namespace lathe
