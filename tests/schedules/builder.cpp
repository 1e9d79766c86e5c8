// The C++ form: equal to the text form, and each directive knows its line.
#include <doctest/doctest.h>

#include "tests/schedules/operators.h"

using namespace lathe;

TEST_CASE("the C++ form and the text form give equal schedules") {
  Operator op = dense();
  Expr M = make_var("M"), N = make_var("N"), kc = make_var("kc");
  ScheduleBuilder s(op, "x86-64-v4");
  s.param("kc", make_var("target.L1") / Expr(48), 16, 4096);
  s["C"]
      .split("k", "ko", "ki", kc, true)
      .tile("j", "i", "jo", "io", "ji", "ii", {{64, 6}, {48, 8}}, true)
      .reorder({"ko", "jo", "io", "ki", "ii", "ji"})
      .vectorize("ji")
      .unroll("ii")
      .tail("io", Tail::clamp, {{1, 1}, {2, 3}})
      .tail("ji", Tail::mask)
      .store_in("registers", "io")
      .parallel("jo");
  s["A"].prefetch("C", "io", 2).table_at("C", "io");
  s["D.sum"].compute_at("D", "i").store_at("D", "i").fold_storage("i", 3).collapse("x", "c", "xc").store_in("stack");
  s["D.sum"].pitch("x", 64, 3).align(128).slide("i").trace({0, M - Expr(1)}).tensorize("k", "vpmaddwd");
  s["D.sum2"].compute_inline().compute_root().fuse("i", "j", "ij").peel("ij", 1, M).clip({"k"}).rfactor("k", "part");
  s["D"].epilogue_of("C").stream(gt(Expr(4) * M * N, make_var("target.L3") / Expr(2))).stream().require(Requirement::streamed);
  s["A"].constant().layout({Digit("K", 4), "M", Digit("K", 1, 4)}).free_layout();
  s.specialize(ge(M, Expr(48)) & eq(make_var("B.stride.0") % Expr(1024), Expr(0)), [](const auto& stage_of) {
    stage_of("B").stage_at("C", "jo", "Bp").layout({"ki", "ji"}).with_first("io");
    stage_of("Bp").vectorize("ji");
  });

  Schedule text = parse_schedule(block_of(R"(schedule for dense on x86-64-v4
param kc = target.L1/48 in 16..4096
C.split(k, ko, ki, kc, even)
C.tile(j, i -> jo, io, ji, ii; width 64: 6 rows, 48: 8; even)
C.reorder(ko, jo, io, ki, ii, ji).vectorize(ji).unroll(ii)
C.tail(io, rows: full, 2/3, then clamp).tail(ji, mask)
C.store_in(registers, at = io).parallel(jo)
A.prefetch(C, io, 2).table_at(C, io)
D.sum.compute_at(D, i).store_at(D, i).fold_storage(i, 3).collapse(x, c, xc).store_in(stack)
D.sum.pitch(x, 64, 3).align(128).slide(i).trace(0, M - 1).tensorize(k, vpmaddwd)
D.sum2.compute_inline().compute_root().fuse(i, j, ij).peel(ij, 1, M).clip(k).rfactor(k, part)
D.epilogue_of(C).stream(when bytes(D) > target.L3/2).stream().require(streamed)
A.constant().layout(K/4, M, K%4).free_layout()
specialize(M >= 48 and stride(B, K) % 1024 == 0) {
  B.stage_at(C, jo, Bp).layout(ki, ji).with_first(io)
  Bp.vectorize(ji)
})"),
                                 op);
  CHECK(s.schedule() == text);
  CHECK(print(s.schedule()) == print(text));
  CHECK(s.schedule().hash() == text.hash());
}

TEST_CASE("each directive of the C++ form knows its file and line") {
  ScheduleBuilder s(dense());
  s["C"].vectorize("j");
  int line = __LINE__ - 1;
  const Schedule& schedule = s;
  CHECK(schedule.directives.at(0).where.line == line);
  CHECK(schedule.directives.at(0).where.file.str().find("builder.cpp") != std::string::npos);
}

TEST_CASE("the C++ form refuses factors, spaces and types as the text form does") {
  ScheduleBuilder s(dense());
  auto message_of = [](const auto& action) -> std::string {
    try {
      action();
    } catch (const Error& e) {
      CHECK(e.parts().where.file.str().find("builder.cpp") != std::string::npos);
      return std::string(code_text(e.code())) + " " + std::string(e.what()).substr(0, std::string(e.what()).find('\n'));
    }
    return "no error";
  };
  CHECK(message_of([&] { s["C"].split("k", "ko", "ki", 0); }) ==
        "L204 lathe: schedule: factor of split: got 0, need at least 1");
  CHECK(message_of([&] { s["C"].split("k", "ko", "ki", 2.5); }) ==
        "L104 lathe: schedule: factor of split: got f64, need an integer");
  CHECK(message_of([&] { s["C"].store_in("moon"); }) ==
        "L202 lathe: schedule: store_in: got the space 'moon', need one of registers, stack, heap");
  CHECK(
      message_of([&] { s["C"].tile("j", "i", "jo", "io", "ji", "ii", {}); }) ==
      "L202 lathe: schedule: tile: got no width, need F.tile(j, i -> jo, io, ji, ii; width e: e [rows], ...[; even])");
  CHECK(message_of([&] { s["C"].stream(make_var("M")); }) ==
        "L104 lathe: schedule: condition of stream: got i64, need a condition");
  CHECK(message_of([&] { s.param("kc", 8, 9, 8); }) ==
        "L204 lathe: schedule: range of param kc: got 9..8, need lowest..highest with 1 <= lowest <= highest");
  CHECK(s.schedule().directives.empty());
}
