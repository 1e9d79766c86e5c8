// Expressions: literals take types, operators check them, equality and order are structural, walks respect sharing.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_set>

#include "lang/algorithm.h"
#include "tests/errors.h"

using namespace lathe;

namespace {

const Expr x = make_var("x", {f32, 1});
const Expr y = make_var("y", {f32, 1});
const Expr n = make_var("n");
const Expr b = make_var("b", {u8, 1});
const Expr flag = make_var("flag", {DType::boolean, 1});

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a literal takes the type of the operand that it meets") {
  CHECK((x * 2).arg(1) == make_float(f32, 2));
  CHECK((2 * x).arg(0) == make_float(f32, 2));
  CHECK((x + 0.1).arg(1) == make_float(f32, 0.1));
  CHECK((b + 255).arg(1) == make_integer(u8, 255));
  CHECK((n + 1).arg(1) == make_integer(i64, 1));
  CHECK(select(lt(n, 3), x, 0).arg(2) == make_float(f32, 0));
  CHECK(lt(x, 1).type() == Type{DType::boolean, 1});
  CHECK_FALSE((x * 2).arg(1)->untyped_literal);
}

TEST_CASE("literals that only met literals stay open to a type") {
  const Expr six = Expr(2) * 3;
  CHECK(six->untyped_literal);
  CHECK(six.type().dtype == i64);
  CHECK((x / six).arg(1) == make_op(Op::mul, {make_float(f32, 2), make_float(f32, 3)}));
  const Expr mixed = six + 0.5f;
  CHECK(mixed.type().dtype == f32);
  CHECK((make_var("d", {f64, 1}) + mixed).arg(1).type().dtype == f64);
  CHECK((Expr(0.5) + Expr(1.5f)).type().dtype == f64);
  CHECK_FALSE(lt(Expr(1), 2)->untyped_literal);
}

TEST_CASE("a function of floats makes a float of a whole literal") {
  CHECK(sqrt(Expr(2)).type().dtype == f64);
  CHECK((x * sqrt(Expr(2))).arg(1).type().dtype == f32);
}

TEST_CASE("a scalar literal beside a vector is in every lane") {
  const Expr v = make_ramp(n, make_integer(i64, 1), 8);
  CHECK((v * 2).arg(1) == make_broadcast(make_integer(i64, 2), 8));
  CHECK((v * 2).type() == Type{i64, 8});
}

TEST_CASE("a literal that does not fit its type is an error with the range") {
  CHECK(error_of([] { (void)(b + 256); }) ==
        "L108 lathe: define: a literal does not fit u8: got 256, need 0 .. 2^8 - 1");
  CHECK(contains(error_of([] { (void)(b - -1); }), "got -1, need 0 .. 2^8 - 1"));
  CHECK(contains(error_of([] { (void)(x + 16777217); }),
                 "a literal does not fit f32: got 16777217, need a whole number that f32 holds exactly"));
  CHECK(contains(error_of([] { (void)(x + 1e39); }), "L108 lathe: define: a literal is too large for f32"));
  CHECK_NOTHROW(x + 16777218);
  CHECK_NOTHROW(x + std::numeric_limits<int64_t>::min());
  CHECK(contains(error_of([] { (void)(x + std::numeric_limits<int64_t>::max()); }), "L108"));
}

TEST_CASE("a float literal never becomes an integer") {
  CHECK(contains(error_of([] { (void)(n + 0.5); }),
                 "L104 lathe: define: a float literal meets an operand of another kind: got 0.5 beside i64"));
  CHECK(contains(error_of([] { (void)(n * 2.0); }), "L104"));
  CHECK(
      contains(error_of([] { (void)eq(flag, 1); }), "L104 lathe: define: a number meets a boolean: got 1 beside bool"));
}

TEST_CASE("operands of different types are an error that names both") {
  CHECK(contains(error_of([] { (void)(x + n); }),
                 "L104 lathe: define: operands of + have different types: got f32, i64, need one type"));
  CHECK(contains(error_of([] { (void)select(n, x, y); }),
                 "L104 lathe: define: the condition of select has the wrong type: got i64, need bool"));
  CHECK(contains(error_of([] { (void)(n + make_ramp(n, make_integer(i64, 1), 4)); }), "got i64, i64x4, need one type"));
}

