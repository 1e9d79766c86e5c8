// Each rewrite rule of analysis/simplify.cpp and each step of its proofs (analysis/facts.cpp), proved for all integers.
// A row is an expression on which the rule fires; letters stand for any integers within the facts.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "lang/text.h"
#include "tests/analysis/random_index.h"
#include "tests/proofs/solver.h"

namespace lathe::test {
namespace {

Expr parsed(const std::string& text) {
  Lexer lexer(text, "rule");
  ExprScope scope;
  scope.any_name = true;
  return parse_expr(lexer, scope);
}

struct Fact {
  const char *name, *lowest, *highest;                      // "": no bound
};

struct Rule {
  const char* name;
  const char* before;
  const char* after;
  std::vector<Fact> facts = {};
  const char* quotient = "";                                // of a remainder by a size: the quotient, by its own rule
};

std::vector<std::pair<std::string, Range>> ranges_of(const std::vector<Fact>& facts) {
  std::vector<std::pair<std::string, Range>> ranges;
  const auto bound = [](const char* text) { return *text ? parsed(text) : Expr(); };
  for (const Fact& f : facts) ranges.push_back({f.name, {bound(f.lowest), bound(f.highest)}});
  return ranges;
}

const std::vector<Rule> rules = {
    {"sums and products in normal form", "(a + b)*(a - b) - a*a", "-b*b"},
    {"a negated sum", "-(a - 3) + a", "3"},
    {"a product with a sum", "(io*6 + ii)*w", "ii*w + io*w*6"},
    {"a multiple divided by a number", "(6*q)/3", "2*q"},
    {"a multiple and a number divided by a number", "(4*q + 7)/4", "q + 1"},
    {"a multiple and a negative number divided by a number", "(4*q - 7)/4", "q - 2"},
    {"a multiple and a small rest divided by a number", "(8*q + r)/8", "q", {{"r", "0", "7"}}},
    {"a multiple and a large rest divided by a number", "(8*q + r)/8", "q + r/8"},
    {"a multiple divided by a size", "(n*q)/n", "q", {{"n", "1", ""}}},
    {"a multiple and a small rest divided by a size", "(n*q + r)/n", "q", {{"n", "1", ""}, {"r", "0", "n - 1"}}},
    {"a multiple and a large rest divided by a size", "(n*q + r)/n", "q + r/n", {{"n", "1", ""}}},
    {"a multiple and a small rest divided by a multiple of a size", "(4*n*q + r)/(4*n)", "q", {{"n", "1", ""}, {"r", "0", "4*n - 1"}}},
    {"blocks divided by a multiple of their length", "(4*q + r)/12", "q/3", {{"r", "0", "3"}}},
    {"whole blocks divided by a multiple of their length", "(4*q)/12", "q/3"},
    {"the remainder of blocks by a multiple of their length", "(4*q + r)%12", "4*(q%3) + r", {{"r", "0", "3"}}},
    {"a small value divided by a size", "r/n", "0", {{"n", "1", ""}, {"r", "0", "n - 1"}}},
    {"the remainder of a multiple", "(6*q)%3", "0"},
    {"the remainder of a multiple and a number", "(4*q + 7)%4", "3"},
    {"the remainder of a multiple and a negative number", "(4*q - 7)%4", "1"},
    {"the remainder of a multiple and a small rest", "(8*q + r)%8", "r", {{"r", "0", "7"}}},
    {"the remainder of a multiple and a large rest", "(8*q + r)%8", "r%8"},
    {"the remainder of a multiple of a size", "(n*q + r)%n", "r", {{"n", "1", ""}, {"r", "0", "n - 1"}}, "q"},
    {"the remainder of a large rest by a size", "(n*q + r)%n", "r%n", {{"n", "1", ""}}, "q + r/n"},
    {"the smaller of two that are ordered", "min(i, n)", "i", {{"n", "0", ""}, {"i", "", "n - 1"}}},
    {"the smaller of two that are ordered the other way", "min(n, i)", "i", {{"n", "0", ""}, {"i", "", "n - 1"}}},
    {"the larger of two that are ordered", "max(i, n)", "n", {{"n", "0", ""}, {"i", "", "n - 1"}}},
    {"a clamp that is never needed", "min(max(i, 0), n - 1)", "i", {{"n", "1", ""}, {"i", "0", "n - 1"}}},
    {"a choice that is known", "select(0 <= i, i, -i)", "i", {{"i", "0", ""}}},
    {"a choice that is known not to be taken", "select(i < 0, -i, i)", "i", {{"i", "0", ""}}},
    {"a choice among equals", "select(i < j, k + 1, 1 + k)", "k + 1"},
    {"a comparison that holds", "i < n", "true", {{"n", "1", ""}, {"i", "0", "n - 1"}}},
    {"a comparison that does not hold", "n <= i", "false", {{"n", "1", ""}, {"i", "0", "n - 1"}}},
    {"a comparison turned around", "n > i", "true", {{"n", "1", ""}, {"i", "0", "n - 1"}}},
    {"a comparison turned around that does not hold", "i >= n", "false", {{"n", "1", ""}, {"i", "0", "n - 1"}}},
    {"equal values", "i + 1 == 1 + i", "true"},
    {"values that differ", "i == n", "false", {{"n", "1", ""}, {"i", "0", "n - 1"}}},
    {"values that are not unequal", "i + 1 != 1 + i", "false"},
    {"a conjunction with what holds", "i < n and 0 < n", "i < n", {{"n", "1", ""}}},
    {"a conjunction with what does not hold", "i < n and n < 0", "false", {{"n", "1", ""}}},
    {"a disjunction with what holds", "i < n or 0 < n", "true", {{"n", "1", ""}}},
    {"a disjunction with what does not hold", "i < n or n < 0", "i < n", {{"n", "1", ""}}},
    {"a condition twice", "i < n and i < n", "i < n"},
    {"a condition that is known, denied", "not (0 < n)", "false", {{"n", "1", ""}}},
    // What proofs conclude from: each of these decides a comparison in one step.
    {"a product of two that are not negative", "0 <= n*m", "true", {{"n", "0", ""}, {"m", "0", ""}}},
    {"a bound that names another variable", "0 <= n*(m - 1 - i)", "true", {{"n", "0", ""}, {"m", "1", ""}, {"i", "0", "m - 1"}}},
    {"a quotient of two that are not negative", "0 <= i/n", "true", {{"n", "0", ""}, {"i", "0", ""}}},
    {"a remainder by what is not negative", "0 <= i%n", "true", {{"n", "0", ""}}},
    {"a remainder by a number", "i%4 <= 3", "true"},
    {"a quotient by a number from above", "4*(i/4) <= i", "true"},
    {"a quotient by a number from below", "i - 3 <= 4*(i/4)", "true"},
    {"the larger of two where one is not negative", "0 <= max(i, n)", "true", {{"n", "0", ""}}},
    {"the smaller of two where both are not negative", "0 <= min(m, n)", "true", {{"n", "0", ""}, {"m", "0", ""}}},
    {"the larger of two is at least one of them", "n <= max(i, n)", "true"},
    {"the smaller of two is at most one of them", "min(i, n) <= n", "true"},
    {"either of two is small", "max(i, j) < n", "true", {{"n", "1", ""}, {"i", "", "n - 1"}, {"j", "", "n - 1"}}},
    {"either choice is large", "0 <= select(i < j, m, n)", "true", {{"n", "0", ""}, {"m", "0", ""}}},
};

std::string text_of(const Rule& rule) { return fmt::format("{}: {} -> {}", rule.name, rule.before, rule.after); }

// a % n is a - n*(a / n): with the quotient, which is proved first, a sum of products.
Proof proof_of(const Rule& rule, const Expr& before, const Expr& simple, Solver& solver) {
  if (!*rule.quotient) return solver.equal(before, simple);
  const Expr &a = before.arg(0), &n = before.arg(1), quotient = parsed(rule.quotient);
  const Proof first = solver.equal(make_op(Op::div, {a, n}), quotient);
  return first == Proof::proved ? solver.equal(a - n*quotient, simple) : first;
}

}  // namespace

TEST_CASE("every rule of simplification fires on its row and is proved for all integers") {
  for (const Rule& rule : rules) {
    const auto ranges = ranges_of(rule.facts);
    Facts facts;
    for (const auto& [name, range] : ranges) facts.bound(name, range.lowest, range.highest);
    const Expr before = parsed(rule.before), simple = simplify(before, facts);
    CHECK_MESSAGE(simple == simplify(parsed(rule.after)), text_of(rule) << ", but it became " << print(simple));
    Solver solver(ranges);
    const Proof proof = proof_of(rule, before, simple, solver);
    CHECK_MESSAGE(proof == Proof::proved, text_of(rule) << (proof == Proof::refuted ? " is wrong: " + solver.counterexample() : " is too hard to prove"));
  }
}

// With numbers in place of letters, as they mostly come.
TEST_CASE("divisions of multiples and rests are right for every small divisor, factor and rest") {
  Solver solver({});
  for (int64_t d = 1; d <= 5; ++d) {
    for (int64_t factor = -6; factor <= 6; ++factor) {
      for (int64_t rest = -6; rest <= 6; ++rest) {
        const Expr value = make_var("q") * lathe::integer(factor) + make_var("r") + lathe::integer(rest);
        for (Op op : {Op::div, Op::mod}) {
          const Expr before = make_op(op, {value, lathe::integer(d)}), simple = simplify(before);
          if (simple == before) continue;
          CHECK_MESSAGE(solver.equal(before, simple) == Proof::proved, print(before) << " became " << print(simple));
        }
      }
    }
  }
}

TEST_CASE("what simplification makes of random expressions is proved equal, or too hard to prove") {
  Random random(21);
  int proved = 0, hard = 0;
  for (int t = 0; t < 150; ++t) {
    const RandomRanges ranges(random);
    const Expr e = t % 3 == 0 ? random_condition(random, 2, true) : random_index(random, 3, true);
    const Expr simple = simplify(e, ranges.facts);
    if (simple == e) continue;
    Solver solver(ranges.variables);
    const Proof proof = solver.equal(e, simple);
    CHECK_MESSAGE(proof != Proof::refuted, print(e) << " became " << print(simple) << ": " << solver.counterexample());
    ++(proof == Proof::proved ? proved : hard);
  }
  CHECK(proved > 4 * hard);
}

}  // namespace lathe::test
