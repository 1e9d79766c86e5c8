// Outputs in the place of an input: every schedule gives what the definition says of the old values, each computed once.
#include <doctest/doctest.h>

#include "jit/compile.h"
#include "lang/oracle.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "tests/fuzz/trial.h"
#include "tests/errors.h"

namespace lathe {
namespace {

constexpr const char* scaled = "scaled(X: f32[M, N], Y: f32[M, N]) -> Z: f32[M, N] in Y\n  Z[i, j] = 2 * Y[i, j] + X[i, j]\n";
constexpr const char* matmul_add =
    "matmul_add(A: f32[M, K], B: f32[K, N], C: f32[M, N]) -> D: f32[M, N] in C\n"
    "  P[i, j] = sum(k < K: A[i, k] * B[k, j])\n  D[i, j] = 3 * C[i, j] + P[i, j]\n";
constexpr const char* append =
    "append(cache: f32[S, E], row: f32[T, E], at: i64[]) -> kept: f32[S, E] in cache, top: f32[E]\n"
    "  kept[s, e] = cache[s, e]\n  over t < T: kept[at[] + t, e] = row[t, e]\n  top[e] = max(s < S: kept[s, e])\n";
constexpr const char* pixels =
    "pixels(X: f32[N, 2], Y: i16[N, 2]) -> Z: i16[N, 2] in Y\n  Z[x, c] = Y[x, c] + i16(X[x, c])\n";
constexpr const char* both =
    "both(X: f32[N], S: f32[N], T: f32[N]) -> U: f32[N] in S, V: f32[N] in T\n"
    "  U[i] = S[i] + X[i]\n  V[i] = T[i] - U[N - 1 - i]\n";

std::string with_schedule(const std::string& op, const std::string& directives) {
  return op + "schedule for " + op.substr(0, op.find('(')) + "\n" + directives + "\n";
}

// What is wrong with the kernel on any target of this machine; "" if nothing. "constructed" as directives.
std::string difference(const std::string& text, bool constructed = false) {
  const SourceFile file = parse_file_text(text, "in_place.lathe");
  const Operator& op = file.operators.at(0);
  for (const char* name : {"x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
    const std::optional<Target> target = target_to_test(name);
    if (!target) continue;
    std::optional<Schedule> schedule = schedule_for(file, op, target->level);
    if (constructed) schedule = constructed_schedule(op, {.target = target});
    const Kernel kernel = compile(op, {.schedule = schedule, .target = target});
    uint64_t seed = 0;
    for (const auto& sizes : default_check_sizes(op)) {
      for (bool exact : {true, false}) {
        const CheckOptions check{.seed = ++seed, .exact = exact, .strides = static_cast<CheckStrides>(seed % 2)};
        const CheckData data = make_check_data(op, sizes, check);
        kernel.run(data.bindings.tensors, {.threads = 2}, {});
        if (const CheckReport report = compare(op, data, check); !report.good) return report.first_difference;
      }
    }
  }
  return "";
}

}  // namespace

TEST_CASE("an output in the place of an input holds the new values after the call") {
  for (const char* op : {scaled, matmul_add, append, pixels, both}) {
    CHECK(difference(op) == "");
    CHECK(difference(op, true) == "");
  }
}

TEST_CASE("schedules compute each element in the place of an input once") {
  for (const char* directives : {
           "Z.split(j, jo, ji, 8).vectorize(ji).parallel(i)",
           "Z.split(j, jo, ji, 8).vectorize(ji).split(i, io, ii, 4).reorder(io, jo, ii, ji).unroll(ii)",
           "Z.collapse(i, j, x).split(x, xo, xi, 16).vectorize(xi)",
           "Z.split(i, io, ii, 5, even).parallel(io)",
       }) {
    CHECK_MESSAGE(difference(with_schedule(scaled, directives)) == "", directives);
  }
  const std::string tiled = "P.split(k, ko, ki, 4)\nP.tile(j, i -> jo, io, ji, ii; width 8: 6 rows, 4: 3; even)\n";
  for (const std::string& directives : {
           tiled + "P.reorder(ko, jo, io, ki, ii, ji).vectorize(ji).unroll(ii).store_in(registers, at = io)\nD.epilogue_of(P)",
           tiled + "P.reorder(jo, io, ko, ki, ii, ji).vectorize(ji).unroll(ii).store_in(registers, at = io)\nD.epilogue_of(P).parallel(jo)",
           std::string("P.compute_at(D, i)\nD.split(j, jo, ji, 8).vectorize(ji)"),
       }) {
    const std::string text = with_schedule(matmul_add, directives);
    try {
      CHECK_MESSAGE(difference(text) == "", directives);
    } catch (const Error& error) {
      FAIL_CHECK(directives << "\n" << error.what());
    }
  }
  CHECK(difference(with_schedule(append, "kept.update.reorder(e, t).parallel(e)")) == "");
}

TEST_CASE("tails that compute elements twice are refused where they would change them twice") {
  const std::string tile = "Z.tile(j, i -> jo, io, ji, ii; width 16: 6 rows; even).reorder(jo, io, ii, ji).vectorize(ji).unroll(ii)\n";
  const std::string message = failure_of([&] { difference(with_schedule(scaled, tile + "Z.tail(io, rows: full, then clamp)")); });
  CHECK(message.find("counts twice what is computed twice") != std::string::npos);
  CHECK(difference(with_schedule(scaled, tile)) == "");
}

TEST_CASE("an update of a tensor in its place touches only what it writes") {
  const SourceFile file = parse_file_text(append, "in_place.lathe");
  const Kernel kernel = compile(file.operators.at(0));
  Tensor cache(f32, {1000, 4}), row(f32, {2, 4}), at(i64, {}), top(f32, {4});
  for (int i = 0; i < 8; ++i) row.as<float>()[i] = static_cast<float>(i + 1);
  *at.as<int64_t>() = 998;
  kernel(cache, row, at, top);
  CHECK(cache.as<float>()[998 * 4] == 1);
  CHECK(cache.as<float>()[999 * 4 + 3] == 8);
  CHECK(top.as<float>()[0] == 5);
  *at.as<int64_t>() = 999;                                  // the second row falls outside and is dropped
  kernel(cache, row, at, top);
  CHECK(cache.as<float>()[999 * 4] == 1);
}

TEST_CASE("a tensor that is changed overlaps no other argument") {
  const SourceFile file = parse_file_text(scaled, "in_place.lathe");
  const Kernel kernel = compile(file.operators.at(0));
  Tensor x(f32, {3, 5});
  const std::string message = failure_of([&] { kernel(x, x); });
  CHECK(message.find("overlap") != std::string::npos);
}

}  // namespace lathe
