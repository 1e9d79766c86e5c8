// Declared arguments in layouts of their own: what is decided, and that it computes the same.
#include <doctest/doctest.h>

#include "jit/compile.h"
#include "jit/runtime/pack.h"
#include "lang/oracle.h"
#include "schedules/text.h"
#include "tests/tuner/fixtures.h"

namespace lathe::tuner {
namespace {

Operator parsed(const std::string& text) { return parse_file_text(text, "layouts.lathe").operators.at(0); }

Operator transposed() {
  return parsed(
      "product(A: f32[M, K], B: f32[N, K]) -> C: f32[M, N]\n"
      "  C[i, j] = sum(k < K: A[i, k] * B[j, k])\n");
}

Operator filtered() {
  return parsed(
      "filtered(X: f32[C, W], F: f32[O, C, S]) -> Y: f32[O, W]\n"
      "  P[c, x] = X[c, x] outside 0\n"
      "  Y[o, x] = sum(c < C, s < S: P[c, x + s] * F[o, c, s])\n");
}

Operator of_bytes() {
  return parsed(
      "bytes(A: u8[M, K], B: i8[K, N]) -> C: i32[M, N]\n"
      "  C[i, j] = sum(k < K: i32(A[i, k]) * i32(B[k, j]))\n");
}

Schedule with(const Operator& op, const Target& target, const Layouts& layouts, const Trace& trace) {
  return Space(op, target, 1, layouts).candidate(trace).decided();
}

TEST_CASE("an argument in another order is decided as if it had been declared so") {
  const Layouts constant{{"B", LayoutRight::constant}};
  const Schedule turned = with(transposed(), avx2(), constant, {{"B.dimensions", "1/0"}});
  CHECK(contains(print(turned), "B.constant().layout(1, 0)"));
  const Schedule straight = with(product(), avx2(), {}, {});
  CHECK(turned.specializations.size() == straight.specializations.size());
  CHECK(turned.specializations.front() == straight.specializations.front());
  CHECK(!contains(print(turned), "stride(B"));
}

TEST_CASE("blocks of an argument take the place of its copies, and tiles begin where they do") {
  const Layouts constant{{"B", LayoutRight::constant}};
  const std::string usual = print(with(product(), avx2(), constant, {}));
  CHECK(contains(usual, "B.stage_at("));
  const std::string cut = print(with(product(), avx2(), constant, {{"B.cut", "1"}}));
  CHECK(!contains(cut, "B.stage_at("));
  CHECK(contains(cut, "B.constant().layout(1/16, 0, 1%16)"));
  CHECK(contains(cut, "width 16: 6 rows)"));
  CHECK(!contains(cut, "param kc"));
  CHECK(contains(print(with(product(), avx2(), constant, {{"B.copied", "yes"}, {"B.cut", "1"}})), "B.stage_at("));
}

TEST_CASE("what an instruction wants side by side stays so in an argument's blocks") {
  const Target target = target_named("x86-64-v4+avx512vnni");
  const Schedule cut = with(of_bytes(), target, {{"B", LayoutRight::constant}}, {{"B.cut", "1"}});
  CHECK(contains(print(cut), "B.constant().layout(1/64, 0/4, 1%64, 0%4)"));
  CHECK(contains(print(cut), "tensorize(ke, vpdpbusd)"));
  CHECK_NOTHROW(compile_to_ir(of_bytes(), {.schedule = cut, .target = target}));
}

TEST_CASE("without layouts nothing lies otherwise than row after row") {
  for (const Operator& op : {product(), transposed(), filtered(), of_bytes()}) {
    CAPTURE(print(op));
    CHECK(!contains(print(with(op, avx2(), {}, {{"layouts", "no"}})), ".layout("));
  }
  CHECK(contains(print(with(transposed(), avx2(), {}, {})), ".layout("));
  const Space fixed(transposed(), avx2(), 1, {}, {}, {{"layouts", "no"}});
  const Candidate first = fixed.candidate({});
  CHECK(first.trace.at("layouts") == "no");
  for (const Trace& trace : fixed.neighbours(first)) CHECK(!contains(fixed.candidate(trace).text(), ".layout("));
}

TEST_CASE("kernels compute the same from arguments in any decided layout") {
  const Target target = target_named("x86-64-v2");
  struct Decided {
    Operator op;
    Layouts layouts;
    std::string trace;
  };
  const Layouts b{{"B", LayoutRight::constant}}, x_and_f{{"F", LayoutRight::constant}, {"X", LayoutRight::free}};
  const std::vector<Decided> all = {
      {product(), b, "B.cut=1"},
      {product(), b, "B.cut=0 B.block=8"},
      {product(), b, "B.dimensions=1/0"},
      {product(), {{"B", LayoutRight::free}, {"C", LayoutRight::free}}, "B.cut=1 C.dimensions=1/0"},
      {transposed(), b, "B.dimensions=1/0"},
      {transposed(), b, "B.dimensions=1/0 B.cut=0"},
      {transposed(), b, "B.cut=0 B.copied=yes"},
      {filtered(), x_and_f, "F.dimensions=1/2/0 X.dimensions=1/0"},
      {filtered(), x_and_f, "F.dimensions=1/2/0 F.cut=0 F.block=4"},
      {of_bytes(), b, "B.cut=1 B.block=8"},
  };
  for (const Decided& d : all) {
    CAPTURE(d.trace);
    const Schedule schedule = with(d.op, target, d.layouts, parse_trace(d.trace));
    CAPTURE(print(schedule));
    const Kernel kernel = compile(d.op, {.schedule = schedule, .target = target, .cache = Cache::none});
    for (const Sizes& at : default_check_sizes(d.op)) {
      CheckData data = make_check_data(d.op, at, {});
      const PackedCall call(kernel, data.bindings.tensors);
      kernel.run(call.arguments());
      call.unpack_outputs();
      const CheckReport report = compare(d.op, data, {});
      CHECK_MESSAGE(report.good, report.first_difference);
    }
  }
}

}  // namespace
}  // namespace lathe::tuner
