// The text form of operators and expressions: what is read, that it prints back the same, and what is refused.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/lang/texts.h"

using namespace lathe;

namespace {

// Parses the printed form too: it must be equal, and print as it did.
std::string reprinted(const std::string& text) {
  const Operator op = parse_one(text);
  const std::string printed = print(op);
  const Operator again = parse_one(printed);
  CHECK(again == op);
  CHECK(print(again) == printed);
  return printed;
}

void check_canonical(const std::string& text) { CHECK(reprinted(text) == text); }

// A body for errors in one value: line 2, the value begins at column 10.
std::string value_error(const std::string& value) {
  return text_error("f(A: f32[N], I: i64[N]; s = 1) -> D: f32[N]\n  D[i] = " + value + "\n");
}

ExprScope loop_scope() {
  ExprScope scope;
  scope.any_name = true;
  scope.vars["x"] = {f32, 1};
  scope.vars["d"] = {f64, 1};
  scope.vars["v"] = {f32, 16};
  scope.vars["b"] = {DType::boolean, 1};
  scope.vars["u"] = {u8, 1};
  scope.vars["w"] = {u64, 1};
  scope.tensors["A"] = {f32};
  scope.tensors["C.0"] = {i32};
  scope.tensors["T"] = {f32, i64};
  return scope;
}

Expr parse_text(const std::string& text) {
  Lexer lexer(text, "e");
  Expr e = parse_expr(lexer, loop_scope());
  lexer.skip_new_lines();
  CHECK_MESSAGE(lexer.at_end(), text);
  return e;
}

std::string expr_error(const std::string& text) {
  try {
    parse_text(text);
  } catch (const Error& e) {
    return std::string(code_text(e.code())) + " " + e.what();
  }
  return "no error";
}

void check_expr(const std::string& text) {
  const Expr e = parse_text(text);
  CHECK(print(e) == text);
  CHECK(parse_text(print(e)) == e);
}

void check_round_trip(const Expr& e, const std::string& text) {
  CHECK(print(e) == text);
  CHECK(parse_text(print(e)) == e);
}

}  // namespace

TEST_CASE("operators print as they are written") {
  check_canonical(
      "dense(A: f32[M, K], B: f32[K, N], bias: f32[N]) -> D: f32[M, N]\n"
      "  size K in 1..16777216\n"
      "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n"
      "  D[i, j] = max(C[i, j] + bias[j], 0)\n");
  check_canonical(
      "conv(X: f32[N, H, W, C], F: f32[R, S, C, O]; stride = 1, pad = 0, alpha: f32 = 1) -> Y: f32[N, (H + 2*pad - "
      "R)/stride + 1, (W + 2*pad - S)/stride + 1, O]\n"
      "  P[n, y, x, c] = X[n, y - pad, x - pad, c] outside none\n"
      "  Y[n, y, x, o] = sum(r < R, s < S, c < C: P[n, y*stride + r, x*stride + s, c] * F[r, s, c, o])\n");
  check_canonical(
      "clip(X: u8[H, W]; low: u8 = 3, on: bool = true, k: f64 = -0.125) -> Y: u8[H, W], Z: i32[]\n"
      "  strict\n"
      "  size H multiple of 2\n"
      "  size W in 8..1024 multiple of 8\n"
      "  Y[y, x] = select(on and not (X[y, x] < low or X[y, x] == 7), X[y, x], low) << 1\n"
      "  Z[] = sum(y < H, x < W: i32(X[y, x] outside edge))\n");
}

TEST_CASE("every boundary rule prints as it is written") {
  check_canonical(
      "f(A: f32[N], s: f32[]) -> D: f32[N]\n"
      "  B[i] = A[i - 1] outside 0 + A[i + 1] outside edge\n"
      "  C[i] = B[i] + A[i*2] outside mirror + A[i/2] outside wrap + A[i] outside -1.5\n"
      "  D[i] = C[i] * A[i] outside s[] + A[i] outside f32(-inf) - A[i] outside (s[] + 1)\n");
}

