// What checked() accepts, refuses and makes of an operator, whichever front end built it; combiners; static parameters.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "lang/algorithm.h"
#include "lang/text.h"
#include "tests/errors.h"

using namespace lathe;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Operator parsed(const std::string& text) { return parse_file_text(text, "t.lathe").operators.at(0); }

// Of an operator with input A: f32[N, M], index input I: i64[N] and these lines.
std::string text_error(const std::string& lines, const std::string& head_end = "; s = 1, p: f32 = 1) -> D: f32[N]\n") {
  return error_of([&] { parsed("f(A: f32[N, M], I: i64[N]" + head_end + lines); });
}

const Expr i = make_var("i"), k = make_var("k");

Expr read(const std::string& name, std::vector<Expr> indices, DType type = f32) {
  return make_access(name, type, std::move(indices));
}

FuncContents func(const std::string& name, Expr value, std::vector<ReductionVar> rvars = {}) {
  FuncContents f;
  f.name = name;
  f.vars = {"i"};
  if (!rvars.empty()) f.combiner = builtin_combiner("sum", {value.type().dtype});
  f.rvars = std::move(rvars);
  f.values = {std::move(value)};
  f.where = {"t.cpp", 5, 1};
  return f;
}

// An operator with input A: f32[N] and output D of extent N.
Operator built(std::vector<FuncContents> funcs) {
  Operator op;
  op.name = std::string("f");
  op.inputs = {{"A", f32, {make_var("N")}, {}}};
  op.funcs = std::move(funcs);
  op.outputs = {{"D", {make_var("N")}, "", {"t.cpp", 9, 1}}};
  op.where = {"t.cpp", 9, 1};
  return op;
}

std::string built_error(std::vector<FuncContents> funcs) {
  return error_of([&] { checked(built(std::move(funcs))); });
}

std::vector<std::string> names_of(const Operator& op) {
  std::vector<std::string> names;
  for (const FuncContents& f : op.funcs) names.push_back(f.name);
  return names;
}

}  // namespace

TEST_CASE("Funcs are ordered producers first and unneeded ones dropped") {
  const Operator op = checked(built({func("D", read("C", {i})), func("unused", read("A", {i})),
                                     func("C", read("B", {i}) * 2), func("B", read("A", {i}))}));
  CHECK(names_of(op) == std::vector<std::string>{"B", "C", "D"});
  CHECK(checked(op) == op);
}

TEST_CASE("a Func that needs itself is an error that shows the way round") {
  CHECK(
      contains(built_error({func("D", read("D", {i - 1}))}),
               "L109 lathe: algorithm: D needs itself: got D -> D, need Funcs that read earlier ones\n  at t.cpp:5:1"));
  CHECK(contains(built_error({func("D", read("B", {i})), func("B", read("C", {i})), func("C", read("B", {i}))}),
                 "B needs itself: got B -> C -> B"));
  CHECK(contains(built_error({func("D", read("A", {i})), func("B", read("B", {i}))}), "B needs itself"));
}

TEST_CASE("a chain of Funcs that each read the last one twice is checked quickly") {
  std::vector<FuncContents> funcs = {func("F", read("A", {i}))};
  for (int f = 1; f < 60; ++f) {
    const std::string last = funcs.back().name;
    funcs.push_back(func(last + "x", read(last, {i}) + read(last, {i + 1})));
  }
  funcs.push_back(func("D", read(funcs.back().name, {i})));
  CHECK(checked(built(std::move(funcs))).funcs.size() == 61);
}

TEST_CASE("reductions inside expressions become Funcs, and equal ones are one") {
  const Operator op = parsed(
      "f(A: f32[N, M]) -> D: f32[N]\n"
      "  D[i] = sum(k < M: A[i, k]) * sum(k < M: A[i, k]) + sum(q < M: A[i, q] * 2) + max(k < M: A[i, k])\n");
  CHECK(names_of(op) == std::vector<std::string>{"D.sum", "D.sum2", "D.max", "D"});
  CHECK(op.funcs[0].where.line == 2);
  CHECK(parsed(print(op)) == op);
}

TEST_CASE("a reduction inside a reduction has those outer variables as indices that it uses") {
  const Operator op = parsed(
      "f(A: f32[N, M], B: f32[M, N]) -> D: f32[N]\n"
      "  D[i] = sum(k < M: A[i, k] * sum(q < N: B[k, q]))\n");
  REQUIRE(op.funcs.size() == 2);
  CHECK(op.funcs[0].vars == std::vector<std::string>{"k"});
  CHECK(op.funcs[1].rvars[0].name == "k");
  CHECK(parsed(print(op)) == op);
}

