// What nobody reads is not computed: nothing is held of its reads, and nothing may be touched for it.
#include <doctest/doctest.h>

#include "jit/compile.h"
#include "lang/oracle.h"
#include "lang/text.h"
#include "schedules/text.h"

namespace lathe {
namespace {

// The report of one call, on data between guard pages; `lines` are directives.
std::string difference(const std::string& text, const std::string& lines, const std::map<std::string, int64_t>& sizes) {
  const Operator op = parse_file_text(text, "unread.lathe").operators.at(0);
  CompileOptions options;
  options.target = target_named("x86-64-v2");
  if (!lines.empty()) options.schedule = parse_schedule({"schedule for " + op.name + "\n" + lines, {"unread.lathe", 1, 1}}, op);
  const Kernel kernel = compile(op, options);
  const CheckData data = make_check_data(op, sizes, {});
  kernel.run(data.bindings.tensors, {.threads = 1}, data.bindings.params);
  return compare(op, data, {}).first_difference;
}

}  // namespace

TEST_CASE("a Func that only an unread component of a tuple reads is not computed") {
  const std::string text = "f(X: f32[N]) -> Y: f32[N]\n  S[i] = sum(k < N: X[k])\n  T[i] = (X[i] * 2, S[i] + 1)\n  Y[i] = T[i].0\n";
  CHECK(difference(text, "", {{"N", 5}}) == "");
  CHECK(difference(text, "S.compute_root()\n", {{"N", 5}}) == "");
}

TEST_CASE("an update whose Func has no reader with a point reads nothing") {
  const std::string text = "f(X: f32[N, M]) -> Y: f32[M, N]\n  H[i] = f32(1)\n"
                           "  over r < M: H[i64(X[r, r] outside edge)] = f32(r) + (X[r, 0] outside edge)\n  Y[i, j] = H[i] + f32(j)\n";
  CHECK(difference(text, "", {{"M", 11}, {"N", 0}}) == "");
  CHECK(difference(text, "", {{"M", 11}, {"N", 3}}) == "");
}

TEST_CASE("a Func at constant indices whose readers have no point reads nothing") {
  const std::string text = "f(X: f32[N]) -> Y: f32[N]\n  S[] = sum(k < 4: X[k] outside edge)\n"
                           "  T[i] = sum(k < 2: X[i + k] outside mirror)\n  Y[i] = S[] + T[0] * X[i]\n";
  for (int64_t n : {0, 3}) {
    CHECK(difference(text, "", {{"N", n}}) == "");
    CHECK(difference(text, "S.compute_root()\nT.compute_root()\n", {{"N", n}}) == "");
  }
}

}  // namespace lathe
