#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <random>

#include "lang/func.h"
#include "lang/oracle.h"

using namespace lathe;

namespace {

Operator dense() {
  Var i("i"), j("j");
  Size M("M"), N("N"), K("K");
  Input A("A", f32, {M, K}), B("B", f32, {K, N}), bias("bias", f32, {N});
  RDom k(0, K, "k");
  Func C("C"), D("D");
  C(i, j) = sum(k, A(i, k) * B(k, j));
  D(i, j) = max(C(i, j) + bias(j), 0.f);
  return make_operator("dense", {A, B, bias}, {Output(D, {M, N})});
}

Operator conv() {
  Var y("y"), o("o");
  Size H("H"), C("C"), R("R", 1), O("O");
  Input X("X", f32, {H, C}), F("F", f32, {R, C, O});
  RDom r(0, R, "r"), c(0, C, "c");
  Func Y("Y");
  Y(y, o) = sum({r, c}, X(Expr(y) + r, c) * F(r, c, o));
  return make_operator("conv", {X, F}, {Output(Y, {Expr(H) - R + 1, O})});
}

Operator softmax() {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  RDom k(0, N, "k"), q(0, N, "q");
  Func largest("largest"), e("e"), total("total"), Y("Y");
  largest(i) = reduce_max({k}, X(i, k));
  e(i, j) = exp(X(i, j) - largest(i));
  total(i) = sum(q, e(i, q));
  Y(i, j) = e(i, j) / total(i);
  return make_operator("softmax", {X}, {Output(Y, {M, N})});
}

// A kernel that is right up to rounding: interprets, then moves each f32 of the output by `ulps`.
void run_kernel(const Operator& op, const CheckData& data, int ulps = 0) {
  interpret(op, data.bindings);
  if (ulps == 0) return;
  const TensorView& out = data.bindings.tensors.at(op.outputs[0].func);
  for (int64_t i = 0; i < out.elements(); ++i) {
    float& value = static_cast<float*>(out.data)[i];
    for (int u = 0; u < ulps; ++u) value = std::nextafter(value, INFINITY);
  }
}

const std::map<std::string, int64_t> dense_sizes = {{"M", 7}, {"N", 11}, {"K", 13}};

}  // namespace

TEST_CASE("a right kernel passes in every layout and mode") {
  for (bool exact : {true, false}) {
    for (CheckStrides strides : {CheckStrides::dense, CheckStrides::padded, CheckStrides::transposed}) {
      for (uint64_t seed : {1, 2, 3}) {
        const CheckOptions options{.seed = seed, .exact = exact, .strides = strides};
        const CheckData data = make_check_data(dense(), dense_sizes, options);
        run_kernel(dense(), data);
        const CheckReport report = compare(dense(), data, options);
        CHECK_MESSAGE(report.good, report.first_difference);
        CHECK(report.compared + report.undecided == 77);
        CHECK(report.undecided < 5);
      }
    }
  }
}

TEST_CASE("exact mode finds a change of the last bit and names the element") {
  const CheckData data = make_check_data(dense(), dense_sizes, {});
  run_kernel(dense(), data);
  float* element = static_cast<float*>(data.bindings.tensors.at("D").data) + 3 * 11 + 5;
  *element = std::nextafter(*element, -1e9f);
  const CheckReport report = compare(dense(), data, {});
  CHECK(!report.good);
  CHECK(report.first_difference.find("D[3, 5]: got ") == 0);
  CHECK(report.largest_error > 0);
}

TEST_CASE("bounded mode accepts rounding and refuses more") {
  const CheckOptions options{.exact = false};
  const CheckData data = make_check_data(softmax(), {{"M", 5}, {"N", 31}}, options);
  run_kernel(softmax(), data, 1);
  CHECK(compare(softmax(), data, options).good);
  static_cast<float*>(data.bindings.tensors.at("Y").data)[17] *= 1.001f;
  const CheckReport report = compare(softmax(), data, options);
  CHECK(!report.good);
  CHECK(report.first_difference.find("Y[0, 17]: got ") == 0);
  CHECK(report.first_difference.find(" within ") != std::string::npos);
}

TEST_CASE("an element that was not written is found") {
  for (bool exact : {true, false}) {
    const CheckOptions options{.exact = exact};
    const CheckData data = make_check_data(dense(), dense_sizes, options);
    const CheckReport report = compare(dense(), data, options);
    CHECK(!report.good);
    CHECK(report.first_difference.find("D[0, 0]: got -nan") == 0);
  }
}