TEST_CASE("a tuple of reductions reads a Func for each") {
  const Operator op =
      parsed("f(A: f32[N, M]) -> D: (f32, f32)[N]\n  D[i] = (sum(k < M: A[i, k]), max(k < M: A[i, k]))\n");
  CHECK(names_of(op) == std::vector<std::string>{"D.sum", "D.max", "D"});
  CHECK(op.funcs[2].components() == 2);
}

TEST_CASE("a size must be the whole extent of some input") {
  CHECK(contains(error_of([] { parsed("f(A: f32[N*2]) -> D: f32[N]\n  D[i] = A[i]\n"); }),
                 "L110 lathe: algorithm: size N cannot be found from the arguments: got only part of an extent, need "
                 "some input with N as a whole extent\n  at t.lathe:1:"));
  const Operator op = parsed("f(A: f32[N*2, K], B: f32[M, N]) -> D: f32[N]\n  D[i] = A[i, 0] + B[0, i]\n");
  REQUIRE(op.sizes.size() == 3);
  CHECK(op.sizes[0].name == "N");
  CHECK(op.sizes[1].name == "K");
  CHECK(op.sizes[2].name == "M");
  Operator unused = built({func("D", read("A", {i}))});
  unused.sizes = {{"NN"}};
  CHECK(contains(error_of([&] { checked(unused); }), "L102 lathe: algorithm: no input of f has this size: got NN"));
}

TEST_CASE("extents are i64 formulas over sizes and static parameters") {
  Operator op = built({func("D", read("A", {i}))});
  const auto with_extent = [&](Expr e) {
    Operator other = op;
    other.outputs[0].extents = {std::move(e)};
    return error_of([&] { checked(other); });
  };
  CHECK(
      contains(with_extent(make_var("M")), "L102 lathe: algorithm: an extent of output D names something else: got M"));
  CHECK(contains(with_extent(read("A", {0}, i64)), "an extent of output D names something else: got A[0]"));
  CHECK(contains(with_extent(make_float(f32, 1)), "L104 lathe: algorithm: an extent of output D: got f32, need i64"));
  CHECK(contains(with_extent(-3), "L108 lathe: algorithm: an extent of output D: got -3, need 0 or more"));
  CHECK(contains(with_extent(make_var("N") / 0), "L108 lathe: algorithm: an extent of output D divides by zero"));
  CHECK(contains(with_extent({}), "L110"));
  CHECK(contains(built_error({func("D", read("A", {i}), {{"k", i}})}),
                 "L102 lathe: algorithm: the extent of k in D names something else: got i, need sizes and static"));
}

TEST_CASE("outputs are Funcs with an extent for each index") {
  Operator op = built({func("D", read("A", {i}))});
  op.outputs[0].extents.push_back(make_var("N"));
  CHECK(
      contains(error_of([&] { checked(op); }), "L105 lathe: algorithm: output D: got 2 extents, need 1, one for each"));
  op.outputs = {{"E", {make_var("N")}}};
  CHECK(contains(error_of([&] { checked(op); }), "L102 lathe: algorithm: an output has no definition: got E"));
  op.outputs = {{"D", {make_var("N")}}, {"D", {make_var("N")}}};
  CHECK(contains(error_of([&] { checked(op); }), "L103 lathe: algorithm: an output is listed twice"));
  op.outputs.clear();
  CHECK(contains(error_of([&] { checked(op); }), "L110 lathe: algorithm: f computes nothing: got no outputs"));
}

TEST_CASE("names are unique across sizes, parameters, tensors and indices") {
  CHECK(contains(built_error({func("D", read("A", {i})), func("A", read("A", {i}))}),
                 "L103 lathe: algorithm: Func A has the name of another input: got A, need names used once"));
  FuncContents taken = func("D", read("A", {make_var("N")}));
  taken.vars = {"N"};
  CHECK(contains(built_error({taken}), "L103 lathe: algorithm: index N of D"));
  CHECK(contains(built_error({func("D", read("A", {i}), {{"i", make_var("N")}})}), "index i of D"));
}