TEST_CASE("tuples, their components and combiners of the author print as they are written") {
  check_canonical(
      "argmax(A: f32[M, N]) -> C: (f32, i64)[M], E: i64[M]\n"
      "  C[i] = reduce(k < N, (f32(-inf), 0), ((x0, x1), (y0, y1)) -> (max(x0, y0), select(x0 == y0, min(x1, y1), select(x0 > y0, x1, y1))): (A[i, "
      "k], k))\n"
      "  E[i] = C[i].1 + select(C[i].0 > 0, 1, 0)\n");
  check_canonical(
      "norm(A: f32[N]) -> D: f32[]\n"
      "  D[] = reduce.hypot(k < N, 0, (x, y) -> sqrt(x * x + y * y): A[k])\n");
  check_canonical(
      "moments(A: f32[N]) -> D: (f32, f32)[]\n"
      "  D[] = sum(k < N: (A[k], A[k] * A[k]))\n");
  check_canonical(
      "pair(A: f32[N]) -> D: (f32, i32)[N]\n"
      "  D[i] = (0.5, 3)\n");
}

TEST_CASE("a maximum of two is no reduction") {
  check_canonical(
      "f(A: f32[N, K]) -> D: f32[N]\n"
      "  B[i] = max(k < K: max(A[i, k], 0))\n"
      "  C[i] = prod(k < K: A[i, k])\n"
      "  D[i] = max(B[i], C[i])\n");
}

TEST_CASE("a reduction inside a larger expression prints as the Func that it becomes") {
  CHECK(reprinted("f(A: f32[N, K]) -> D: f32[N]\n  D[i] = 1 + sum(k < K: A[i, k]) / prod(k < K: A[i, k])\n") ==
        "f(A: f32[N, K]) -> D: f32[N]\n"
        "  D.sum[i] = sum(k < K: A[i, k])\n"
        "  D.prod[i] = prod(k < K: A[i, k])\n"
        "  D[i] = 1 + D.sum[i] / D.prod[i]\n");
}

TEST_CASE("names may hold dots") {
  check_canonical(
      "f(A: f32[N]) -> D: f32[]\n"
      "  D.sum[] = sum(i < N: A[i])\n"
      "  D[] = D.sum[] * 0.5\n");
}

TEST_CASE("a bare number takes the type that is declared") {
  const Operator op = parse_one("f(A: f32[N]) -> D: u8[N], E: f32[N], G: f64[]\n  D[i] = 3\n  E[i] = 1\n  G[] = 0.1\n");
  CHECK(op.find_func("D")->values[0] == make_integer(u8, 3));
  CHECK(op.find_func("E")->values[0] == make_float(f32, 1));
  CHECK(op.find_func("G")->values[0] == make_float(f64, 0.1));
  const Operator inner = parse_one("f(A: f32[N]) -> D: f32[N]\n  B[i] = 3\n  C[i] = 0.1\n  D[i] = f32(B[i]) + C[i]\n");
  CHECK(inner.find_func("B")->values[0] == make_integer(i64, 3));
  CHECK(inner.find_func("C")->values[0] == make_float(f32, 0.1));
  CHECK(print(inner) == "f(A: f32[N]) -> D: f32[N]\n  B[i] = 3\n  C[i] = f32(0.1)\n  D[i] = f32(B[i]) + C[i]\n");
}

TEST_CASE("definitions may stand before what they read") {
  CHECK(reprinted("f(A: f32[N]) -> D: f32[N]\n  D[i] = C[i] + B[i]\n  C[i] = B[i] * 2\n  B[i] = A[i]\n") ==
        "f(A: f32[N]) -> D: f32[N]\n  B[i] = A[i]\n  C[i] = B[i] * 2\n  D[i] = C[i] + B[i]\n");
}

