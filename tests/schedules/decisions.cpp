// The constructive scheduler asks, and goes by the answers.
#include <doctest/doctest.h>

#include <algorithm>

#include "lang/text.h"
#include "schedules/construct/construct.h"
#include "schedules/text.h"
#include "tests/errors.h"

namespace lathe {
namespace {

const char* const product =
    "product(A: f32[M, K], B: f32[K, N], b: f32[N]) -> D: f32[M, N]\n"
    "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n"
    "  D[i, j] = max(C[i, j] + b[j], 0)\n";
const char* const chain =
    "chain(X: f32[H, W]) -> Y: f32[H, W]\n"
    "  E[i, j] = exp(X[i, j]) + exp(2 * X[i, j])\n"
    "  S[i] = sum(j < W: E[i, j])\n"
    "  Y[i, j] = E[i, j] / S[i]\n";

Operator op_of(const char* text) { return parse_file_text(text, "d.lathe").operators.at(0); }
Target avx2() { return target_named("x86-64-v3"); }

const Decision& decision(const Decisions& decisions, const std::string& name) {
  const auto& made = decisions.made();
  const auto found = std::find_if(made.begin(), made.end(), [&](const Decision& d) { return d.name == name; });
  REQUIRE_MESSAGE(found != made.end(), name);
  return *found;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("without wishes the schedule is the constructed one, and its trace is empty") {
  for (const char* text : {product, chain}) {
    const Operator op = op_of(text);
    Decisions decisions;
    CHECK(construct_schedule(op, avx2(), decisions) == construct_schedules(op, avx2()).front());
    CHECK(decisions.trace().empty());
    CHECK(decisions.made().size() > 5);
  }
}

TEST_CASE("a wish changes what it names and nothing else") {
  const Operator op = op_of(product);
  Decisions decisions(Trace{{"C.tile.rows", "3"}});
  const std::string text = print(construct_schedule(op, avx2(), decisions));
  CHECK(contains(text, "width 16: 3 rows"));
  CHECK(decision(decisions, "C.tile.rows").taken == "3");
  CHECK(decision(decisions, "C.vector").taken == "j");
  CHECK(print(decisions.trace()) == "C.tile.rows=3");
}

TEST_CASE("where a Func is computed, its epilogue and the axis of lanes are decisions") {
  const Operator op = op_of(product);
  Decisions apart(Trace{{"D.epilogue", "no"}}), other(Trace{{"C.vector", "i"}});
  CHECK(!contains(print(construct_schedule(op, avx2(), apart)), "epilogue_of"));
  construct_schedule(op, avx2(), other);
  CHECK(decision(other, "C.vector").taken == "i");
  const Operator softmax = op_of(chain);
  Decisions whole(Trace{{"S.place", "root"}, {"E.place", "root"}}), inlined(Trace{{"E.place", "inlined"}});
  CHECK(!contains(print(construct_schedule(softmax, avx2(), whole)), "compute_at"));
  construct_schedule(softmax, avx2(), inlined);
  CHECK(decision(inlined, "E.place").taken == "inlined");
}

TEST_CASE("a wish that is no option is left aside, and a number comes as near as it may") {
  const Operator op = op_of(product);
  Decisions decisions(Trace{{"C.vector", "nothing"}, {"X.place", "root"}, {"C.tile.rows", "1000"}, {"C.order", "a/b"}});
  construct_schedule(op, avx2(), decisions);
  CHECK(decision(decisions, "C.vector").taken == "j");
  CHECK(decision(decisions, "C.tile.rows").taken == "16");
  CHECK(!decisions.trace().count("X.place"));
}

TEST_CASE("a trace on another operator gives what it can there") {
  Decisions decisions(Trace{{"C.tile.rows", "2"}, {"C.panel.tiles", "2"}});
  const Operator small = op_of("small(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n");
  CHECK(contains(print(construct_schedule(small, avx2(), decisions)), "width 16: 2 rows"));
}

TEST_CASE("traces print and parse, and a word that is none is refused") {
  const Trace trace{{"C.tile.rows", "4"}, {"C.order", "j/i"}};
  CHECK(parse_trace(print(trace)) == trace);
  CHECK(parse_trace("").empty());
  CHECK(failure_of([] { parse_trace("C.rows"); }) == "lathe: parse: a trace of decisions: got C.rows, need name=answer");
}

TEST_CASE("orders of up to three names are all options, of more those with one name moved") {
  Decisions decisions(Trace{{"three", "c/b/a"}, {"four", "d/a/b/c"}});
  CHECK(decisions.order("three", {"a", "b", "c"}) == std::vector<std::string>{"c", "b", "a"});
  CHECK(decision(decisions, "three").options.size() == 6);
  CHECK(decisions.order("four", {"a", "b", "c", "d"}) == std::vector<std::string>{"d", "a", "b", "c"});
  CHECK(decision(decisions, "four").options.size() == 10);
  CHECK(decisions.order("one", {"a"}) == std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace lathe
