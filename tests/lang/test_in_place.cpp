// Outputs in the place of inputs: the text form, C++, arguments, the interpreter, and what is refused.
#include <doctest/doctest.h>

#include "lang/func.h"
#include "lang/interpret.h"
#include "lang/text.h"

namespace lathe {
namespace {

Operator parsed(const std::string& text) { return parse_file_text(text, "t.lathe").operators.at(0); }

std::string refusal(const std::string& text) {
  try {
    parsed(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

constexpr const char* add = "add(X: f32[N], S: f32[N]) -> T: f32[N] in S\n  T[i] = S[i] + X[i]\n";

}  // namespace

TEST_CASE("an output in the place of an input prints as it is written, and is the same from C++") {
  const Operator op = parsed(add);
  CHECK(print(op) == add);
  Var i("i");
  Size N("N");
  Input X("X", f32, {N}), S("S", f32, {N});
  Func T("T");
  T(i) = S(i) + X(i);
  CHECK(make_operator("add", {X, S}, {{T, {N}, S}}) == op);
  CHECK_FALSE(make_operator("add", {X, S}, {{T, {N}}}) == op);
}

TEST_CASE("an input that is written is one argument") {
  const std::vector<TensorArgument> arguments = tensor_arguments(parsed(add));
  REQUIRE(arguments.size() == 2);
  CHECK(arguments[0].name == "X");
  CHECK(arguments[1].name == "S");
  CHECK((arguments[1].is_input && arguments[1].is_output));
  CHECK((arguments[0].is_input && !arguments[0].is_output));
}

TEST_CASE("the interpreter changes an input in its place, and can put the result elsewhere") {
  const Operator op = parsed(
      "shift(S: i64[N]) -> T: i64[N] in S, U: i64[N]\n  T[i] = S[i] * 10\n  U[i] = T[N - 1 - i] + T[i]\n");
  Tensor s(i64, {3}), t(i64, {3}), u(i64, {3});
  const auto fill = [&] { for (int n = 0; n < 3; ++n) s.as<int64_t>()[n] = n + 1; };
  fill();
  interpret(op, {.sizes = {{"N", 3}}, .params = {}, .tensors = {{"S", s}, {"U", u}}});
  CHECK(s.as<int64_t>()[2] == 30);
  CHECK(u.as<int64_t>()[0] == 40);
  fill();
  interpret(op, {.sizes = {{"N", 3}}, .params = {}, .tensors = {{"S", s}, {"T", t}, {"U", u}}});
  CHECK(s.as<int64_t>()[2] == 3);
  CHECK(t.as<int64_t>()[2] == 30);
}

TEST_CASE("old values are read at their own place by the new ones only") {
  const std::string head = "f(X: f32[N], S: f32[N]) -> T: f32[N] in S, U: f32[N]\n";
  CHECK(contains(refusal(head + "  T[i] = S[i] + S[N - 1 - i]\n  U[i] = X[i]\n"), "T reads S, whose place the output T takes: got S[N - 1 - i], need S[i] in the definition of T only"));
  CHECK(contains(refusal(head + "  T[i] = S[i]\n  U[i] = S[i]\n"), "U reads S, whose place the output T takes"));
  CHECK(contains(refusal(head + "  T[i] = S[i] outside 0\n  U[i] = X[i]\n"), "T reads S"));
  CHECK(contains(refusal(head + "  T[i] = S[i] + sum(k < N: S[k])\n  U[i] = X[i]\n"), "T.sum reads S"));
  CHECK(contains(refusal(head + "  T[i] = S[i]\n  over k < N: T[k] = T[k] + S[k]\n  U[i] = X[i]\n"), "T reads S"));
  CHECK(contains(refusal(head + "  T[i] = X[i]\n  U[i] = X[i]\n"), "got a definition that does not read it, need a read of S[i]"));
  CHECK(contains(refusal(head + "  T[i] = sum(k < N: S[i] * X[k])\n  U[i] = X[i]\n"), "got a reduction, need a pure definition"));
}

TEST_CASE("shape, type and name of an output are those of the input whose place it takes") {
  CHECK(contains(refusal("f(S: f32[M, N]) -> T: f32[N, M] in S\n  T[i, j] = S[i, j]\n"), "got [N, M], need [M, N], the shape of the input"));
  CHECK(contains(refusal("f(S: f32[N]) -> T: f64[N] in S\n  T[i] = f64(S[i])\n"), "got f64, need f32"));
  CHECK(contains(refusal("f(Sum: f32[N]) -> T: f32[N] in Sun\n  T[i] = Sum[i]\n"), "did you mean Sum?"));
  CHECK(contains(refusal("f(S: f32[N]) -> T: f32[N] in S, U: f32[N] in S\n  T[i] = S[i]\n  U[i] = S[i]\n"), "an input whose place is taken"));
  CHECK(contains(refusal("f(S: f32[N]) -> T: (f32, f32)[N] in S\n  T[i] = (S[i], S[i])\n"), "got a tuple, need a single component"));
}

}  // namespace lathe