TEST_CASE("sizes are in the order of their first appearance, and have ranges") {
  const Operator op = parse_one(
      "f(A: f32[2*K + M], B: f32[M, K], C: f32[N]; p = 3) -> D: f32[N]\n"
      "  size M in 4..9 multiple of 2\n"
      "  D[i] = A[0] + B[1, 0] + C[i] + f32(p)\n");
  REQUIRE(op.sizes.size() == 3);
  CHECK(op.sizes[0] == SizeDecl{"K"});
  CHECK(op.sizes[1] == SizeDecl{"M", 4, 9, 2});
  CHECK(op.sizes[2] == SizeDecl{"N"});
  CHECK(op.params[0] == ParamDecl{"p", true, i64, 3});
}

TEST_CASE("headers and definitions go on inside brackets") {
  const Operator op = parse_one(
      "f(A: f32[M, K],  # one\n"
      "  B: f32[K]) ->\n"
      "    D: f32[M]\n"
      "\n"
      "  D[i] = sum(k < K:\n"
      "    A[i, k]\n"
      "      * B[k])  # done\n");
  CHECK(print(op) == "f(A: f32[M, K], B: f32[K]) -> D: f32[M]\n  D[i] = sum(k < K: A[i, k] * B[k])\n");
}

TEST_CASE("everything remembers where it was written") {
  const Operator op = parse_one("\nf(A: f32[N]) -> D: f32[N]\n\n  D[i] = A[i] + sqrt(A[i])\n");
  CHECK(to_string(op.where) == "t.lathe:2:1");
  CHECK(to_string(op.inputs[0].where) == "t.lathe:2:3");
  CHECK(to_string(op.outputs[0].where) == "t.lathe:2:17");
  CHECK(to_string(op.funcs[0].where) == "t.lathe:4:3");
  visit(op.funcs[0].values[0], [](const Expr& e) { CHECK(e->where.line == 4); });
  CHECK(op.funcs[0].values[0]->where.column == 15);
  CHECK(op.funcs[0].values[0].arg(1)->where.column == 17);
}

TEST_CASE("a file holds operators and schedules") {
  const SourceFile file = parse_file_text(
      "# two\n"
      "a(A: f32[N]) -> D: f32[N]\n"
      "  D[i] = A[i]\n"
      "schedule for a on x86-64-v4   # fast\n"
      "D.split(i, io, ii, 8)\n"
      "D.tile(j, i -> jo, io; width 64: 6 rows)\n"
      "specialize(N >= 48 and stride(A, i) % 8 == 0) {\n"
      "  D.vectorize(ii)\n"
      "}\n"
      "\n"
      "# other\n"
      "b(A: f32[N]) -> D: f32[N]\n"
      "  D[i] = A[i] * 2\n"
      "schedule for b\n"
      "schedule for a\n"
      "D.unroll(i)",
      "t.lathe");
  REQUIRE(file.operators.size() == 2);
  CHECK(find_operator(file, "b").name == "b");
  REQUIRE(file.schedules.size() == 3);
  CHECK(file.schedules[0].where.line == 4);
  CHECK(file.schedules[0].text ==
        "schedule for a on x86-64-v4   # fast\n"
        "D.split(i, io, ii, 8)\n"
        "D.tile(j, i -> jo, io; width 64: 6 rows)\n"
        "specialize(N >= 48 and stride(A, i) % 8 == 0) {\n"
        "  D.vectorize(ii)\n"
        "}\n");
  CHECK(file.schedules[1].text == "schedule for b\n");
  CHECK(file.schedules[2].text == "schedule for a\nD.unroll(i)\n");
  CHECK_THROWS_WITH_AS(find_operator(file, "c"), "lathe: parse: an unknown operator: got 'c', need a, b", Error);
  CHECK_THROWS_WITH_AS(find_operator(file, ""),
                       "lathe: parse: the operator to use is not named: got 't.lathe', a file of 2 operators, need a, b", Error);
  CHECK_THROWS_WITH_AS(find_operator({}, "c"),
                       "lathe: parse: an unknown operator: got 'c', need a file with an operator in it", Error);
  CHECK_THROWS_WITH_AS(read_lathe_file("/nowhere/x.lathe"),
                       "lathe: read: a file cannot be read: got '/nowhere/x.lathe' (No such file or directory), need a "
                       "readable .lathe file",
                       Error);
}

