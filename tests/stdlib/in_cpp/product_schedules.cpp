#include "tests/stdlib/in_cpp/product_schedules.h"

namespace lathe::in_cpp {

namespace {

Expr size(const char* name) { return make_var(name); }
Expr fact(const char* name) { return make_var(std::string("target.") + name); }

// A block of K: its rows of A fit L1, its panel of B a quarter of L2.
Expr block_of_terms(ScheduleBuilder& s) {
  s.param("kc", min(fact("L1") / (Expr(4) * Expr(6)), fact("L2") / Expr(4) / (Expr(4) * Expr(64))), 16, 4096);
  return make_var("kc");
}

// B is copied where it would not stay in L2, or where its rows fall into one set of the cache.
Expr panels_pay() {
  const Expr row_stride = make_var("B.stride.0");
  return ge(size("M"), 48) & (gt(Expr(4) * size("K") * size("N"), fact("L2") / Expr(2)) | eq(row_stride % Expr(1024), 0));
}

Expr threads_pay() { return gt(size("M") * size("N") * size("K"), 2000000); }

// Stores tiles in registers inside `at`, completes them there, and deals panels out to threads.
void finish(ScheduleBuilder& s, const std::string& at, const std::string& panels, const std::string& epilogue) {
  s["C"].vectorize("ji").unroll("ii").tail("io", Tail::clamp, {{1, 1}, {1, 2}});
  s["C"].store_in("registers", at);
  if (!epilogue.empty()) s[epilogue].epilogue_of("C");
  s["C"].parallel(panels, threads_pay());
}

// 32 registers: a tile is as wide as its panel, and narrow panels have more rows.
Schedule wide_tiles(const Operator& op, const std::string& epilogue) {
  ScheduleBuilder s(op, "x86-64-v4");
  s["C"].split("k", "ko", "ki", block_of_terms(s), true);
  s["C"].tile("j", "i", "jo", "io", "ji", "ii", {{64, 6}, {48, 8}, {32, 8}, {16, 8}}, true);
  s["C"].reorder({"ko", "jo", "io", "ki", "ii", "ji"});
  finish(s, "io", "jo", epilogue);
  s.specialize(panels_pay(), [](const auto& stage_of) {
    stage_of("B").stage_at("C", "jo").layout({"ki", "ji"}).with_first("io");
  });
  return s;
}

// 16 registers: a panel is four tiles wide, so that rows of A come from L1 three times out of four.
Schedule narrow_tiles(const Operator& op, const std::string& epilogue) {
  ScheduleBuilder s(op, "x86-64-v3");
  s["C"].split("k", "ko", "ki", block_of_terms(s), true).split("j", "jp", "jj", 64);
  s["C"].tile("jj", "i", "jo", "io", "ji", "ii", {{16, 6}}, true);
  s["C"].reorder({"ko", "jp", "io", "jo", "ki", "ii", "ji"});
  finish(s, "jo", "jp", epilogue);
  s["B"].prefetch("C", "ki", 8);
  s.specialize(panels_pay(), [](const auto& stage_of) {
    stage_of("B").stage_at("C", "jp").layout({"ki", "ji"}).with_first("io");
  });
  return s;
}

}  // namespace

std::vector<Schedule> product_schedules(const Operator& op, const std::string& epilogue) {
  return {wide_tiles(op, epilogue), narrow_tiles(op, epilogue)};
}

}  // namespace lathe::in_cpp
