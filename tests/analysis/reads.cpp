// Whether reads stay inside is decided as an enumeration of all points decides it: what is not asked at the call is
// inside, what is refused is never inside, and the conditions let through exactly the sizes that are.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "analysis/read_conditions.h"
#include "lang/text.h"
#include "tests/analysis/random_index.h"
#include "tests/errors.h"

namespace lathe {
namespace {

// Y reads P or X itself, and maybe sums: small sizes, a few strides and offsets.
std::string random_reader(Random& random) {
  const auto offset = [&] {
    const int64_t by = random.between(-2, 2);
    return by == 0 ? std::string() : fmt::format(" {} {}", by < 0 ? '-' : '+', std::abs(by));
  };
  const int64_t lowest = random.between(0, 2);
  std::string index = random.chance(25) ? "y/2" : fmt::format("{}*y", random.between(1, 2));
  if (random.chance(20)) index = fmt::format("{} - y", random.pick<std::string>({"N", "K"}));
  std::string text = fmt::format("f(X: f32[N], W: f32[K]) -> Y: f32[{}]\n  size N in {}..{}\n  size K in 0..3\n",
                                 random.pick<std::string>({"N", "N - 1", "N - K", "N - K + 1", "(N - 1)/2 + 1", "N + 1", "K"}),
                                 lowest, lowest + random.between(1, 5));
  const std::string read = random.chance(40) ? "P" : "X";
  if (read == "P") text += fmt::format("  P[x] = X[x{}] * 2\n", offset());
  if (random.chance(50)) return text + fmt::format("  Y[y] = {}[{}{}]\n", read, index, offset());
  return text + fmt::format("  Y[y] = sum(k < K: {}[{} + k{}] * W[k])\n", read, index, offset());
}

// All points that are evaluated, and the indices of X that they read.
class Enumeration {
 public:
  Enumeration(const Operator& op, Assignment sizes) : op_(op), sizes_(std::move(sizes)) {
    extent_ = value_of(op.outputs[0].extents[0], sizes_);
    for (int64_t y = 0; y < extent_; ++y) evaluate_at(*op.find_func("Y"), y);
  }
  bool legal() const { return extent_ >= 0; }
  bool outside = false, reads = false;

 private:
  void evaluate_at(const FuncContents& func, int64_t point) {
    Assignment at = sizes_;
    at[func.vars[0]] = point;
    const int64_t terms = func.rvars.empty() ? 1 : value_of(func.rvars[0].extent, sizes_);
    for (int64_t k = 0; k < terms; ++k) {
      if (!func.rvars.empty()) at[func.rvars[0].name] = k;
      visit(func.values[0], [&](const Expr& e) {
        if (e.kind() != ExprKind::access) return;
        const int64_t index = value_of(e.arg(0), at);
        if (const FuncContents* producer = op_.find_func(e->name)) return evaluate_at(*producer, index);
        reads = true;
        outside = outside || index < 0 || index >= value_of(op_.find_input(e->name)->extents[0], sizes_);
      });
    }
  }

  const Operator& op_;
  Assignment sizes_;
  int64_t extent_ = 0;
};

void for_each_size(const Operator& op, const std::function<void(const Assignment&)>& visit) {
  for (int64_t n = op.sizes[0].lowest; n <= op.sizes[0].highest; ++n) {
    for (int64_t k = op.sizes[1].lowest; k <= op.sizes[1].highest; ++k) {
      visit({{op.sizes[0].name, n}, {op.sizes[1].name, k}});
    }
  }
}

}  // namespace

TEST_CASE("reads are proved, refused or asked for at the call as the points that are read demand") {
  Random random(21);
  int proved = 0, refused = 0, asked = 0;
  for (int t = 0; t < 1500; ++t) {
    const std::string text = random_reader(random);
    const Operator op = parse_file_text(text, "reader.lathe").operators.at(0);
    std::vector<ReadCondition> conditions;
    bool refuses = false;
    try {
      conditions = read_conditions(op);
    } catch (const Error& error) {
      REQUIRE_MESSAGE(error.code() == ErrorCode::read_outside, error.what());
      refuses = true;
    }
    ++(refuses ? refused : conditions.empty() ? proved : asked);
    for_each_size(op, [&](const Assignment& sizes) {
      const Enumeration all(op, sizes);
      if (!all.legal()) return;
      const std::string at = fmt::format("{}N = {}, K = {}", text, sizes.at("N"), sizes.at("K"));
      bool holds = !refuses || !all.reads;
      for (const ReadCondition& c : conditions) holds = holds && value_of(c.condition, sizes) != 0;
      CHECK_MESSAGE(holds == !all.outside, at);
    });
  }
  CHECK(proved > 50);
  CHECK(refused > 50);
  CHECK(asked > 100);
}

TEST_CASE("an index that nothing bounds stays apart from those beside it") {
  const auto answer = [](const std::string& producer, const std::string& reads) {
    const std::string text = "f(X: f32[N], Z: f32[M]) -> Y: f32[M, 3]\n  T[i, j] = " + producer + "\n  Y[m, j] = Z[m] + " + reads + "\n";
    return error_of([&] { read_conditions(parse_file_text(text, "f.lathe").operators.at(0)); });
  };
  const std::string unbounded = "L107 lathe: analysis: T reads X[i]: index i of dimension 0: got an index that sizes do not bound";
  for (const char* reads : {"T[m << j, j]", "T[0, j] + T[m << j, j]", "T[m << j, j] + T[0, j]"}) {
    CAPTURE(reads);
    CHECK(answer("X[i]", reads).substr(0, unbounded.size()) == unbounded);
    CHECK(answer("X[N - 1 - j] + f32(i)", reads) == "no error");
  }
}

}  // namespace lathe