// --- Expressions of the loop IR.

TEST_CASE("expressions print with as few parentheses as bind right") {
  for (const char* text : {"i + j * k",
                           "(i + j) * k",
                           "i - (j - k)",
                           "i - j - k",
                           "i / j * k",
                           "i / (j * k)",
                           "i % 8 + 1",
                           "-i * j",
                           "-(i * j)",
                           "-(5)",
                           "-5",
                           "i - -5",
                           "~i & j | k ^ 1",
                           "i & j == k",
                           "(i == j) ^ b",
                           "i << 2 + j",
                           "(i << 2) + j",
                           "i < j and j < k or not b",
                           "i < j and (j < k or b)",
                           "not (b and i < j)",
                           "not not b",
                           "(not b) == b",
                           "min(i, j + 1)",
                           "select(i < 4, x, 0)",
                           "select(b, f32(1), 2)",
                           "x * 0.1",
                           "d * 0.1",
                           "f32(0.1)",
                           "f32(inf)",
                           "f64(-inf)",
                           "f32(nan)",
                           "u * 3",
                           "u8(200)",
                           "w + 1",
                           "u64(18446744073709551615)",
                           "-9223372036854775808",
                           "f32(i64(3))",
                           "i32(x)",
                           "f32(i + 1)",
                           "x + -0.0",
                           "true",
                           "b == false",
                           "pow(x, 2)",
                           "fma(x, x, 1)",
                           "popcount(i)",
                           "f64(f32(0.5))",
                           "f32(1) + 2",
                           "1 + 2",
                           "d * 1e+300"}) {
    check_expr(text);
  }
}

TEST_CASE("vectors, masks and strides have a text") {
  for (const char* text : {"A[ramp(k*64, 1, 16)]", "broadcast(A[i], 16) * v", "v + broadcast(f32(2), 16)", "f64x16(v)",
                           "A[i] if i < N", "v * (A[ramp(i, 1, 16)] if ramp(i, 1, 16) < broadcast(N, 16))",
                           "max(A[i] if b, 0)", "i * stride(A, 1)", "stride(C.0, 0) == 1", "C.0[i] + 1", "A[A.pad + j]",
                           "T[i].1 + i", "A[i*stride(A, 0) + j%4]", "A[i] outside edge if b"}) {
    check_expr(text);
  }
  CHECK(parse_text("stride(A, 1)") == make_var("A.stride.1"));
  CHECK(parse_text("A.stride.1") == make_var("A.stride.1"));
  CHECK(parse_text("ramp(0, 1, 8)") == make_ramp(make_integer(i64, 0), make_integer(i64, 1), 8));
}

TEST_CASE("what only C++ makes reads back too") {
  check_round_trip(make_float(f32, 1234567936), "f32(1234568000.0)");
  check_round_trip(make_float(f32, 1e20f), "f32(1e+20)");
  check_round_trip(make_float(f64, 0x1p-1074), "f64(5e-324)");
  check_round_trip(make_cast(f32, make_float(f32, 2)), "f32(f32(2))");
  check_round_trip(make_op(Op::neg, {make_float(f32, 2)}), "-f32(2)");
  check_round_trip(make_op(Op::bit_not, {make_true()}), "not true");
  check_round_trip(make_op(Op::add, {make_integer(u64, -1), make_var("w", {u64, 1})}), "u64(18446744073709551615) + w");
  CHECK(print(Expr()) == "undefined");
}