TEST_CASE("names that stand for nothing get the nearest name as a hint") {
  CHECK(contains(
      built_error({func("D", read("A", {make_var("ii")}))}),
      "L102 lathe: algorithm: D uses a name that stands for nothing: got ii, need an index, size or parameter"));
  CHECK(contains(built_error({func("D", read("Dat", {i})), func("Data", read("A", {i}))}), "hint: did you mean Data?"));
  CHECK(contains(built_error({func("D", read("A", {k}) + 1)}), "got k"));
}

TEST_CASE("reads match rank, component and type of their tensor") {
  CHECK(contains(built_error({func("D", read("A", {i, i}))}),
                 "L105 lathe: algorithm: D reads A[i, i]: got 2 indices, need 1"));
  CHECK(contains(built_error({func("D", read("A", {i}, f64))}),
                 "L104 lathe: algorithm: D reads A[i]: got f64, need f32"));
  ExprNode second = *read("A", {i});
  second.component = 1;
  CHECK(contains(built_error({func("D", make_access(second))}), "D reads component 1 of A: got 1, need 0 to 0"));
  CHECK(contains(built_error({func("D", read("A", {make_var("i", {i32, 1})}))}), "L104"));
  CHECK(contains(text_error("  D[i] = A[i, i32(I[i])]\n"), "L104"));
}

TEST_CASE("an index that is data needs a boundary rule") {
  CHECK(contains(text_error("  D[i] = A[I[i], 0]\n"),
                 "L107 lathe: algorithm: D reads A at an index that is data: got I[i], need a boundary rule\n"
                 "  at t.lathe:2:12\n  hint: write for example: outside edge"));
  CHECK(text_error("  D[i] = A[I[i], 0] outside edge\n") == "no error");
  CHECK(contains(text_error("  E[i] = A[i, 0]\n  D[i] = E[I[i]]\n"),
                 "got I[i], need an index with bounds\n"));
  CHECK(text_error("  E[i] = A[i, 0]\n  D[i] = E[min(max(I[i], 0), 7)]\n") == "no error");
  CHECK(text_error("  E[i] = A[i, 0]\n  D[i] = E[i64(u8(I[i])) + 1]\n") == "no error");
  CHECK(contains(text_error("  E[i] = A[i, 0]\n  D[i] = E[max(I[i], 0)]\n"), "need an index with bounds"));
}

TEST_CASE("an absent term needs a reduction around it") {
  CHECK(contains(text_error("  D[i] = A[i, 0] outside none\n"),
                 "L110 lathe: algorithm: D reads A outside none: got no reduction around it"));
  CHECK(text_error("  D[i] = max(k < M: A[i, k - 1] outside none)\n") == "no error");
  CHECK(text_error("  E[i] = A[i, 0] outside none\n  D[i] = sum(k < 3: E[i + k])\n") == "no error");
  CHECK(contains(text_error("  E[i] = A[i, 0] outside none\n  D[i] = sum(k < 3: E[i + k]) + E[i]\n"),
                 "E reads A outside none"));
}

TEST_CASE("integer division by the constant zero and impossible shifts are errors") {
  CHECK(contains(text_error("  D[i] = A[i / 0, 0] outside 0\n"),
                 "L108 lathe: algorithm: D divides by zero: got i / 0, need a divisor that is not the constant 0"));
  CHECK(contains(text_error("  D[i] = A[i % 0, 0] outside 0\n"), "D divides by zero"));
  CHECK(contains(text_error("  D[i] = A[i << 64, 0] outside 0\n"), "L108 lathe: algorithm: D shifts by 64"));
  CHECK(contains(text_error("  D[i] = A[i >> -1, 0] outside 0\n"), "D shifts by -1"));
  CHECK(text_error("  D[i] = A[i, 0] / 0\n") == "no error");
}

TEST_CASE("loop IR has no place in an algorithm") {
  CHECK(contains(built_error({func("D", read("A", {make_ramp(i, make_integer(i64, 1), 4)}))}), "L104"));
  ExprNode masked = *read("A", {i});
  masked.mask = make_true();
  CHECK(contains(built_error({func("D", make_access(masked))}), "L110 lathe: algorithm: D reads A[i]"));
  CHECK(contains(built_error({func("D", Expr(1.f)), func("E", Expr(2.f)), func("E", Expr(2.f))}), "L103"));
}

