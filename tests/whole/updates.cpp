// Kernels of updates, with schedules for them: results are the interpreter's, what would break the order is refused.
#include <doctest/doctest.h>

#include "jit/compile.h"
#include "jit/ir/text.h"
#include "lang/oracle.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "targets/target.h"
#include "tests/errors.h"

namespace lathe {
namespace {

constexpr const char* prefix_sum =
    "prefix_sum(X: f32[M, N]) -> S: f32[M, N]\n  S[i, j] = X[i, j]\n  over k < N - 1: S[i, k + 1] = S[i, k] + X[i, k + 1]\n";
constexpr const char* paths =
    "paths(X: i32[M, N]) -> Y: i32[M, N]\n  D[i, j] = X[i - 1, j - 1] outside 0\n"
    "  over p < M, q < N: D[p + 1, q + 1] = max(D[p, q + 1], D[p + 1, q]) + X[p, q]\n  Y[i, j] = D[i + 1, j + 1]\n";

std::string with_schedule(const std::string& op, const std::string& directives) {
  return op + "schedule for " + op.substr(0, op.find('(')) + "\n" + directives + "\n";
}

// What is wrong with the kernel; "" if nothing.
std::string difference(const std::string& text) {
  const SourceFile file = parse_file_text(text, "update.lathe");
  const Operator& op = file.operators.at(0);
  const Kernel kernel = compile(op, {.schedule = schedule_for(file, op, "x86-64-v3")});
  for (const auto& sizes : default_check_sizes(op)) {
    const CheckData data = make_check_data(op, sizes, {.seed = 3});
    kernel.run(data.bindings.tensors, {.threads = 2}, {});
    if (const CheckReport report = compare(op, data, {.seed = 3}); !report.good) return report.first_difference;
  }
  return "";
}

}  // namespace

TEST_CASE("updates compute what the interpreter does, scheduled or not") {
  CHECK(difference(prefix_sum) == "");
  CHECK(difference(paths) == "");
  CHECK(difference(with_schedule(prefix_sum, "S.parallel(i)\nS.update.parallel(i)")) == "");
  CHECK(difference(with_schedule(prefix_sum, "S.update.reorder(k, i)")) == "");
  CHECK(difference(with_schedule(prefix_sum, "S.update.split(i, io, ii, 8).reorder(io, k, ii).parallel(io)")) == "");
  CHECK(difference(with_schedule(paths, "D.parallel(i)\nD.update.split(p, po, pi, 8)\nY.split(j, jo, ji, 8).vectorize(ji)")) == "");
}

TEST_CASE("free indices of an update run in lanes") {
  const std::string recurrence =
      "recurrence(a: f32[T, N], b: f32[T, N], start: f32[N]) -> h: f32[T + 1, N]\n  h[t, n] = start[n]\n"
      "  over s < T: h[s + 1, n] = a[s, n] * h[s, n] + b[s, n]\n";
  CHECK(difference(with_schedule(recurrence, "h.update.split(n, no, ni, 8).reorder(no, s, ni).vectorize(ni)")) == "");
  CHECK(difference(with_schedule(recurrence, "h.update.split(n, no, ni, 24).reorder(s, no, ni).vectorize(ni)")) == "");
  CHECK(difference(with_schedule(recurrence, "h.update.split(n, no, ni, 16).reorder(no, s, ni).vectorize(ni).parallel(no)")) == "");
  CHECK(difference(with_schedule(recurrence, "h.update.split(n, no, ni, 4).reorder(no, s, ni).unroll(ni)")) == "");
  CHECK(difference(with_schedule(recurrence, "h.update.split(s, so, si, 4).reorder(n, so, si).unroll(si)")) == "");
  CHECK(difference(with_schedule(prefix_sum, "S.update.split(i, io, ii, 8).reorder(io, k, ii).vectorize(ii)")) == "");
  const std::string scatter =
      "scatter(X: f32[N, E], row: i64[N], base: f32[V, E]) -> Y: f32[V, E]\n  Y[v, e] = base[v, e]\n"
      "  over n < N: Y[row[n], e] = Y[row[n], e] + X[n, e]\n";
  CHECK(difference(with_schedule(scatter, "Y.update.split(e, eo, ei, 8).vectorize(ei)")) == "");
  const std::string places =                                // each lane writes where its own row says
      "places(X: f32[M, K], at: i64[M, K], base: f32[M, N]) -> H: f32[M, N]\n  H[m, n] = base[m, n]\n"
      "  over k < K: H[m, at[m, k]] = H[m, at[m, k]] + X[m, k]\n";
  CHECK(difference(with_schedule(places, "H.update.split(m, mo, mi, 8).reorder(mo, k, mi).vectorize(mi)")) == "");
}

TEST_CASE("schedules that would break the order of an update are refused") {
  const auto refusal = [](const std::string& op, const std::string& directives) {
    return failure_of([&] { difference(with_schedule(op, directives)); });
  };
  const auto contains = [](const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; };
  CHECK(contains(refusal(prefix_sum, "S.update.parallel(k)"), "depend on one another"));
  CHECK(contains(refusal(paths, "D.update.reorder(q, p)"), "the loops of D.update are reordered"));
  CHECK(contains(refusal(paths, "D.update.split(q, qo, qi, 8).reorder(qo, p, qi)"), "the loops of D.update are reordered"));
  CHECK(contains(refusal(prefix_sum, "S.update.split(k, ko, ki, 8).vectorize(ki)"), "need a loop over an index that stays free"));
  CHECK(contains(refusal(prefix_sum, "S.update.store_in(registers, at = i)"), "split, reorder, parallel, vectorize or unroll on an update"));
  CHECK(contains(refusal(paths, "D.compute_at(Y, i)"), "a Func with updates"));
  CHECK(contains(refusal(paths, "D.compute_inline()"), "a Func with updates"));
  CHECK(contains(refusal(prefix_sum, "S.updat.parallel(i)"), "did you mean S.update?"));
}

TEST_CASE("a read before the stored region of an output is refused with a hint") {
  const std::string message = failure_of([] {
    difference("f(X: f32[N]) -> S: f32[N]\n  S[i] = 0\n  over k < N: S[k] = S[k - 1] + X[k]\n");
  });
  CHECK(message.find("reads the output S outside of its extents") != std::string::npos);
}

TEST_CASE("an update finds the point that it writes where a rule in its index has nothing to do, and stores no more than is read") {
  const std::string text =
      "counts(X: i8[M], V: f32[M]) -> Y: f32[M]\n  F[j] = V[j]\n"
      "  over r < M: F[i64(u8(X[r] outside 100))] = F[i64(u8(X[r] outside 100))] + 1\n  Y[i] = F[i]\n";
  const Operator op = parse_file_text(text, "counts.lathe").operators.at(0);
  const std::string lowered = ir::print(compile_to_ir(op, {.target = target_named("x86-64-v3")}, "lower"));
  CHECK_MESSAGE(lowered.find("alloc F: f32[M] heap") != std::string::npos, lowered);   // it was 256, for which V was read
  CHECK(difference(text) == "");
}

}  // namespace lathe