TEST_CASE("every f32 prints to a text that reads back to it") {
  for (int exponent = -149; exponent < 128; ++exponent) {
    for (float digits : {1.0f, 1.1f, 1.2345678f, 1.9999999f}) {
      const float value = std::ldexp(digits, exponent);
      const Expr e = make_op(Op::mul, {make_var("x", {f32, 1}), make_float(f32, value)});
      CHECK(parse_text(print(e)) == e);
    }
  }
}

// --- Errors, with their place.

TEST_CASE("an expression that breaks off says what is needed") {
  CHECK(value_error("A[i] +") ==
        "L101 lathe: parse: expression: got the end of the line, need a number, a name or '('\n  at t.lathe:2:16");
  CHECK(value_error("(A[i] + 1") ==
        "L101 lathe: parse: unexpected text: got the end of the text, need ')'\n  at t.lathe:3:1");
  CHECK(value_error("A[i] 1") ==
        "L101 lathe: parse: unexpected text: got '1', need the end of the line\n  at t.lathe:2:15");
  CHECK(value_error("A[i] == not true") ==
        "L101 lathe: parse: expression: got 'not', need parentheses around 'not ...' here\n  at t.lathe:2:18");
  CHECK(value_error("") ==
        "L101 lathe: parse: unexpected text: got the end of the line, need a value\n  at t.lathe:2:10");
}

TEST_CASE("unknown names come with the nearest") {
  CHECK(value_error("A[ii]") ==
        "L102 lathe: parse: an unknown name: got 'ii', need an index, a size, a parameter or a reduction variable\n"
        "  at t.lathe:2:12\n  hint: did you mean i?");
  CHECK(value_error("B.x[i]") ==
        "L102 lathe: parse: an unknown tensor: got 'B.x', need an input or a Func\n  at t.lathe:2:10");
  CHECK(value_error("sqrtt(A[i])") ==
        "L102 lathe: parse: an unknown function: got 'sqrtt', need a function of the language\n"
        "  at t.lathe:2:10\n  hint: did you mean sqrt?");
  CHECK(value_error("A(i)") ==
        "L102 lathe: parse: an unknown function: got 'A', need a function of the language\n"
        "  at t.lathe:2:10\n  hint: tensors are read with A[...]");
  CHECK(value_error("A[i] * f32(stride(A, 0))") ==
        "L102 lathe: parse: an unknown stride: got stride(A, 0), need a stride that is known here\n  at t.lathe:2:21");
  CHECK(value_error("A[i].1") ==
        "L102 lathe: parse: A has no such component: got .1, need .0, or nothing\n  at t.lathe:2:15");
  CHECK(text_error("f(A: f33[N]) -> D: f32[N]\n") ==
        "L102 lathe: parse: an unknown element type: got 'f33', need bool, i4, i8, i16, i32, i64, u4, u8, u16, u32, u64, "
        "f16, bf16, f32, "
        "f64\n  at t.lathe:1:6\n  hint: did you mean f32?");
  CHECK(text_error("f(A: f32[N]) -> D: f32[N]\n  size NN in 1..2\n") ==
        "L102 lathe: parse: an unknown size: got 'NN', need a size in an extent of the header\n"
        "  at t.lathe:2:8\n  hint: did you mean N?");
  CHECK(text_error("f(A: f32[N]) -> Dst: f32[N]\n  Dest[i] = A[i]\n") ==
        "L102 lathe: parse: an output is not defined: got 'Dst', need a definition of Dst\n"
        "  at t.lathe:1:17\n  hint: did you mean Dest?");
}