TEST_CASE("a combiner fits the values that it joins") {
  const auto with = [](const std::function<void(Combiner&)>& change) {
    FuncContents f = func("D", read("A", {i}), {{"k", make_var("N")}});
    Combiner combiner = *f.combiner;
    change(combiner);
    f.combiner = std::make_shared<const Combiner>(combiner);
    return built_error({f});
  };
  CHECK(with([](Combiner&) {}) == "no error");
  CHECK(contains(with([](Combiner& c) { c.identity[0] = make_float(f64, 0); }),
                 "L104 lathe: algorithm: D reduces values of one type from an identity of another: got f32, need f64"));
  CHECK(contains(with([](Combiner& c) { c.combined[0] = make_float(f64, 0); }),
                 "the combiner sum of D changes the type"));
  CHECK(contains(with([](Combiner& c) {
                   c.combined[0] = make_var("lost", {f32, 1});
                 }),
                 "L102 lathe: algorithm: the combiner sum of D uses something else: got lost"));
  CHECK(contains(with([](Combiner& c) { c.combined[0] = read("A", {0}); }), "uses something else: got A[0]"));
  CHECK(contains(with([](Combiner& c) { c.left.push_back("more"); }),
                 "L110 lathe: algorithm: the combiner sum of D does"));
  CHECK(contains(with([](Combiner& c) { c.right[0] = c.left[0]; }), "L103"));
  CHECK(contains(with([](Combiner& c) { c.identity.push_back(c.identity[0]); }), "got 1 values, need 2"));
}

TEST_CASE("built-in combiners have neutral identities for every type") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(builtin_combiner("sum", {f32})->identity[0] == make_float(f32, 0));
  CHECK(builtin_combiner("prod", {i32})->identity[0] == make_integer(i32, 1));
  CHECK(builtin_combiner("min", {f32})->identity[0] == make_float(f32, infinity));
  CHECK(builtin_combiner("max", {f64})->identity[0] == make_float(f64, -infinity));
  CHECK(builtin_combiner("max", {i8})->identity[0] == make_integer(i8, -128));
  CHECK(builtin_combiner("min", {i64})->identity[0] == make_integer(i64, std::numeric_limits<int64_t>::max()));
  CHECK(builtin_combiner("min", {u16})->identity[0] == make_integer(u16, 65535));
  CHECK(builtin_combiner("min", {u64})->identity[0] == make_integer(u64, -1));
  CHECK(builtin_combiner("max", {u8})->identity[0] == make_integer(u8, 0));
  const auto pair = builtin_combiner("max_number", {f32, i32});
  CHECK(pair->left == std::vector<std::string>{"left0", "left1"});
  CHECK(pair->combined[1].is_op(Op::max_number));
  CHECK(builtin_combiner("median", {f32}) == nullptr);
}

TEST_CASE("static parameters are replaced everywhere by their values or defaults") {
  const Operator op = parsed(
      "f(A: f32[N]; s = 2, t = 3, p: f32 = 1) -> D: f32[(N - t)/s + 1]\n"
      "  D[i] = sum(k < t: A[i*s + k]) * p\n");
  const Operator fixed = with_static_params(op, {{"t", 5}});
  REQUIRE(fixed.params.size() == 1);
  CHECK(fixed.params[0].name == "p");
  CHECK(fixed == parsed("f(A: f32[N]; p: f32 = 1) -> D: f32[(N - 5)/2 + 1]\n"
                        "  D[i] = sum(k < 5: A[i*2 + k]) * p\n"));
  CHECK(contains(error_of([&] {
                   with_static_params(op, {{"ss", 1}});
                 }),
                 "L102 lathe: compile: f has no static parameter of this name: got ss, need one of s, t"));
  CHECK(contains(error_of([&] { with_static_params(op, {{"p", 1}}); }), "L102"));
}

TEST_CASE("a static parameter of 0 that something is divided by is an error") {
  const Operator op = parsed("f(A: f32[N]; s = 2) -> D: f32[N/s]\n  D[i] = A[i*s]\n");
  CHECK(contains(error_of([&] {
                   with_static_params(op, {{"s", 0}});
                 }),
                 "L108 lathe: algorithm: an extent of output D divides by zero: got N / 0"));
}

TEST_CASE("arguments are inputs, then outputs by component") {
  const Operator op = parsed("f(A: f32[N]) -> D: (f32, i64)[N], E: f32[N]\n  D[i] = (A[i], i)\n  E[i] = A[i]\n");
  std::vector<std::string> names;
  for (const TensorArgument& a : tensor_arguments(op)) names.push_back(a.name);
  CHECK(names == std::vector<std::string>{"A", "D.0", "D.1", "E"});
  CHECK(op.find_output("E")->func == "E");
  CHECK(op.find_input("B") == nullptr);
}