TEST_CASE("each operator takes the operands of its table row only") {
  CHECK(contains(error_of([] { (void)(flag + flag); }),
                 "operands of + have the wrong type: got bool, bool, need numbers"));
  CHECK(contains(error_of([] { (void)(x & y); }), "need integers or booleans"));
  CHECK(contains(error_of([] { (void)(x << y); }), "need integers"));
  CHECK(contains(error_of([] { (void)exp(n); }), "operands of exp have the wrong type: got i64, need floats"));
  CHECK(contains(error_of([] { (void)popcount(x); }), "need integers"));
  CHECK(contains(error_of([] { (void)lt(flag, flag); }), "need numbers"));
  CHECK((flag & flag).type().dtype == DType::boolean);
  CHECK((~flag).type().dtype == DType::boolean);
  CHECK(select(flag, flag, flag).type().dtype == DType::boolean);
  CHECK(eq(flag, flag).type().dtype == DType::boolean);
}

TEST_CASE("a wrong number of operands and an undefined operand are errors") {
  CHECK(contains(error_of([] { (void)make_op(Op::add, {x}); }),
                 "L110 lathe: define: + has the wrong number of operands: got 1, need 2"));
  CHECK(contains(error_of([] { (void)(x + Expr()); }),
                 "L110 lathe: define: an operand of + is undefined: got an empty expression, need a value"));
}

TEST_CASE("an error names the place of an operand that has one") {
  const Expr placed = with_location(x, {"a.cpp", 7, 3});
  CHECK(contains(error_of([&] { (void)(placed + n); }), "at a.cpp:7:3"));
  CHECK(placed == x);
  CHECK(placed.hash() == x.hash());
}

TEST_CASE("nothing is folded") {
  CHECK((Expr(1) + 2).kind() == ExprKind::op);
  CHECK((n * 0).kind() == ExprKind::op);
}

TEST_CASE("constants keep the values of their type") {
  CHECK(make_float(f32, 0.1)->float_value == static_cast<double>(0.1f));
  CHECK(make_float(f64, 0.1)->float_value == 0.1);
  CHECK(make_constant(i8, -128)->integer_value == -128);
  CHECK(make_constant(f32, 3) == make_float(f32, 3));
  CHECK(contains(error_of([] { (void)make_constant(i8, 0.5); }), "got 0.5, need a whole number in -2^7 .. 2^7 - 1"));
  CHECK(contains(error_of([] { (void)make_integer(i8, 128); }), "a constant does not fit i8: got 128"));
  CHECK(make_integer(u64, -1)->integer_value == -1);
}

TEST_CASE("equality is by structure, and of constants by bits") {
  CHECK(x + y == make_var("x", {f32, 1}) + make_var("y", {f32, 1}));
  CHECK(x + y != y + x);
  CHECK(make_var("x") != x);
  CHECK(make_float(f32, 0.0) != make_float(f32, -0.0));
  CHECK(make_float(f32, std::nan("")) == make_float(f32, -std::nan("")));
  CHECK(make_integer(i32, 1) != make_integer(i64, 1));
  CHECK(Expr(3) == make_integer(i64, 3));
  CHECK(Expr() == Expr());
  CHECK(Expr() != x);
}

TEST_CASE("accesses differ by tensor, indices, component, boundary rule and mask") {
  ExprNode node;
  node.name = "A";
  node.type = {f32, 1};
  node.args = {n};
  const Expr plain = make_access(node);
  CHECK(plain == make_access("A", f32, {n}));
  node.boundary = Boundary::constant;
  const Expr zero = make_access(node);
  CHECK(zero->boundary_value == make_float(f32, 0));
  node.boundary_value = 1;
  const Expr one = make_access(node);
  node.boundary = Boundary::edge;
  node.boundary_value = {};
  const Expr edge = make_access(node);
  node.mask = flag;
  const Expr masked = make_access(node);
  node.component = 1;
  const Expr second = make_access(node);
  const std::set<Expr> all = {
      plain, zero, one, edge, masked, second, make_access("B", f32, {n}), make_access("A", f32, {n + 1})};
  CHECK(all.size() == 8);
  node.boundary_value = 2;
  CHECK(contains(error_of([&] { (void)make_access(node); }), "a boundary value of A is never used"));
}

