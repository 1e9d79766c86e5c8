// Reads that a select around them keeps inside: proved, and safe in code that computes both sides.
#include <doctest/doctest.h>

#include "analysis/read_conditions.h"
#include "jit/compile.h"
#include "lang/oracle.h"
#include "lang/text.h"
#include "tests/errors.h"

namespace lathe {
namespace {

// What is wrong with its kernels, plain and constructed; "" if nothing. Inputs begin or end at a guard page.
std::string difference(const Operator& op) {
  const Schedule constructed = constructed_schedule(op, {});
  for (const auto& schedule : {std::optional<Schedule>(), std::optional<Schedule>(constructed)}) {
    const Kernel kernel = compile(op, {.schedule = schedule});
    CHECK(kernel.signature().conditions.empty());
    for (const auto& sizes : default_check_sizes(op)) {
      for (uint64_t seed : {1, 2}) {
        const CheckData data = make_check_data(op, sizes, {.seed = seed});
        kernel.run(data.bindings.tensors, {.threads = 2}, {});
        if (const CheckReport report = compare(op, data, {.seed = seed}); !report.good) return report.first_difference;
      }
    }
  }
  return "";
}

Operator parsed(const std::string& text) { return parse_file_text(text, "guarded.lathe").operators.at(0); }

}  // namespace

TEST_CASE("a read in the choice of a select that says it is inside needs no rule") {
  for (const char* text : {
           "padded(X: f32[M], Z: f32[N]) -> Y: f32[N]\n  Y[i] = select(i < M, X[i], Z[i])\n",
           "shifted(X: f32[M, N]) -> Y: f32[M, N]\n  Y[i, j] = select(i >= 1 and j > 2, X[i - 1, j - 3], 0) + X[i, j]\n",
           "turned(X: f32[N]) -> Y: f32[N]\n  Y[i] = select(i == 0, f32(5), X[i - 1])\n",
           "either(X: f32[N]) -> Y: f32[N]\n  Y[i] = select(i < 1 or i + 1 >= N, X[i], X[i - 1] + X[i + 1])\n",
           "lower(A: f32[N, N], x: f32[N]) -> y: f32[N]\n  y[i] = sum(k < N: select(k < i, A[i - 1 - k, k] * x[i - k - 1], 0))\n",
       }) {
    const Operator op = parsed(text);
    CHECK(read_conditions(with_reads_settled(op)).empty());
    CHECK_MESSAGE(difference(op) == "", text);
  }
}

TEST_CASE("one look at the reads finds the conditions that the settled operator has") {
  for (const char* text : {
           "padded(X: f32[M], Z: f32[N]) -> Y: f32[N]\n  Y[i] = select(i < M, X[i], Z[i])\n",
           "held(X: f32[N]) -> Y: f32[N]\n  Y[i] = X[i] outside edge + X[i] outside wrap\n",
           "moved(X: f32[M], Z: f32[N]) -> Y: f32[N]\n  Y[i] = X[i + 1] outside mirror + X[i] + Z[i]\n",
       }) {
    const SettledReads settled = settled_reads(parsed(text));
    const std::vector<ReadCondition> conditions = read_conditions(settled.op);
    REQUIRE_MESSAGE(settled.conditions.size() == conditions.size(), text);
    for (size_t i = 0; i < conditions.size(); ++i) CHECK(settled.conditions[i].condition == conditions[i].condition);
  }
}

TEST_CASE("a rule that no read needs is dropped, another is kept") {
  const auto rule_of = [](const std::string& text) {
    const Operator op = with_reads_settled(parsed(text));
    Boundary rule = Boundary::inside;
    for (const FuncContents& f : op.funcs) {
      for_each_value(f, [&](const Expr& value) {
        visit(value, [&](const Expr& e) { if (e.kind() == ExprKind::access && e->name == "X") rule = e->boundary; });
      });
    }
    return rule;
  };
  const std::string windows = "windows(X: f32[H], F: f32[R]) -> Y: f32[(H - R)/2 + 1]\n  P[y] = X[y + {}] outside 0\n  Y[y] = sum(r < R: P[2*y + r] * F[r])\n";
  const auto moved = [&](const std::string& by) { return windows.substr(0, windows.find("{}")) + by + windows.substr(windows.find("{}") + 2); };
  CHECK(rule_of(moved("0")) == Boundary::inside);
  CHECK(rule_of(moved("1")) == Boundary::constant);
  CHECK(rule_of("f(X: f32[N]) -> Y: f32[N]\n  Y[i] = X[i] outside edge + 1\n") == Boundary::inside);
  CHECK(rule_of("f(X: f32[N]) -> Y: f32[N]\n  Y[i] = X[i + 1] outside edge\n") == Boundary::edge);
  CHECK(difference(parsed(moved("0"))) == "");
}

TEST_CASE("a select that does not say so proves nothing") {
  CHECK(failure_of([] { compile(parsed("f(X: f32[N]) -> Y: f32[N]\n  Y[i] = select(i < N, X[i + N], 0)\n")); }).find("X[i + N]") != std::string::npos);
  const Operator op = parsed("f(X: f32[N], Z: f32[M]) -> Y: f32[N]\n  Y[i] = select(X[i] > 0, Z[i], 0)\n");
  CHECK(read_conditions(with_reads_settled(op)).size() == 1);
}

}  // namespace lathe
