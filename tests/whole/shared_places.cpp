// Values that wait in the places of results: the same results by every schedule, and by the constructed one where it chooses so.
#include <doctest/doctest.h>

#include "jit/compile.h"
#include "lang/oracle.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "tests/fuzz/trial.h"

namespace lathe {
namespace {

constexpr const char* softmax =
    "softmax(X: f32[M, N]) -> Y: f32[M, N]\n"
    "  top[i] = max(k < N: X[i, k])\n  E[i, j] = exp(X[i, j] - top[i])\n  Y[i, j] = E[i, j] / sum(k < N: E[i, k])\n";
constexpr const char* centred =                             // a reduction waits, and its readers read it two ways
    "centred(A: f32[M, K], B: f32[K, N]) -> D: f32[M, N]\n"
    "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n  mean[i] = sum(k < N: C[i, k])\n  D[i, j] = C[i, j] - mean[i]\n";
constexpr const char* around =                              // others read neighbours, which are results of the iteration too
    "around(X: f32[M, N, C]) -> Y: f32[M, N, C]\n"
    "  E[i, j, c] = 2 * X[i, j, c]\n  T[i, c] = max(k < N: E[i, k, c])\n  Y[i, j, c] = E[i, j, c] - T[i, c]\n";

// What is wrong with the kernel on any target of this machine; "" if nothing.
std::string difference(const std::string& text, const std::string& directives) {
  const std::string name = text.substr(0, text.find('('));
  const SourceFile file = parse_file_text(directives.empty() ? text : text + "schedule for " + name + "\n" + directives + "\n", "places.lathe");
  const Operator& op = file.operators.at(0);
  for (const char* level : {"x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
    const std::optional<Target> target = target_to_test(level);
    if (!target) continue;
    const Schedule schedule = directives.empty() ? constructed_schedule(op, {.target = target}) : *schedule_for(file, op, target->level);
    CHECK(print(schedule).find("store_with") != std::string::npos);
    const Kernel kernel = compile(op, {.schedule = schedule, .target = target});
    uint64_t seed = 0;
    for (const auto& sizes : default_check_sizes(op)) {
      const CheckOptions check{.seed = ++seed, .exact = seed % 3 == 0, .strides = static_cast<CheckStrides>(seed % 2)};
      const CheckData data = make_check_data(op, sizes, check);
      kernel.run(data.bindings.tensors, {.threads = 2}, {});
      if (const CheckReport report = compare(op, data, check); !report.good) return report.first_difference;
    }
  }
  return "";
}

}  // namespace

TEST_CASE("values that wait in the places of results become them") {
  for (const char* directives : {
           "E.compute_at(Y, i).store_with(Y)\nY.sum.compute_at(Y, i)",
           "Y.parallel(i)\nE.compute_at(Y, i).split(j, jo, ji, 16).vectorize(ji).store_with(Y)\nY.sum.compute_at(Y, i)",
           "Y.split(j, jo, ji, 32).vectorize(ji).parallel(jo)\nE.compute_at(Y, i).split(j, jo, ji, 8).vectorize(ji).store_with(Y)\nY.sum.compute_at(Y, i)",
           "Y.split(i, io, ii, 4).reorder(io, j, ii).unroll(ii)\nE.compute_at(Y, io).store_with(Y)\nY.sum.compute_at(Y, io)",
           "Y.split(i, io, ii, 16).reorder(io, j, ii).vectorize(ii).parallel(io)\nE.compute_at(Y, io).store_with(Y)\nY.sum.compute_at(Y, io)",
       }) {
    CHECK_MESSAGE(difference(softmax, directives) == "", directives);
  }
  for (const char* directives : {
           "C.compute_at(D, i).store_with(D)\nmean.compute_at(D, i)",
           "C.compute_at(D, i).split(k, ko, ki, 8).split(j, jo, ji, 16).reorder(ko, i, jo, ki, ji).vectorize(ji).store_with(D)\nmean.compute_at(D, i)",
       }) {
    CHECK_MESSAGE(difference(centred, directives) == "", directives);
  }
  CHECK(difference(around, "Y.parallel(i).split(c, co, ci, 4).vectorize(ci)\nE.compute_at(Y, i).store_with(Y)\nT.compute_at(Y, i)") == "");
}

TEST_CASE("sums that stay in registers go from there into the places of results") {
  CHECK(difference(centred,
                   "D.split(i, io, ii, 4)\nC.compute_at(D, io).store_with(D)\nmean.compute_at(D, io)\n"
                   "C.split(j, jo, ji, 16).reorder(jo, i, k, ji).vectorize(ji).store_in(registers, at = i)\n"
                   "B.stage_at(C, jo).with_first(i)") == "");
}

TEST_CASE("constructed schedules let values wait in the places of results") {
  CHECK(difference(softmax, "") == "");
}

}  // namespace lathe
