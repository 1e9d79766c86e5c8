// Updates: definitions that change a Func in the order of a domain.
#include <doctest/doctest.h>

#include <algorithm>

#include "lang/func.h"
#include "lang/oracle.h"
#include "tests/lang/texts.h"

using namespace lathe;

namespace {

// A body for errors in one update: line 3.
std::string update_error(const std::string& update) {
  return text_error("f(X: f32[N], at: i64[N]) -> D: f32[N, N]\n  D[i, j] = 0\n  " + update + "\n");
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

constexpr const char* histogram = "histogram(X: u8[N]) -> H: i64[4]\n  H[b] = 0\n  over n < N: H[i64(X[n])] = H[i64(X[n])] + 1\n";

}  // namespace

TEST_CASE("an update reads back from what it prints") {
  for (const std::string& text :
       {std::string(histogram),
        std::string("edit(a: u8[M], b: u8[N]) -> D: i32[M + 1, N + 1]\n  D[i, j] = i32(i + j)\n  over p < M, q < N: "
                    "D[p + 1, q + 1] = min(min(D[p, q + 1], D[p + 1, q]) + 1, D[p, q] + i32(a[p] != b[q]))\n"),
        std::string("twice(X: f32[N]) -> Y: f32[N]\n  S[i] = (X[i], f32(0))\n  over k < N - 1: S[k + 1] = (S[k].0 + 1, S[k].1)\n"
                    "  over k < 2: S[k] = (S[k].0, f32(k))\n  Y[i] = S[i].0 + S[i].1\n")}) {
    const Operator op = parse_one(text);
    CHECK(print(op) == text);
    CHECK(parse_one(print(op)) == op);
  }
}

TEST_CASE("C++ and the text form make the same update") {
  Var b("b");
  Size N("N");
  Input X("X", u8, {N});
  RDom n(0, N, "n");
  Func H("H");
  H(b) = Expr(int64_t{0});
  over(n, H(cast(i64, X(n)))) = H(cast(i64, X(n))) + 1;
  CHECK(make_operator("histogram", {X}, {Output(H, {4})}) == parse_one(histogram));
}

TEST_CASE("updates run in the order of their domain, and writes that nobody reads are dropped") {
  const Operator op = parse_one(histogram);
  Tensor X(u8, {6}), H(i64, {4});
  const uint8_t values[] = {1, 3, 1, 200, 0, 1};
  std::copy(values, values + 6, X.as<uint8_t>());
  Bindings bindings{{{"N", 6}}, {}, {{"X", X.view()}, {"H", H.view()}}};
  interpret(op, bindings);
  CHECK(std::vector<int64_t>(H.as<int64_t>(), H.as<int64_t>() + 4) == std::vector<int64_t>{1, 3, 0, 1});
  PointOracle oracle(op, bindings);
  CHECK(oracle.at("H", 0, {1}).value == 3);

  const Operator scan = parse_one("scan(X: i32[N]) -> S: i32[N]\n  S[i] = X[i]\n  over k < N - 1: S[k + 1] = S[k] * 10 + S[k + 1]\n");
  Tensor digits(i32, {3}), S(i32, {3});
  for (int i = 0; i < 3; ++i) digits.as<int32_t>()[i] = i + 1;
  interpret(scan, {{{"N", 3}}, {}, {{"X", digits.view()}, {"S", S.view()}}});
  CHECK(std::vector<int32_t>(S.as<int32_t>(), S.as<int32_t>() + 3) == std::vector<int32_t>{1, 12, 123});
}

TEST_CASE("a Func of rank 0 is updated in order") {
  const Operator op = parse_one("last(X: i32[N]) -> S: i32[]\n  S[] = 0\n  over n < N: S[] = S[] * 10 + X[n]\n");
  Tensor X(i32, {2}), S(i32, {});
  X.as<int32_t>()[0] = 4;
  X.as<int32_t>()[1] = 2;
  interpret(op, {{{"N", 2}}, {}, {{"X", X.view()}, {"S", S.view()}}});
  CHECK(S.as<int32_t>()[0] == 42);
}

TEST_CASE("an update of an empty domain changes nothing") {
  const Operator scan = parse_one("scan(X: i32[N]) -> S: i32[N + 1]\n  S[i] = 7\n  over k < N - 1: S[k + 1] = S[k] + X[k]\n");
  Tensor X(i32, {0}), S(i32, {1});
  interpret(scan, {{{"N", 0}}, {}, {{"X", X.view()}, {"S", S.view()}}});
  CHECK(S.as<int32_t>()[0] == 7);
}

TEST_CASE("exact mode applies to updates that choose or add, not to those that may grow beyond every limit") {
  const auto exact_at = [](const std::string& value) {
    const Operator op = parse_one("f(X: f32[N]) -> S: f32[N]\n  S[i] = X[i]\n  over k < N - 1: S[k + 1] = " + value + "\n");
    const CheckData data = make_check_data(op, {{"N", 100}}, {});
    return exact_mode_applies(op, data.bindings);
  };
  CHECK(exact_at("S[k] + X[k]"));
  CHECK(exact_at("max(S[k], X[k])"));
  CHECK_FALSE(exact_at("S[k] + S[k + 1]"));
  CHECK_FALSE(exact_at("S[k] * X[k]"));
}

TEST_CASE("wrong updates are refused where they stand") {
  CHECK(contains(update_error("over n < N: E[n, n] = 1"), "an update of something that is not defined above it: got 'E'"));
  CHECK(contains(update_error("over n < N: D[n] = 1"), "an update of D: got 1 indices, need 2"));
  CHECK(contains(update_error("over n < N: D[i, n] = (1, 2)"), "an update of D: got 2 values, need 1"));
  CHECK(contains(update_error("over n < N: D[i, n] = i32(n)"), "an update changes the type of D: got i32, need f32"));
  CHECK(contains(update_error("over n < N: D[i, n] = D[i + 1, n]"), "an update of D reads it at another i"));
  CHECK(contains(update_error("over n < N: D[n, i] = 1"), "an update of D uses i"));
  CHECK(contains(update_error("over n < N: D[i, n] = X[j]"), "an update of D uses j"));
  CHECK(contains(update_error("over i < N: D[i, j] = 1"), "a reduction variable has a name that is taken"));
  CHECK(contains(update_error("over n < N: D[i, n] = sum(k < N: X[k])"), "an update of D holds a reduction"));
  CHECK(contains(update_error("over n < N: D[i, n] = D[i, at[n]]"), "D reads D at an index that is data"));
  CHECK(contains(update_error("over n < N: D[i, n] = 1\n  over n < N: D[n, j] = 1"), "leave different indices free"));
  CHECK(contains(update_error("over n < N: D[i, n] = X[n] outside none"), "no reduction around it"));
  CHECK(contains(update_error("over n < N D[i, n] = 1"), "over n < N: H[i]"));
  CHECK(contains(text_error("f(X: f32[N]) -> D: f32[N]\n  D[i] = sum(k < N: X[k])\n  over n < N: D[n] = 1\n"),
                 "D is a reduction and has an update"));
  CHECK(contains(update_error("over n < N: D[i, n] = 1\n  D[i, j] = 2"), "t.lathe:4"));
}

TEST_CASE("a write that nobody reads is not even evaluated") {
  const Operator op = parse_one(
      "scatter(X: f32[N], row: i64[N], base: f32[V]) -> Y: f32[V]\n  Y[v] = base[v]\n  over n < N: Y[row[n]] = Y[row[n]] + X[n]\n");
  Tensor X(f32, {2}), row(i64, {2}), base(f32, {3}), Y(f32, {3});
  std::fill(X.as<float>(), X.as<float>() + 2, 2.f);
  std::fill(base.as<float>(), base.as<float>() + 3, 1.f);
  row.as<int64_t>()[0] = 3;
  row.as<int64_t>()[1] = 1;
  const Bindings bindings{{{"N", 2}, {"V", 3}}, {}, {{"X", X.view()}, {"row", row.view()}, {"base", base.view()}, {"Y", Y.view()}}};
  interpret(op, bindings);
  CHECK(std::vector<float>(Y.as<float>(), Y.as<float>() + 3) == std::vector<float>{1, 3, 1});
  CHECK(PointOracle(op, bindings).at("Y", 0, {1}).value == 3);
}
