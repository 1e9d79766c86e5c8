#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <functional>
#include <limits>

#include "lang/func.h"
#include "lang/interpret.h"
#include "lang/needed_regions.h"

using namespace lathe;

namespace {

Scalar integer(DType type, int64_t value) { return {type, value, 0}; }
Scalar floating(DType type, double value) { return {type, 0, value}; }

int64_t integer_result(Op op, DType type, int64_t a, int64_t b = 0) {
  std::vector<Scalar> args = {integer(type, a), integer(type, b)};
  args.resize(info_of(op).arity);
  return evaluate(op, args).integer;
}

double float_result(Op op, DType type, double a, double b = 0) {
  std::vector<Scalar> args = {floating(type, a), floating(type, b)};
  args.resize(info_of(op).arity);
  return evaluate(op, args).floating;
}

const double not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class T>
Tensor tensor(DType type, std::vector<int64_t> shape, const std::vector<T>& values) {
  Tensor t(type, std::move(shape));
  std::copy(values.begin(), values.end(), t.as<T>());
  return t;
}

Operator matmul() {
  Var i("i"), j("j");
  Size M("M"), N("N"), K("K");
  Input A("A", f32, {M, K}), B("B", f32, {K, N});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = sum(k, A(i, k) * B(k, j));
  return make_operator("matmul", {A, B}, {Output(C, {M, N})});
}

void run_matmul(const std::vector<int64_t>& mnk, const Tensor& a, const Tensor& b, const Tensor& c) {
  Bindings bindings;
  bindings.sizes = {{"M", mnk[0]}, {"N", mnk[1]}, {"K", mnk[2]}};
  bindings.tensors = {{"A", a}, {"B", b}, {"C", c}};
  interpret(matmul(), bindings);
}

// The first output of a one-dimensional read of X with this boundary rule, at indices -3..7.
std::vector<float> values_around(Boundary boundary) {
  Var i("i");
  Input X("X", f32, {4});
  Func Y("Y");
  const Expr fill = boundary == Boundary::constant ? make_float(f32, 9) : Expr();
  Y(i) = X.at({Expr(i) - 3}, boundary, fill);
  const Operator op = make_operator("around", {X}, {Output(Y, {11})});
  Tensor x = tensor<float>(f32, {4}, {10, 11, 12, 13}), y(f32, {11});
  interpret(op, {.sizes = {}, .params = {}, .tensors = {{"X", x}, {"Y", y}}});
  return {y.as<float>(), y.as<float>() + 11};
}

std::string error_text(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("integer arithmetic wraps to the width of its type") {
  CHECK(integer_result(Op::add, i8, 127, 1) == -128);
  CHECK(integer_result(Op::mul, u8, 200, 2) == 144);
  CHECK(integer_result(Op::sub, u16, 0, 1) == 65535);
  CHECK(integer_result(Op::neg, i32, INT32_MIN) == INT32_MIN);
  CHECK(integer_result(Op::abs, i8, -128) == -128);
  CHECK(integer_result(Op::mul, i64, INT64_MAX, 2) == -2);
}

TEST_CASE("integer division rounds down and gives 0 for a zero divisor") {
  CHECK(integer_result(Op::div, i64, -7, 2) == -4);
  CHECK(integer_result(Op::div, i64, 7, -2) == -4);
  CHECK(integer_result(Op::mod, i64, -7, 3) == 2);
  CHECK(integer_result(Op::mod, i64, 7, -3) == -2);
  CHECK(integer_result(Op::div, i32, 5, 0) == 0);
  CHECK(integer_result(Op::mod, i32, 5, 0) == 0);
  CHECK(integer_result(Op::div, i64, INT64_MIN, -1) == INT64_MIN);
  CHECK(integer_result(Op::mod, i64, INT64_MIN, -1) == 0);
  CHECK(integer_result(Op::div, u64, -1, 2) == INT64_MAX);
}

TEST_CASE("shifts are total") {
  CHECK(integer_result(Op::shift_left, i32, 1, 31) == INT32_MIN);
  CHECK(integer_result(Op::shift_left, i32, 1, 32) == 0);
  CHECK(integer_result(Op::shift_left, i32, 1, -1) == 0);
  CHECK(integer_result(Op::shift_right, i32, -8, 1) == -4);
  CHECK(integer_result(Op::shift_right, i32, -8, 40) == -1);
  CHECK(integer_result(Op::shift_right, u8, 200, 8) == 0);
  CHECK(integer_result(Op::shift_right, i32, -8, -1) == 0);
  CHECK(integer_result(Op::popcount, i8, -1) == 8);
  CHECK(integer_result(Op::bit_not, DType::boolean, 1) == 0);
}

TEST_CASE("min and max propagate NaN, min_number and max_number skip it") {
  CHECK(std::isnan(float_result(Op::min, f32, not_a_number, 1)));
  CHECK(std::isnan(float_result(Op::max, f32, 1, not_a_number)));
  CHECK(float_result(Op::min_number, f32, not_a_number, 1) == 1);
  CHECK(float_result(Op::max_number, f32, 1, not_a_number) == 1);
}

TEST_CASE("f32 results are rounded once to f32") {
  CHECK(float_result(Op::add, f32, 16777216, 1) == 16777216);
  CHECK(float_result(Op::add, f64, 16777216, 1) == 16777217);
  const double x = 1 + 0x1p-12;                             // x * x - 1 keeps the 2^-24 only when rounded once
  const auto fused = evaluate(Op::fma, {floating(f32, x), floating(f32, x), floating(f32, -1)});
  CHECK(fused.floating == 0x1p-11 + 0x1p-24);
  CHECK(float_result(Op::sqrt, f32, 2) == static_cast<double>(std::sqrt(2.0f)));
  CHECK(float_result(Op::round, f32, 2.5) == 2);
  CHECK(float_result(Op::mod, f32, -7, 3) == 2);
}

TEST_CASE("casts saturate floats and wrap integers") {
  CHECK(convert(i8, floating(f32, 300)).integer == 127);
  CHECK(convert(u8, floating(f32, -5)).integer == 0);
  CHECK(convert(i64, floating(f64, 1e30)).integer == INT64_MAX);
  CHECK(convert(u64, floating(f64, 1e30)).integer == -1);
  CHECK(convert(i32, floating(f32, not_a_number)).integer == 0);
  CHECK(convert(i32, floating(f32, -2.9)).integer == -2);
  CHECK(convert(i8, integer(i32, 300)).integer == 44);
  CHECK(convert(f32, integer(i64, 16777217)).floating == 16777216);
  CHECK(convert(f64, integer(u64, -1)).floating == 0x1p64);
  CHECK(convert(DType::boolean, integer(i32, 256)).integer == 1);
}

TEST_CASE("an operator that a type has not is an error") {
  CHECK(error_text([] { evaluate(Op::exp, {integer(i32, 1)}); }).find("exp does not exist for this type") !=
        std::string::npos);
}

TEST_CASE("a matrix product is interpreted exactly and fast") {
  const int64_t m = 61, n = 67, k = 71;
  Tensor a(f32, {m, k}), b(f32, {k, n}), c(f32, {m, n});
  for (int64_t i = 0; i < m * k; ++i) a.as<float>()[i] = static_cast<float>(i % 7 - 3);
  for (int64_t i = 0; i < k * n; ++i) b.as<float>()[i] = static_cast<float>(i % 5 - 2);
  const auto start = std::chrono::steady_clock::now();
  run_matmul({m, n, k}, a, b, c);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  MESSAGE("61 x 67 x 71 took " << seconds.count() * 1e3 << " ms");
  CHECK(seconds.count() < 0.5);
  for (int64_t i = 0; i < m; i += 20) {
    for (int64_t j = 0; j < n; j += 13) {
      float expected = 0;
      for (int64_t q = 0; q < k; ++q) expected += a.as<float>()[i * k + q] * b.as<float>()[q * n + j];
      CHECK(c.as<float>()[i * n + j] == expected);
    }
  }
}

TEST_CASE("a reduction over nothing gives the identity") {
  Tensor a(f32, {2, 0}), b(f32, {0, 3}), c(f32, {2, 3});
  std::fill(c.as<float>(), c.as<float>() + 6, 5.f);
  run_matmul({2, 3, 0}, a, b, c);
  for (int i = 0; i < 6; ++i) CHECK(c.as<float>()[i] == 0);
}

TEST_CASE("an output without elements is left alone") {
  Tensor a(f32, {0, 4}), b(f32, {4, 3}), c(f32, {0, 3});
  run_matmul({0, 3, 4}, a, b, c);
  CHECK(c.view().elements() == 0);
}

TEST_CASE("boundary rules give what their names say") {
  CHECK(values_around(Boundary::constant) == std::vector<float>{9, 9, 9, 10, 11, 12, 13, 9, 9, 9, 9});
  CHECK(values_around(Boundary::edge) == std::vector<float>{10, 10, 10, 10, 11, 12, 13, 13, 13, 13, 13});
  CHECK(values_around(Boundary::mirror) == std::vector<float>{13, 12, 11, 10, 11, 12, 13, 12, 11, 10, 11});
  CHECK(values_around(Boundary::wrap) == std::vector<float>{11, 12, 13, 10, 11, 12, 13, 10, 11, 12, 13});
}

TEST_CASE("a read outside names its Func, its indices and the extents") {
  const std::string text = error_text([] { values_around(Boundary::inside); });
  CHECK(text.find("Y reads X outside") != std::string::npos);
  CHECK(text.find("got X[-3]") != std::string::npos);
  CHECK(text.find("below the extents [4]") != std::string::npos);
}

TEST_CASE("a term that reads outside with the rule none is absent") {
  Var i("i");
  Input X("X", f32, {4});
  RDom r(0, 3, "r");
  Func Y("Y");
  Y(i) = reduce_min({r}, X.at({Expr(i) + r - 1}, Boundary::none) * 1.f + 100.f);
  const Operator op = make_operator("pool", {X}, {Output(Y, {4})});
  Tensor x = tensor<float>(f32, {4}, {5, 3, 4, 6}), y(f32, {4});
  interpret(op, {.sizes = {}, .params = {}, .tensors = {{"X", x}, {"Y", y}}});
  CHECK(std::vector<float>(y.as<float>(), y.as<float>() + 4) == std::vector<float>{103, 103, 103, 104});
}

TEST_CASE("a select guards the reads in its choices") {
  Var i("i");
  Size N("N");
  Input X("X", f32, {N});
  Func Y("Y");
  Y(i) = select(gt(i, 0), X(Expr(i) - 1), X(i)) + X(i);
  const Operator op = make_operator("guarded", {X}, {Output(Y, {N})});
  Tensor x = tensor<float>(f32, {3}, {1, 2, 4}), y(f32, {3});
  interpret(op, {.sizes = {{"N", 3}}, .params = {}, .tensors = {{"X", x}, {"Y", y}}});
  CHECK(std::vector<float>(y.as<float>(), y.as<float>() + 3) == std::vector<float>{2, 3, 6});
}

TEST_CASE("a pure Func hands an absent term on to its reduction") {
  Var i("i");
  Input X("X", f32, {4});
  RDom r(0, 3, "r");
  Func P("P"), Q("Q"), Y("Y");
  P(i) = X.at({Expr(i) - 1}, Boundary::none) + 1.f;
  Q(i) = P(i) * 2.f;
  Y(i) = sum(r, Q(Expr(i) + r) * 0.5f + 10.f);
  const Operator op = make_operator("window", {X}, {Output(Y, {4})});
  Tensor x = tensor<float>(f32, {4}, {1, 2, 3, 4}), y(f32, {4});
  interpret(op, {.sizes = {}, .params = {}, .tensors = {{"X", x}, {"Y", y}}});
  CHECK(std::vector<float>(y.as<float>(), y.as<float>() + 4) == std::vector<float>{25, 39, 42, 29});
}

TEST_CASE("a Func is evaluated at each point that a chain of readers needs") {
  Var i("i");
  Size N("N");
  Input table("table", f32, {N});
  Func twice("twice"), shifted("shifted"), out("out");
  twice(i) = table.at({i}, Boundary::edge) * 2.f;
  shifted(i) = twice(Expr(i) - 1) + twice(Expr(i) + 1);
  out(i) = shifted(Expr(i) * Expr(i) - 4);
  const Operator op = make_operator("chain", {table}, {Output(out, {3})});
  Tensor t = tensor<float>(f32, {4}, {1, 2, 3, 4}), y(f32, {3});
  interpret(op, {.sizes = {{"N", 4}}, .params = {}, .tensors = {{"table", t}, {"out", y}}});
  CHECK(std::vector<float>(y.as<float>(), y.as<float>() + 3) == std::vector<float>{4, 4, 6});
}

TEST_CASE("a data-dependent read follows its index through the boundary rule") {
  Var i("i");
  Size N("N"), L("L");
  Input table("table", f32, {N}), index("index", i32, {L});
  Func out("out");
  out(i) = table.at({cast(i64, index(i))}, Boundary::edge);
  const Operator op = make_operator("gather", {table, index}, {Output(out, {L})});
  Tensor t = tensor<float>(f32, {4}, {1, 2, 3, 4}), x = tensor<int32_t>(i32, {3}, {1, 100, -7}), y(f32, {3});
  interpret(op, {.sizes = {{"N", 4}, {"L", 3}}, .params = {}, .tensors = {{"table", t}, {"index", x}, {"out", y}}});
  CHECK(std::vector<float>(y.as<float>(), y.as<float>() + 3) == std::vector<float>{2, 4, 1});
}

TEST_CASE("tensors are read and written through their strides") {
  Tensor a = tensor<float>(f32, {2, 2}, {1, 2, 3, 4}), b = tensor<float>(f32, {2, 2}, {1, 0, 0, 1}), c(f32, {2, 3});
  TensorView transposed = a.view(), narrow = c.view();
  transposed.strides = {1, 2};
  narrow.shape = {2, 2};
  const Bindings bindings{.sizes = {{"M", 2}, {"N", 2}, {"K", 2}},
                          .params = {},
                          .tensors = {{"A", transposed}, {"B", b}, {"C", narrow}}};
  interpret(matmul(), bindings);
  CHECK(std::vector<float>(c.as<float>(), c.as<float>() + 6) == std::vector<float>{1, 3, 0, 2, 4, 0});
}

TEST_CASE("bindings that do not fit their declarations are refused") {
  Tensor a(f32, {2, 2}), b(f32, {2, 3}), c(f32, {2, 2}), wrong(f64, {2, 2});
  Bindings bindings{.sizes = {{"M", 2}, {"N", 2}, {"K", 2}}, .params = {}, .tensors = {{"A", a}, {"B", b}, {"C", c}}};
  CHECK(error_text([&] { interpret(matmul(), bindings); }).find("B has the wrong shape: got [2, 3], need [2, 2]") !=
        std::string::npos);
  bindings.tensors["B"] = wrong;
  CHECK(error_text([&] { interpret(matmul(), bindings); }).find("got f64, need f32") != std::string::npos);
  bindings.tensors.erase("B");
  CHECK(error_text([&] { interpret(matmul(), bindings); }).find("the tensor B is missing") != std::string::npos);
}

TEST_CASE("an extent needs a value for each of its names") {
  CHECK(evaluate_extent((make_var("H") + 2 - make_var("R")) / 2 + 1, {{"H", 9}, {"R", 3}}) == 5);
  const std::string text = error_text([] { evaluate_extent(make_var("Hight"), {{"Height", 9}}); });
  CHECK(text.find("got Hight") != std::string::npos);
  CHECK(text.find("did you mean Height?") != std::string::npos);
}

TEST_CASE("ranges of index expressions are tight for affine forms") {
  const std::map<std::string, Interval> vars = {{"i", {0, 9}}, {"r", {0, 2}}};
  const Expr i = make_var("i"), r = make_var("r");
  CHECK(*range_of(i * 2 + r - 1, vars) == Interval{-1, 19});
  CHECK(*range_of(i / 4, vars) == Interval{0, 2});
  CHECK(*range_of(i % 4, vars) == Interval{0, 3});
  CHECK(!range_of(make_var("unknown"), vars));
}