TEST_CASE("names that are taken are refused") {
  const std::string head = "f(A: f32[N]; p = 1) -> D: f32[N]\n";
  CHECK(text_error(head + "  D[i] = 1\n  D[j] = 2\n") ==
        "L103 lathe: parse: a name is declared twice: got 'D', need a new name\n  at t.lathe:3:3");
  CHECK(text_error(head + "  A[i] = 1\n") ==
        "L103 lathe: parse: a name is declared twice: got 'A', need a new name\n  at t.lathe:2:3");
  CHECK(text_error(head + "  D[N] = 1\n") ==
        "L103 lathe: parse: an index of D has a name that is taken: got 'N', need a name that is no size, parameter or "
        "other index\n  at t.lathe:2:5");
  CHECK(text_error("f(A: f32[N]) -> D: f32[N, N]\n  D[i, i] = 1\n") ==
        "L103 lathe: parse: an index of D has a name that is taken: got 'i', need a name that is no size, parameter or "
        "other index\n  at t.lathe:2:8");
  CHECK(
      text_error(head + "  D[i] = sum(i < N: A[i])\n") ==
      "L103 lathe: parse: a reduction variable has a name that is taken: got 'i', need a new name\n  at t.lathe:2:14");
  CHECK(text_error(head + "  D[i] = reduce(k < N, 0, (x, x) -> x: A[k])\n") ==
        "L103 lathe: parse: two operands of a reduction have one name: got 'x', need names that differ\n"
        "  at t.lathe:2:37");
  CHECK(text_error("f(A: f32[A]) -> D: f32[N]\n") ==
        "L103 lathe: parse: a size has a name that it cannot have: got 'A', need a name that nothing else has\n"
        "  at t.lathe:1:10");
  CHECK(text_error("f(A: f32[N]) -> D: f32[N]\n  size N in 1..2\n  size N in 1..3\n") ==
        "L103 lathe: parse: a size has two ranges: got 'N', need one line for each size\n  at t.lathe:3:8");
  const std::string op = "f(A: f32[N]) -> D: f32[N]\n  D[i] = A[i]\n";
  CHECK(text_error(op + op) ==
        "L103 lathe: parse: two operators have one name: got 'f', need a name other than that at t.lathe:1:1\n"
        "  at t.lathe:3:1");
  CHECK(text_error("f(A: f32[N]) -> D: f32[N], D: f32[N]\n") ==
        "L103 lathe: parse: an output is declared twice: got 'D', need a new name\n  at t.lathe:1:28");
  CHECK(text_error("f(true: f32[N]) -> D: f32[N]\n") ==
        "L101 lathe: parse: a word of the language is used as a name: got 'true', need another name\n  at t.lathe:1:3");
}

TEST_CASE("types that do not agree are refused at the operator") {
  CHECK(value_error("A[i] + I[i]").find("L104 lathe: define: operands of + have different types: got f32, i64") == 0);
  CHECK(value_error("A[i] + I[i]").find("at t.lathe:2:15") != std::string::npos);
  CHECK(value_error("A[i] and true") ==
        "L104 lathe: parse: an operand of and is not a condition: got f32, need bool\n"
        "  at t.lathe:2:15\n  hint: compare: x != 0; the operators on bits are &, | and ~");
  CHECK(value_error("f32x4(A[i])") ==
        "L104 lathe: parse: a cast changes the number of lanes: got f32, need f32x4\n"
        "  at t.lathe:2:10\n  hint: broadcast(x, lanes) makes a vector of a scalar");
  CHECK(value_error("I[i]") ==
        "L104 lathe: parse: output D is declared with another type than its value has: got f32, need i64, the type of "
        "its value\n  at t.lathe:1:35\n  hint: its value stands at t.lathe:2:3");
  CHECK(value_error("sum(k < A[i]: A[k])") ==
        "L104 lathe: parse: the extent of k has the wrong type: got f32, need i64\n  at t.lathe:2:14");
  CHECK(value_error("reduce(k < N, (0, 0), (x, y) -> x: A[k])") ==
        "L104 lathe: parse: the identity of a reduction has the wrong number of components: got 2, need 1, as the "
        "value has\n  at t.lathe:2:24");
  CHECK(value_error("reduce(k < N, 0, (x, y) -> x < y: A[k])") ==
        "L104 lathe: parse: the combination of a reduction has the wrong type: got bool, need f32, the type of the "
        "value\n  at t.lathe:2:37");
  CHECK(text_error("f(A: f32[0.5]) -> D: f32[N]\n") ==
        "L104 lathe: parse: an extent has the wrong type: got f64, need i64\n  at t.lathe:1:10");
  CHECK(text_error("f(A: f32[N]; b: bool = 1) -> D: f32[N]\n") ==
        "L104 lathe: parse: the default value of b has the wrong type: got '1', need bool\n  at t.lathe:1:24");
}

