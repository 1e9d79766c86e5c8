// Algorithms written in C++: the operators that they make, and the errors with the author's line.
#include <doctest/doctest.h>

#include "lang/func.h"
#include "lang/text.h"

using namespace lathe;

namespace {

struct Refused {
  std::string text;
  SourceLocation where;
};

template <class Make>
Refused refusal_of(const Make& make) {
  try {
    make();
  } catch (const Error& e) {
    return {std::string(code_text(e.code())) + " " + e.what(), e.parts().where};
  }
  return {"no error", {}};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Operator parsed(const std::string& text) { return parse_file_text(text, "t.lathe").operators.at(0); }

// Printing and parsing gives the same operator.
void check_round_trip(const Operator& op) { CHECK(parsed(print(op)) == op); }

const Var i("i"), j("j");
const Size M("M"), N("N"), K("K", 1, 1 << 24);

}  // namespace

TEST_CASE("a matrix product with bias in C++ equals its text") {
  Input A("A", f32, {M, K}), B("B", f32, {K, N}), bias("bias", f32, {N});
  RDom k(0, K, "k");
  Func C("C"), D("D");
  C(i, j) = sum(k, A(i, k) * B(k, j));
  D(i, j) = max(C(i, j) + bias(j), 0.f);
  const Operator dense = make_operator("dense", {A, B, bias}, {{D, {M, N}}});
  CHECK(dense == parsed("dense(A: f32[M, K], B: f32[K, N], bias: f32[N]) -> D: f32[M, N]\n"
                        "  size K in 1..16777216\n"
                        "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n"
                        "  D[i, j] = max(C[i, j] + bias[j], 0)\n"));
  check_round_trip(dense);
  CHECK(dense.funcs.size() == 2);
  for (const FuncContents& f : dense.funcs) {
    visit(f.values[0], [](const Expr& e) { CHECK(e->func == nullptr); });
  }
}

TEST_CASE("a reduction inside an expression becomes a Func of its own") {
  Input A("A", f32, {M, K});
  RDom k(0, K, "k");
  Func mean("mean");
  mean(i) = sum(k, A(i, k)) / cast(f32, K);
  const Operator op = make_operator("mean", {A}, {{mean, {M}}});
  REQUIRE(op.funcs.size() == 2);
  CHECK(op.funcs[0].name == "mean.sum");
  CHECK(op.funcs[0].vars == std::vector<std::string>{"i"});
  CHECK(op.funcs[0].is_reduction());
  CHECK_FALSE(op.funcs[1].is_reduction());
}

TEST_CASE("tuples, tuple reductions and 0-d outputs exist in C++") {
  Input X("X", f32, {M});
  RDom k(0, M, "k");
  Func both("both"), difference("difference"), total("total");
  both(i) = {X(i), X(i) * X(i)};
  difference(i) = both(i)[1] - both(i)[0];
  total() = sum(k, Tuple{X(k), difference(k)});
  const Operator op = make_operator("several", {X}, {{difference, {M}}, {total, {}}});
  check_round_trip(op);
  const std::vector<TensorArgument> arguments = tensor_arguments(op);
  REQUIRE(arguments.size() == 4);
  CHECK(arguments[2].name == "total.0");
  CHECK(arguments[3].name == "total.1");
  CHECK(arguments[3].extents.empty());
}

TEST_CASE("a Func may be defined by a read of another") {
  Input X("X", f32, {M});
  Func a("a"), copy("copy");
  a(i) = X(i);
  copy(i) = a(i);
  CHECK(make_operator("copy", {X}, {{copy, {M}}}).funcs.size() == 2);
}

TEST_CASE("a reduction domain that begins at 0 is its plain variable") {
  CHECK(Expr(RDom(0, K, "k")) == make_var("k"));
  CHECK(Expr(RDom(2, K, "k")) == 2 + make_var("k"));
}

TEST_CASE("parameters are static without a type and run-time with one") {
  Input X("X", f32, {M});
  Param stride("stride", 2), alpha("alpha", f32, 0.5);
  Func Y("Y");
  Y(i) = X.at({i * stride}, Boundary::edge) * alpha;
  const Operator op = make_operator("scale", {X, stride, alpha}, {{Y, {(M - 1) / stride + 1}}});
  check_round_trip(op);
  CHECK(op.params[0].is_static);
  CHECK_FALSE(op.params[1].is_static);
}

TEST_CASE("a boundary value takes the type of its input") {
  Input X("X", f32, {M});
  CHECK(X.at({i}, Boundary::constant, 1)->boundary_value == make_float(f32, 1));
  CHECK(X.at({i}, Boundary::constant)->boundary_value == make_float(f32, 0));
  Input I("I", i32, {M});
  CHECK(contains(refusal_of([&] { I.at({i}, Boundary::constant, 0.5); }).text, "L104"));
}

TEST_CASE("reads, definitions, reductions and operators know their line") {
  const int declared = __LINE__ + 1;
  Input X("X", f32, {M});
  CHECK(X.declaration().where.line == declared);
  CHECK(X(i)->where.line == __LINE__);
  CHECK(X.at({i})->where.line == __LINE__);
  CHECK(sum({RDom(0, M, "k")}, X(i))->where.line == __LINE__);
  Func Y("Y");
  const int defined = __LINE__ + 1;
  Y(i) = X(i);
  CHECK(Y.contents()->where.line == defined);
  CHECK(contains(Y.contents()->where.file.str(), "test_func.cpp"));
  const int made = __LINE__ + 1;
  const Operator op = make_operator("f", {X}, {{Y, {M}}});
  CHECK(op.where.line == made);
}

TEST_CASE("a mismatch of types names the line of the read") {
  Input X("X", f32, {M}), I("I", i32, {M});
  int line = 0;
  const Refused refused = refusal_of([&] {
    line = __LINE__ + 1;
    (void)(X(i) + I(i));
  });
  CHECK(contains(refused.text, "L104 lathe: define: operands of + have different types: got f32, i32, need one type"));
  CHECK(refused.where.line == line);
}

TEST_CASE("a Func is defined once, before it is read, at distinct Vars") {
  Input X("X", f32, {M});
  Func Y("Y"), Z("Z");
  CHECK(contains(refusal_of([&] { Z(i) = Y(i); }).text,
                 "L110 lathe: algorithm: Y is read: got no definition, need a definition before the first read"));
  CHECK(contains(refusal_of([&] { Y(i) = Y(i) + X(i); }).text, "Y is read: got no definition"));
  Y(i) = X(i);
  int line = 0;
  const Refused twice = refusal_of([&] {
    line = __LINE__ + 1;
    Y(i) = X(i) * 2;
  });
  CHECK(
      contains(twice.text, "L103 lathe: algorithm: Y is defined twice: got a second definition, need one definition"));
  CHECK(contains(twice.text, "hint: the first is at"));
  CHECK(twice.where.line == line);
  CHECK(contains(refusal_of([&] { Z(i, i) = X(i); }).text,
                 "L110 lathe: algorithm: the indices that define Z: got i twice, need distinct Vars"));
  CHECK(contains(refusal_of([&] { Z(i + 1) = X(i); }).text, "the indices that define Z: got an expression"));
  CHECK(contains(refusal_of([&] { Z(i) = Expr(); }).text, "L110 lathe: algorithm: Z has no value"));
  CHECK(contains(refusal_of([&] { (void)Y(i)[1]; }).text, "component 1 of Y is read: got 1, need 0 to 0"));
  Func Q("Q");
  CHECK(contains(refusal_of([&] {
                   make_operator("f", {X}, {{Q, {M}}});
                 }).text,
                 "L110 lathe: algorithm: output Q has no value: got no definition"));
}

TEST_CASE("two Funcs of one name in one operator are an error") {
  Input X("X", f32, {M});
  Func a("a"), other("a"), Y("Y");
  a(i) = X(i);
  other(i) = X(i) * 2;
  Y(i) = a(i) + other(i);
  CHECK(contains(refusal_of([&] {
                   make_operator("f", {X}, {{Y, {M}}});
                 }).text,
                 "L103 lathe: algorithm: Func a has the name of another Func: got a, need names used once"));
}

TEST_CASE("two sizes of one name must agree, and a size has a range") {
  const Size other("M", 1, 8);
  Input X("X", f32, {M, other});
  Func Y("Y");
  Y(i, j) = X(i, j);
  CHECK(contains(refusal_of([&] {
                   make_operator("f", {X}, {{Y, {M, M}}});
                 }).text,
                 "L103 lathe: algorithm: two sizes of one name in input X: got M in 1..8 multiple of 1"));
  CHECK(contains(refusal_of([] { Size("S", 5, 4); }).text, "L108 lathe: algorithm: the range of size S"));
}

TEST_CASE("an input that is read but no argument is an unknown tensor") {
  Input X("X", f32, {M}), Xs("Xs", f32, {M});
  Func Y("Y");
  const int line = __LINE__ + 1;
  Y(i) = X(i) + Xs(i);
  const Refused refused = refusal_of([&] { make_operator("f", {X}, {{Y, {M}}}); });
  CHECK(contains(refused.text, "L102 lathe: algorithm: Y reads a tensor that does not exist: got Xs"));
  CHECK(contains(refused.text, "hint: did you mean X?"));
  CHECK(refused.where.line == line);
}

TEST_CASE("a name that the text form cannot write is an error") {
  Input X("X", f32, {M});
  Func Y("two words"), Z("or");
  Y(i) = X(i);
  Z(i) = X(i);
  CHECK(contains(refusal_of([&] {
                   make_operator("f", {X}, {{Y, {M}}});
                 }).text,
                 "L110 lathe: algorithm: the name of a Func: got 'two words'"));
  CHECK(contains(refusal_of([&] { make_operator("f", {X}, {{Z, {M}}}); }).text, "a word of the language"));
}
