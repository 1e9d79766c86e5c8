// A vector loop over terms of a reduction: each lane sums its own, then lanes become one.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include "jit/compile.h"
#include "lang/oracle.h"
#include "lang/text.h"
#include "schedules/text.h"

namespace lathe {
namespace {

constexpr const char* operators =
    "rows(X: f32[M, N]) -> Y: f32[M]\n  Y[i] = sum(k < N: X[i, k])\n"
    "largest(X: f32[M, N]) -> B: (f32, i64)[M]\n"
    "  B[i] = reduce.argmax(k < N, (f32(-inf), 9223372036854775807), ((a, p), (b, q)) -> "
    "(select(b > a, b, a), select(b > a or b == a and q < p, q, p)): (X[i, k], k))\n";

SourceFile with_schedule(const std::string& op, const std::string& lines) {
  return parse_file_text(fmt::format("{}schedule for {}\n{}", operators, op, lines), "lanes.lathe");
}

void check(const std::string& name, const std::string& lines) {
  const SourceFile file = with_schedule(name, lines);
  const Operator& op = find_operator(file, name);
  const Kernel kernel = compile(op, {.schedule = schedule_for(file, op, "x86-64-v3")});
  for (int64_t n : {0, 1, 6, 7, 8, 23, 24, 25, 64, 127, 300}) {
    for (bool exact : {true, false}) {
      const CheckOptions options{.seed = static_cast<uint64_t>(n), .exact = exact};
      const CheckData data = make_check_data(op, {{"M", 5}, {"N", n}}, options);
      kernel.run(data.bindings.tensors, {.threads = 1}, {});
      CHECK_MESSAGE(compare(op, data, options).first_difference == "", fmt::format("{} with {} at N={}", name, lines, n));
    }
  }
}

std::string refusal(const std::string& lines, bool strict = false) {
  const SourceFile file = with_schedule("rows", lines);
  Operator op = find_operator(file, "rows");
  op.strict = strict;
  try {
    compile(op, {.schedule = schedule_for(file, op, "x86-64-v3")});
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("lanes over terms of any number are summed in the end") {
  for (int lanes : {2, 7, 8, 24, 64, 100}) {
    check("rows", fmt::format("Y.split(k, ko, ki, {}).vectorize(ki)\n", lanes));
    check("largest", fmt::format("B.split(k, ko, ki, {}).vectorize(ki)\n", lanes));
  }
}

TEST_CASE("rows of a tile may each have lanes over terms") {
  check("rows",
        "Y.split(i, io, ii, 4).split(k, ko, ki, 16).reorder(io, ko, ii, ki).vectorize(ki).unroll(ii)"
        ".store_in(registers, at = io)\n");
}

TEST_CASE("lanes over terms are refused where the written order counts or results are in memory") {
  const std::string lanes = "Y.split(k, ko, ki, 8).vectorize(ki)\n";
  CHECK(refusal(lanes) == "accepted");
  CHECK(refusal(lanes, true).find("need the written order, in the strict class") != std::string::npos);
  CHECK(refusal("Y.split(k, ko, ki, 8).reorder(ko, i, ki).vectorize(ki)\n").find("results of Y in memory") !=
        std::string::npos);
  CHECK(refusal("Y.split(k, ko, ki, 8).split(i, io, ii, 8).reorder(io, ko, ii, ki).vectorize(ki).vectorize(ii)"
                ".store_in(registers, at = io)\n")
            .find("one vector loop") != std::string::npos);
}

}  // namespace lathe
