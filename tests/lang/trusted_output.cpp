// Whole outputs compared with what the plain nest wrote, where the interpreter has time for some points only.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "lang/far_elements.h"
#include "lang/oracle.h"
#include "lang/text.h"

using namespace lathe;

namespace {

Operator parsed(const std::string& text) { return parse_file_text(text, "trusted.lathe").operators.at(0); }

const std::map<std::string, int64_t> sizes = {{"M", 20}, {"N", 300}};

Operator rows() {
  return parsed(
      "rows(X: f32[M, N]) -> Y: f32[M, N]\n  total[i] = sum(k < N: X[i, k])\n  Y[i, j] = X[i, j] * total[i]\n");
}

Operator softmax() {
  return parsed(
      "softmax(X: f32[M, N]) -> Y: f32[M, N]\n  e[i, j] = exp(X[i, j])\n"
      "  total[i] = sum(k < N: e[i, k])\n  Y[i, j] = e[i, j] / total[i]\n");
}

Operator running_sum() {
  return parsed("running(X: f32[N]) -> S: f32[N]\n  S[j] = X[j]\n  over k < N - 1: S[k + 1] = S[k] + X[k + 1]\n");
}

// A check that interprets few points, and a kernel that is right but for one element.
struct Checked {
  Operator op;
  CheckOptions options;
  CheckData data;
  TensorView out;
  Expected expected;

  Checked(Operator given, bool exact, int64_t off_when_trusted = -1)
      : op(std::move(given)),
        options{.exact = exact, .max_points = 4, .strides = CheckStrides::dense, .most_whole_work = 10},
        data(make_check_data(op, sizes, options)),
        out(data.bindings.tensors.at(op.outputs[0].func)),
        expected(op, data, options, [&] { run(off_when_trusted); }) {}

  void run(int64_t off, float by = 1) const {
    interpret(op, data.bindings);
    if (off >= 0) static_cast<float*>(out.data)[off] += by;
  }
  CheckReport report(int64_t off, float by = 1) const {
    run(off, by);
    return expected.report();
  }
};

}  // namespace

TEST_CASE("beside the plain nest a wrong element is found wherever it is, though few points are interpreted") {
  const Checked exact(rows(), true), bounded(rows(), false), never_exact(softmax(), false);
  for (const Checked* checked : {&exact, &bounded, &never_exact}) {
    CHECK(checked->expected.points() < 40);
    CHECK(!checked->expected.interprets_whole());
    CHECK(checked->report(-1).good);
    CHECK(checked->report(-1).compared >= 20 * 300);
    for (const int64_t off : {7, 1234, 20 * 300 - 2}) {
      const CheckReport report = checked->report(off);
      CHECK(!report.good);
      CHECK(report.first_difference.find("Y[" + std::to_string(off / 300) + ", " + std::to_string(off % 300)) == 0);
    }
  }
}

TEST_CASE("where a kernel differs from the plain nest the interpreter decides who is right") {
  const Checked checked(rows(), true, 1234);  // the plain nest is wrong there
  CHECK(checked.report(-1).good);
  CHECK(!checked.report(1234, 2).good);
  CHECK(!checked.report(1235).good);
}

TEST_CASE("a plain nest that is wrong at a point is not trusted at all") {
  const Checked checked(rows(), true, 0);  // a corner
  CHECK(checked.report(-1).good);
  CHECK(checked.report(-1).compared < 40);
}

TEST_CASE("rounding in another order is no difference from the plain nest") {
  const Checked checked(softmax(), false);
  CHECK(checked.report(1234, 1e-10f).good);
}

TEST_CASE("where one point takes all the work the plain nest alone says what is right") {
  const Operator op = running_sum();
  CheckOptions options{.max_points = 4, .strides = CheckStrides::dense, .most_whole_work = 10, .most_point_work = 100};
  const CheckData data = make_check_data(op, {{"N", 1000}}, options);
  const Expected expected(op, data, options, [&] { interpret(op, data.bindings); });
  CHECK(expected.points() == 0);
  CHECK(expected.report().good);
  static_cast<float*>(data.bindings.tensors.at("S").data)[500] += 1;
  CHECK(!expected.report().good);
}

TEST_CASE("smaller integers keep longer sums exact") {
  const Operator op = running_sum();
  const std::map<std::string, int64_t> many{{"N", 10'000'000}};
  const Bindings bindings{.sizes = many, .params = {}, .tensors = {}};
  CHECK(!exact_mode_applies(op, bindings));
  CHECK(exact_mode_applies(op, bindings, 1));
  const CheckData data = make_check_data(op, {{"N", 1000}}, {.largest = 1});
  for (int64_t i = 0; i < 1000; ++i) CHECK(std::fabs(load_as_double(data.bindings.tensors.at("X"), i)) <= 1);
}

TEST_CASE("the farthest elements come first, and NaN is far from every number") {
  Tensor need(DType::f32, {2, 3}), got(DType::f32, {2, 3});
  CHECK(far_elements(got, need, 0, 8).empty());
  got.as<float>()[1] = 0.5f;
  got.as<float>()[3] = -2;
  got.as<float>()[5] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<FarElement> far = far_elements(got, need, 0.1, 8);
  REQUIRE(far.size() == 3);
  CHECK(far[0].at == std::vector<int64_t>{1, 2});
  CHECK(far[1].at == std::vector<int64_t>{1, 0});
  CHECK(far[1].distance == 2);
  CHECK(far[2].at == std::vector<int64_t>{0, 1});
  CHECK(far_elements(got, need, 1, 8).size() == 2);
  CHECK(far_elements(got, need, 0, 1).size() == 1);
  need.as<float>()[5] = std::numeric_limits<float>::quiet_NaN();
  CHECK(far_elements(got, need, 1, 8).size() == 1);
  Tensor wide(DType::i64, {1}), narrow(DType::i64, {1});
  wide.as<int64_t>()[0] = (int64_t{1} << 60) + 1, narrow.as<int64_t>()[0] = int64_t{1} << 60;
  CHECK(far_elements(wide, narrow, 0, 8).size() == 1);
}