TEST_CASE("reads with the wrong number of indices are refused") {
  CHECK(value_error("A[i, i]") ==
        "L105 lathe: parse: A is read with the wrong number of indices: got 2, need 1\n  at t.lathe:2:10");
  CHECK(value_error("A + 1") ==
        "L105 lathe: parse: A is read without indices: got A, need A[...]\n"
        "  at t.lathe:2:10\n  hint: rank 0 is read as A[]");
}

TEST_CASE("constants that do not fit are refused") {
  CHECK(value_error("A[9223372036854775808]") ==
        "L108 lathe: parse: an integer is too large: got 9223372036854775808, need -2^63 .. 2^63 - 1\n"
        "  at t.lathe:2:12\n  hint: write u64(...) around a larger one");
  CHECK(value_error("A[i] + f32(99999999999999999999)") ==
        "L108 lathe: parse: an integer is too large: got 99999999999999999999, need an integer below 2^64\n"
        "  at t.lathe:2:21");
  CHECK(value_error("f32(u8(300))") ==
        "L108 lathe: define: a literal does not fit u8: got 300, need 0 .. 2^8 - 1\n  at t.lathe:2:14");
  CHECK(value_error("f32(i32(0.5))") ==
        "L108 lathe: parse: a constant does not fit i32: got 0.5, need a whole number\n  at t.lathe:2:14");
  CHECK(value_error("select(bool(2), A[i], 0)") ==
        "L108 lathe: parse: a constant does not fit bool: got 2, need 0 or 1\n  at t.lathe:2:17");
  CHECK(text_error("f(A: f32[N]; p = 0.5) -> D: f32[N]\n") ==
        "L108 lathe: parse: the default value of p does not fit: got 0.5, need a whole number that i64 and f64 hold\n"
        "  at t.lathe:1:18");
  CHECK(text_error("f(A: f32[N]; p: u8 = -1) -> D: f32[N]\n") ==
        "L108 lathe: parse: the default value of p does not fit: got -1, need a whole number that u8 and f64 hold\n"
        "  at t.lathe:1:22");
  CHECK(text_error("f(A: f32[N]) -> D: f32[N]\n  size N in 5..2\n") ==
        "L108 lathe: parse: the range of N is empty or negative: got 5..2 multiple of 1, need 0 <= lowest <= highest, "
        "and a multiple of at least 1\n  at t.lathe:2:8");
  CHECK(expr_error("ramp(0, 1, 1)") ==
        "L108 lathe: parse: a vector has an impossible number of lanes: got 1, need 2 .. 65536\n  at e:1:12");
}

TEST_CASE("Funcs that need themselves are refused with the way round") {
  CHECK(value_error("D[i - 1] + 1") ==
        "L109 lathe: parse: D needs itself: got D -> D, need Funcs that read earlier ones\n  at t.lathe:2:3");
  CHECK(text_error("f(A: f32[N]) -> D: f32[N]\n  D[i] = B[i]\n  B[i] = C[i]\n  C[i] = B[i] + A[i]\n") ==
        "L109 lathe: parse: B needs itself: got B -> C -> B, need Funcs that read earlier ones\n  at t.lathe:3:3");
}