TEST_CASE("a write between the rows is found") {
  const CheckOptions options{.strides = CheckStrides::padded};
  const CheckData data = make_check_data(dense(), dense_sizes, options);
  run_kernel(dense(), data);
  const TensorView& out = data.bindings.tensors.at("D");
  CHECK(out.strides[0] > 11);
  static_cast<float*>(out.data)[out.strides[0] + 11] = 1;
  const CheckReport report = compare(dense(), data, options);
  CHECK(!report.good);
  CHECK(report.first_difference.find("D: wrote outside its elements, at ") == 0);
}

TEST_CASE("large outputs are compared at random points") {
  const CheckOptions options{.max_points = 200};
  const CheckData data = make_check_data(dense(), {{"M", 300}, {"N", 301}, {"K", 300}}, options);
  const TensorView& out = data.bindings.tensors.at("D");
  std::memset(out.data, 0, out.elements() * sizeof(float));
  const CheckReport report = compare(dense(), data, options);
  CHECK(!report.good);
  CHECK(report.compared == 204);
}

TEST_CASE("points that need whole rows are as many as the work allows") {
  const CheckOptions options{.exact = false, .max_points = 500, .most_point_work = 1e5};
  const CheckData data = make_check_data(softmax(), {{"M", 200}, {"N", 1000}}, options);
  run_kernel(softmax(), data);
  const CheckReport report = compare(softmax(), data, options);
  CHECK(report.good);
  CHECK(report.compared + report.undecided >= 32);
  CHECK(report.compared + report.undecided < 60);
}