TEST_CASE("the order is total and does not depend on addresses") {
  const auto some = [] {
    return std::vector<Expr>{make_var("n"),
                             make_var("x", {f32, 1}),
                             Expr(3),
                             Expr(-3),
                             Expr(0.5),
                             make_var("n") + 1,
                             make_var("n") * 2,
                             make_access("A", f32, {make_var("n")}),
                             make_cast(f32, make_var("n"))};
  };
  std::vector<Expr> first = some(), second = some();
  std::reverse(second.begin(), second.end());
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  CHECK(first == second);
  for (size_t i = 0; i + 1 < first.size(); ++i) {
    CHECK(first[i] < first[i + 1]);
    CHECK_FALSE(first[i + 1] < first[i]);
  }
  CHECK(std::unordered_set<Expr>(first.begin(), first.end()).size() == first.size());
}

TEST_CASE("an expression that shares every operand twice is walked once") {
  Expr e = x;
  for (int i = 0; i < 60; ++i) e = e * e;
  int nodes = 0;
  visit(e, [&](const Expr&) { ++nodes; });
  CHECK(nodes <= 62);
  const Expr doubled = substitute(e, {{"x", y}});
  CHECK(uses_var(doubled, "y"));
  CHECK_FALSE(uses_var(doubled, "x"));
}

TEST_CASE("a substitution replaces all names at once and shares what it leaves") {
  const Expr left = x + y;
  const Expr e = left * make_var("z", {f32, 1});
  const Expr swapped = substitute(e, {{"x", y}, {"y", x}});
  CHECK(swapped.arg(0) == y + x);
  const Expr other = substitute(e, {{"z", x}});
  CHECK(other.arg(0).get() == left.get());
  CHECK(substitute(e, {{"q", x}}).get() == e.get());
}

TEST_CASE("a transformation reaches indices, boundary values, masks and reduction extents") {
  ExprNode node;
  node.name = "A";
  node.type = {f32, 1};
  node.args = {n};
  node.boundary = Boundary::constant;
  node.boundary_value = x;
  node.mask = lt(n, 4);
  const Expr read = substitute(make_access(node), {{"n", n + 1}, {"x", y}});
  CHECK(read.arg(0) == n + 1);
  CHECK(read->boundary_value == y);
  CHECK(read->mask == lt(n + 1, 4));
  const Expr total = make_reduce({{"k", n}}, builtin_combiner("sum", {f32}), {x});
  CHECK(substitute(total, {{"n", Expr(5)}})->rvars[0].extent == Expr(5));
  CHECK(uses_var(total, "n"));
}

TEST_CASE("a vector in a scalar's place makes its parents vectors") {
  const Expr ramp = make_ramp(n, make_integer(i64, 1), 4);
  const Expr e = substitute(make_cast(f32, make_var("i")), {{"i", ramp}});
  CHECK(e.type() == Type{f32, 4});
  CHECK(substitute(make_access("A", f32, {make_var("i")}), {{"i", ramp}}).type() == Type{f32, 4});
}

TEST_CASE("zero, one and integer constants are recognised through broadcasts") {
  CHECK(is_zero(make_broadcast(make_float(f32, 0), 4)));
  CHECK_FALSE(is_zero(make_float(f32, -0.0)));
  CHECK(is_one(Expr(1)));
  CHECK_FALSE(is_one(n));
  int64_t value = 0;
  CHECK(is_integer_constant(make_broadcast(make_integer(i64, 7), 4), &value));
  CHECK(value == 7);
  CHECK_FALSE(is_integer_constant(make_float(f32, 7)));
  CHECK_FALSE(is_integer_constant(Expr()));
}

TEST_CASE("every operator of the table has a text, a strength if it is infix, and a pipe with a name") {
  for (const Op op : {
#define LATHE_OP(name, text, arity, form, operands, result, pipe, meaning) Op::name,
#include "lang/ops.def"
#include "tests/errors.h"
#undef LATHE_OP
       }) {
    const OpInfo& info = info_of(op);
    CHECK_FALSE(info.text.empty());
    CHECK((infix_strength(op) > 0) == (info.form == OpForm::infix));
    CHECK_FALSE(name_of(info.pipe).empty());
    CHECK_FALSE(info.meaning.empty());
  }
  CHECK(infix_strength(Op::bit_or) > infix_strength(Op::lt));
  CHECK(infix_strength(Op::mul) > infix_strength(Op::add));
}