TEST_CASE("definitions that the language has not are refused") {
  const std::string head = "f(A: f32[N]; p: i64 = 1) -> D: f32[N]\n";
  CHECK(text_error(head + "  D[i + 1] = A[i]\n") ==
        "L110 lathe: parse: an index on the left side of D is no name: got '+', need distinct names\n  at t.lathe:2:5");
  CHECK(text_error(head + "  D[0] = A[i]\n") ==
        "L110 lathe: parse: an index on the left side of D is no name: got '0', need distinct names\n  at t.lathe:2:5");
  CHECK(text_error(head + "  D = 1\n") ==
        "L101 lathe: parse: unexpected text: got '=', need '[' and the indices (none for rank 0)\n  at t.lathe:2:5");
  CHECK(
      text_error(head + "  D[i] = 1 + sum(k < N: (A[k], A[k]))\n") ==
      "L110 lathe: parse: a tuple is reduced inside a larger expression: got 2 components, need a Func of its own for "
      "the reduction\n  at t.lathe:2:14");
  CHECK(text_error("f(A: f32[p]; p: i64 = 1) -> D: f32[N]\n") ==
        "L110 lathe: parse: an extent depends on a run-time parameter: got p, need sizes and static parameters\n"
        "  at t.lathe:1:10\n  hint: 'p = ...' declares a static one");
}

TEST_CASE("headers that break off say what is needed") {
  CHECK(text_error("  D[i] = 1\n") ==
        "L101 lathe: parse: a line belongs to no operator: got 'D', need an operator's name in the first column\n"
        "  at t.lathe:1:3");
  CHECK(text_error("f(A f32[N]) -> D: f32[N]\n") ==
        "L101 lathe: parse: unexpected text: got 'f32', need ':'\n  at t.lathe:1:5");
  CHECK(text_error("f(A: f32) -> D: f32[N]\n") ==
        "L101 lathe: parse: unexpected text: got ')', need '['\n  at t.lathe:1:9");
  CHECK(text_error("f(A: f32[N] B: f32[N]) -> D: f32[N]\n") ==
        "L101 lathe: parse: unexpected text: got 'B', need ',', ';' or ')'\n  at t.lathe:1:13");
  CHECK(text_error("f(A: f32[N])\n") ==
        "L101 lathe: parse: unexpected text: got the end of the line, need '->'\n  at t.lathe:1:13");
  CHECK(text_error("f(A: f32[N]; p) -> D: f32[N]\n") ==
        "L101 lathe: parse: unexpected text: got ')', need '='\n  at t.lathe:1:15");
  CHECK(text_error("(A: f32[N])\n") ==
        "L101 lathe: parse: unexpected text: got '(', need an operator such as scale(A: f32[N]) -> B: f32[N], or "
        "'schedule for'\n  at t.lathe:1:1");
  CHECK(value_error("sum(k < N, A[k])") == "L101 lathe: parse: unexpected text: got ',', need ':'\n  at t.lathe:2:19");
  CHECK(value_error("reduce(k < N, 0, (x, y) -> x)") ==
        "L101 lathe: parse: reduction: got ')', need ':' and the value to reduce\n  at t.lathe:2:38");
}

TEST_CASE("deep and long expressions are refused, not crashed on") {
  const auto repeat = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  CHECK(parse_text(repeat("(", 190) + "i" + repeat(")", 190)) == make_var("i"));
  for (const char* opening : {"(", "-", "not ", "A[", "sqrt(", "sum(k < "}) {
    CHECK(expr_error(repeat(opening, 100000))
              .find("L101 lathe: parse: an expression is nested too deeply: got more than "
                    "200 levels, need fewer parentheses") == 0);
  }
  CHECK(parse_text(std::string("i") + repeat(" + i", 1000)).is_op(Op::add));
  CHECK(expr_error(std::string("i") + repeat(" + i", 100000))
            .find("L101 lathe: parse: an expression is too long: got more than 2000 "
                  "operators in a row, need a Func for a part of it") == 0);
  std::string backwards = "f(A: f32[N]) -> D0: f32[N]\n";
  for (int i = 0; i < 3000; ++i) backwards += "  D" + std::to_string(i) + "[i] = D" + std::to_string(i + 1) + "[i]\n";
  CHECK(text_error(backwards + "  D3000[i] = A[i]\n").find("L110 lathe: algorithm: f has too many definitions: got more than 1000") == 0);
}