TEST_CASE("points that are worth the whole work each are few, not only corners") {
  const CheckOptions options{.exact = false, .max_points = 500, .most_point_work = 1e4};
  CheckData data = make_check_data(softmax(), {{"M", 100}, {"N", 20'000}}, options);
  const TensorView& out = data.bindings.tensors.at("Y");
  std::memset(out.data, 0, out.elements() * sizeof(float));
  const CheckReport report = compare(softmax(), data, options);
  CHECK(report.compared + report.undecided >= 2);
  CHECK(report.compared + report.undecided <= 6);
  CHECK(!report.good);
}

TEST_CASE("of a large tensor drawn values return, shifted from row to row") {
  const CheckData data = make_check_data(dense(), {{"M", 4}, {"N", 3}, {"K", 100'000}}, {.exact = false});
  const float* const a = static_cast<const float*>(data.bindings.tensors.at("A").data);
  CHECK(a[262'139] == a[0]);
  CHECK(a[399'999] == a[399'999 - 262'139]);
  CHECK(a[0] != a[100'000]);
  CHECK(a[200'000] != a[300'000]);
}

TEST_CASE("exact mode applies where nothing can round") {
  CHECK(exact_mode_applies(dense()));
  CHECK(exact_mode_applies(conv()));
  CHECK(!exact_mode_applies(softmax()));
  const CheckData data = make_check_data(dense(), dense_sizes, {});
  CHECK(exact_mode_applies(dense(), data.bindings));
}

TEST_CASE("exact mode does not apply to products beyond what the type holds") {
  Var i("i");
  Size M("M"), K("K");
  Input X("X", f32, {M, K});
  RDom k(0, K, "k");
  Func P("P");
  P(i) = prod({k}, X(i, k));
  const Operator op = make_operator("product", {X}, {Output(P, {M})});
  const CheckData data = make_check_data(op, {{"M", 3}, {"K", 40}}, {});
  CHECK(!exact_mode_applies(op, data.bindings));
  run_kernel(op, data);
  CHECK(compare(op, data, {}).good);
}

TEST_CASE("a product is decided where no order of its factors leaves the range of the type") {
  Var i("i");
  Size N("N"), K("K");
  Input X("X", f32, {N, K});
  RDom k(0, K, "k");
  Func P("P");
  P(i) = prod({k}, X(i, k));
  const Operator op = make_operator("product", {X}, {Output(P, {N})});
  float factors[] = {0,      1e30f,  1e30f, 1,      //
                     1e-30f, 1e-30f, 1e30f, 1e30f,  //
                     0,      1e30f,  -2,    1,      //
                     1e-30f, 3,      7,     0.5f};
  Bindings bindings;
  bindings.sizes = {{"N", 4}, {"K", 4}};
  bindings.tensors["X"] = {.data = factors, .dtype = f32, .shape = {4, 4}, .strides = {4, 1}};
  PointOracle oracle(op, bindings);
  for (const int row : {0, 1, 2, 3}) CHECK_MESSAGE(oracle.at("P", 0, {row}).decided == (row > 1), row);
}

TEST_CASE("an element whose decision lies within rounding is left out and counted") {
  Var i("i");
  Size K("K");
  Input X("X", f32, {K});
  RDom k(0, K, "k");
  Func S("S"), Y("Y");
  S(i) = sum(k, X(k) * 0.1f + cast(f32, i) * 0.f);
  Y(i) = select(gt(S(i) - S(i), 0.f), 1.f, 2.f) + select(gt(cast(f32, i), 0.f), 1.f, 0.f);
  const Operator op = make_operator("decide", {X}, {Output(Y, {3})});
  const CheckOptions options{.exact = false};
  const CheckData data = make_check_data(op, {{"K", 9}}, options);
  run_kernel(op, data);
  const CheckReport report = compare(op, data, options);
  CHECK(report.good);
  CHECK(report.undecided == 3);
}

TEST_CASE("sums of whole numbers do not round, so that a cast of one is decided") {
  Var i("i");
  Size N("N");
  Input X("X", f32, {N}), zero("zero", u8, {});
  Func Q("Q");
  Q(i) = cast(u8, round(X(i) / 0.013f) + cast(f32, zero()));
  const Operator op = make_operator("quantized", {X, zero}, {Output(Q, {N})});
  const CheckOptions options{.exact = false};
  const CheckData data = make_check_data(op, {{"N", 200}}, options);
  interpret(op, data.bindings);
  const CheckReport report = compare(op, data, options);
  CHECK(report.good);
  CHECK(report.compared > 190);
}

TEST_CASE("the oracle's bound covers another order of summation and is not much larger") {
  const int64_t n = 1000;
  const CheckOptions options{.exact = false};
  const CheckData data = make_check_data(dense(), {{"M", 1}, {"N", 1}, {"K", n}}, options);
  const auto value = [&](const char* name, int64_t i) { return load_as_double(data.bindings.tensors.at(name), i); };
  float backwards = 0;
  double terms = 0;
  for (int64_t k = n; k-- > 0;) {
    backwards += static_cast<float>(value("A", k)) * static_cast<float>(value("B", k));
    terms += std::fabs(value("A", k) * value("B", k));
  }
  PointOracle oracle(dense(), data.bindings);
  const BoundedValue sum = oracle.at("C", 0, {0, 0});
  CHECK(sum.decided);
  CHECK(std::fabs(sum.value - backwards) <= sum.bound);
  CHECK(sum.bound < 5 * n * 0x1p-24 * terms);
}

TEST_CASE("what f32 arithmetic gives lies within the bound for random expressions") {
  std::mt19937_64 random(7);
  Var i("i");
  Input X("X", f32, {8});
  const std::vector<Op> ops = {Op::add, Op::sub, Op::mul,   Op::div,  Op::min, Op::max, Op::mod, Op::abs, Op::neg,
                               Op::exp, Op::log, Op::floor, Op::sqrt, Op::sin, Op::tanh, Op::fma, Op::select};
  const std::function<Expr(int)> grow = [&](int depth) -> Expr {
    if (depth == 0) return random() % 4 == 0 ? make_float(f32, 0.1) : X(make_integer(i64, random() % 8));
    const Op op = ops[random() % ops.size()];
    if (op == Op::select) return select(lt(grow(depth - 1), grow(depth - 1)), grow(depth - 1), grow(depth - 1));
    std::vector<Expr> args;
    for (int a = 0; a < info_of(op).arity; ++a) args.push_back(grow(depth - 1));
    return make_op(op, args);
  };
  const CheckOptions options{.exact = false};
  CheckReport total{};
  for (int round = 0; round < 300; ++round) {
    Func Y("Y");
    Y(i) = grow(1 + round % 4);
    const Operator op = make_operator("random", {X}, {Output(Y, {1})});
    const CheckData data = make_check_data(op, {}, {.seed = static_cast<uint64_t>(round), .exact = false});
    run_kernel(op, data);
    const CheckReport report = compare(op, data, options);
    CHECK_MESSAGE(report.good, report.first_difference);
    total.compared += report.compared;
    total.undecided += report.undecided;
  }
  CHECK(total.compared > 250);
}

TEST_CASE("argmax is compared component by component") {
  Var i("i");
  Size M("M"), N("N");
  Input X("X", f32, {M, N});
  RDom k(0, N, "k");
  auto best = std::make_shared<Combiner>();
  const Expr xv = make_var("xv", {f32, 1}), yv = make_var("yv", {f32, 1}), xi = make_var("xi"), yi = make_var("yi");
  best->name = "argmax";
  best->left = {"xv", "xi"};
  best->right = {"yv", "yi"};
  best->identity = {make_float(f32, -INFINITY), make_integer(i64, 0)};
  const Expr takes_right = gt(yv, xv) | (eq(yv, xv) & lt(yi, xi));
  best->combined = {select(takes_right, yv, xv), select(takes_right, yi, xi)};
  Func P("P");
  P(i) = reduce({k}, best, Tuple{X(i, k), Expr(k)});
  const Operator op = make_operator("argmax", {X}, {Output(P, {M})});
  const CheckData data = make_check_data(op, {{"M", 20}, {"N", 9}}, {});
  run_kernel(op, data);
  CHECK(compare(op, data, {}).good);
  CHECK(compare(op, data, {}).compared == 40);
  ++static_cast<int64_t*>(data.bindings.tensors.at("P.1").data)[4];
  CHECK(compare(op, data, {}).first_difference.find("P.1[4]: got ") == 0);
}

TEST_CASE("a point of an unknown Func is an error with the nearest name") {
  const CheckData data = make_check_data(dense(), dense_sizes, {});
  PointOracle oracle(dense(), data.bindings);
  CHECK_THROWS_WITH_AS(oracle.at("E", 0, {0, 0}), doctest::Contains("a point of an unknown Func: got E"), Error);
}

TEST_CASE("check sizes hold zero, one and odd sizes and respect the declaration") {
  const auto all = default_check_sizes(dense());
  CHECK(all.size() >= 10);
  bool zero = false, one = false;
  for (const auto& sizes : all) {
    zero = zero || sizes.at("K") == 0;
    one = one || (sizes.at("M") == 1 && sizes.at("N") == 1);
  }
  CHECK(zero);
  CHECK(one);

  Var i("i");
  Size N("N", 8, 64, 8);
  Input X("X", f32, {N});
  Func Y("Y");
  Y(i) = X(i) + 1.f;
  for (const auto& sizes : default_check_sizes(make_operator("add", {X}, {Output(Y, {N})}))) {
    CHECK(sizes.at("N") >= 8);
    CHECK(sizes.at("N") <= 64);
    CHECK(sizes.at("N") % 8 == 0);
  }
}

TEST_CASE("check sizes keep windows small and extents at least zero") {
  const auto all = default_check_sizes(conv());
  CHECK(all.size() >= 6);
  for (const auto& sizes : all) {
    CHECK(sizes.at("R") <= 5);
    CHECK(sizes.at("H") - sizes.at("R") + 1 >= 0);
    const CheckData data = make_check_data(conv(), sizes, {});
    run_kernel(conv(), data);
    CHECK(compare(conv(), data, {}).good);
  }
}

TEST_CASE("check sizes that read outside are dropped") {
  Var i("i");
  Size N("N");
  Input X("X", f32, {N});
  Func Y("Y");
  Y(i) = X(Expr(i) + 5);
  for (const auto& sizes : default_check_sizes(make_operator("ahead", {X}, {Output(Y, {4})}))) {
    CHECK(sizes.at("N") >= 9);
  }
}

TEST_CASE("a size that makes an extent negative is refused with its value") {
  CHECK_THROWS_WITH_AS(make_check_data(conv(), {{"H", 2}, {"C", 1}, {"R", 5}, {"O", 1}}, {}),
                       doctest::Contains("an extent of Y is negative at these sizes: got -2, need at least 0"), Error);
}

TEST_CASE("what depends on the sign of a zero minimum is undecided, what does not is decided") {
  Var i("i");
  Size N("N");
  Input X("X", f32, {N});
  Func low("low"), Y("Y");
  low(i) = min(X(i), -X(i));
  Y(i) = {rsqrt(low(i)), reciprocal(low(i)), bits_of(low(i)), rsqrt(abs(low(i))), low(i) + 1, rsqrt(X(i))};
  const Operator op = make_operator("zeros", {X}, {{Y, {N}}});
  float zero = 0;
  Bindings bindings;
  bindings.sizes = {{"N", 1}};
  bindings.tensors["X"] = {.data = &zero, .dtype = f32, .shape = {1}, .strides = {1}};
  PointOracle oracle(op, bindings);
  const bool decided[] = {false, false, false, true, true, true};
  for (int c = 0; c < 6; ++c) CHECK_MESSAGE(oracle.at("Y", c, {0}).decided == decided[c], c);
}

TEST_CASE("data for a check that is larger than the machine's memory is refused before it is touched") {
  const Operator op = conv();
  const auto asked = [&](int64_t height) { make_check_data(op, {{"H", height}, {"C", 1}, {"R", 1}, {"O", 1}}, {}); };
  CHECK_THROWS_WITH_AS(asked(int64_t{1} << 40), doctest::Contains("no memory for a tensor: got a request for "), Error);
}
