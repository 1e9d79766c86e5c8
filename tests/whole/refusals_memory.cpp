// Refused: directives about registers, copies, layouts and caches; params, variants and targets.
#include <doctest/doctest.h>

#include "tests/whole/refusals.h"

namespace lathe {
namespace {

using S = ScheduleBuilder;

Expr var(const char* name) { return make_var(name); }

}  // namespace

TEST_CASE("refused spaces name the loop that is not constant or the space") {
  check_refusals({
      {"matmul", "C.store_in(moon)", [](S& s) { s["C"].store_in("moon"); }, ErrorCode::bad_directive,
       "store_in: got the space 'moon', need one of registers, stack, heap", "store_in"},
      {"matmul", "C.store_in(registers, at = io)", [](S& s) { s["C"].store_in("registers", "io"); }, ErrorCode::unknown_loop,
       "C.store_in(registers, at = io): got C has no loop io, need one of i, j, k", "store_in", "did you mean i?"},
      {"matmul", "C.store_in(registers, at = i)", [](S& s) { s["C"].store_in("registers", "i"); }, ErrorCode::illegal_schedule,
       "C.store_in(registers, at = i): got j inside i is neither vectorized nor unrolled, need a constant extent for every loop over an index of the result inside it", "store_in", "unroll(j) or move j outside of i"},
      {"matmul", "C.store_in(registers)", [](S& s) { s["C"].store_in("registers"); }, ErrorCode::bad_directive,
       "C.store_in(registers): got registers without a loop, need F.store_in(space[, at = l])", "store_in", "at = l: what one iteration of l touches stays in registers"},
      {"matmul", "C.store_in(heap, at = j)", [](S& s) { s["C"].store_in("heap", "j"); }, ErrorCode::bad_directive,
       "C.store_in(heap, at = j): got heap at a loop, need registers, for what stays in a loop", "store_in"},
      {"dense", "D.store_in(registers, at = i)", [](S& s) { s["D"].store_in("registers", "i"); }, ErrorCode::bad_directive,
       "D.store_in(registers, at = i): got a pure Func, need a reduction", "store_in"},
      {"matmul", "C.split(k, ko, ki, 4).reorder(ko, ki, i, j).unroll(ki).store_in(registers, at = j)",
       [](S& s) { s["C"].split("k", "ko", "ki", 4).reorder({"ko", "ki", "i", "j"}).unroll("ki").store_in("registers", "j"); },
       ErrorCode::illegal_schedule,
       "C.store_in(registers, at = j): got ki outside is unrolled, need serial loops over blocks of the reduction", "store_in", "partial results are kept between them"},
      {"box_sum", "Y.split(s, so, si, 8).reorder(so, n, r, si).store_in(registers, at = n)",
       [](S& s) { s["Y"].split("s", "so", "si", 8).reorder({"so", "n", "r", "si"}).store_in("registers", "n"); },
       ErrorCode::illegal_schedule,
       "Y.store_in(registers, at = n): got so outside cuts the reduction into blocks, need one block, in the strict class", "store_in"},
      {"matmul", "C.tile(j, i -> jo, io, ji, ii; width 64: 60 rows).reorder(jo, io, k, ii, ji).vectorize(ji).unroll(ii)\nC.store_in(registers, at = io)",
       [](S& s) {
         s["C"].tile("j", "i", "jo", "io", "ji", "ii", {{64, 60}}).reorder({"jo", "io", "k", "ii", "ji"}).vectorize("ji").unroll("ii");
         s["C"].store_in("registers", "io");
       },
       ErrorCode::over_budget,
       "C.store_in(registers, at = io): got a tile of 480 vector registers, need at most the 16 that x86-64-v3 has", "store_in", "a smaller tile"},
      {"prefix", "S.update.store_in(registers, at = i)", [](S& s) { s["S.update"].store_in("registers", "i"); }, ErrorCode::illegal_schedule,
       "S.update.store_in(registers, at = i): got an update, need split, reorder, parallel, vectorize or unroll on an update", "store_in"},
  });
}

TEST_CASE("refused copies name the tensor or the loop") {
  check_refusals({
      {"matmul", "B.stage_at(C, row)", [](S& s) { s["B"].stage_at("C", "row"); }, ErrorCode::unknown_loop,
       "B.stage_at(C, row): got C has no loop row, need one of i, j, k", "stage_at"},
      {"dense", "C.stage_at(D, i)", [](S& s) { s["C"].stage_at("D", "i"); }, ErrorCode::bad_directive,
       "C.stage_at(D, i): got C is a Func, need an input", "stage_at", "compute_at places a Func"},
      {"dense", "bias.stage_at(C, i)", [](S& s) { s["bias"].stage_at("C", "i"); }, ErrorCode::bad_directive,
       "bias.stage_at(C, i): got C does not read bias, need a tensor that the consumer reads", "stage_at"},
      {"blur", "X.stage_at(Bx, y)\nBx.compute_root()",
       [](S& s) {
         s["X"].stage_at("Bx", "y");
         s["Bx"].compute_root();
       },
       ErrorCode::illegal_schedule,
       "X.stage_at(Bx, y): got X[y, x, c] and X[y, x + 1, c], need one read of what is copied", "stage_at"},
      {"gathered", "table.stage_at(T, n)\nT.compute_root()",
       [](S& s) {
         s["table"].stage_at("T", "n");
         s["T"].compute_root();
       },
       ErrorCode::unproved,
       "the region of table that T reads is not known beforehand: got index at[n] of dimension 0, need an index that grows with each loop on its own", "stage_at"},
      {"matmul", "B.stage_at(C, i, C)", [](S& s) { s["B"].stage_at("C", "i", "C"); }, ErrorCode::duplicate_name,
       "name of a staged copy: got 'C', need a name that no Func, input or other copy has", ""},
      {"matmul", "B.stage_at(C, i).stage_at(C, j)", [](S& s) { s["B"].stage_at("C", "i").stage_at("C", "j"); }, ErrorCode::bad_directive,
       "B.stage_at(C, j): got B.stage_at(C, i) before it, need one copy for each consumer", "stage_at(C, j"},
      {"matmul", "B.layout(k, j)", [](S& s) { s["B"].layout({"k", "j"}); }, ErrorCode::bad_directive,
       "B.layout(k, j): got B is not staged and comes in the caller's layout, need stage_at before it, free_layout or constant", "layout"},
      {"matmul", "B.stage_at(C, i).layout(k, column)", [](S& s) { s["B"].stage_at("C", "i").layout({"k", "column"}); },
       ErrorCode::unknown_loop,
       "B.layout(k, column): got C has no loop column, need loops of C that index B, one a dimension", "layout"},
      {"matmul", "B.stage_at(C, i).layout(k, i)", [](S& s) { s["B"].stage_at("C", "i").layout({"k", "i"}); },
       ErrorCode::bad_directive,
       "B.layout(k, i): got B[k, j] does not depend on i, need loops of C that index B, one a dimension", "layout"},
      {"matmul", "B.stage_at(C, i).layout(k, k)", [](S& s) { s["B"].stage_at("C", "i").layout({"k", "k"}); },
       ErrorCode::bad_directive,
       "B.layout(k, k): got k twice, need loops of C that index B, one a dimension", "layout"},
      {"matmul", "B.with_first(i)", [](S& s) { s["B"].with_first("i"); }, ErrorCode::bad_directive,
       "B.with_first(i): got B is not staged, need stage_at before it", "with_first"},
      {"matmul", "C.reorder(j, i, k)\nB.stage_at(C, j).with_first(row)",
       [](S& s) {
         s["C"].reorder({"j", "i", "k"});
         s["B"].stage_at("C", "j").with_first("row");
       },
       ErrorCode::unknown_loop,
       "B.with_first(row): got C has no loop row, need a loop inside the copy's own and around the accumulators, over an index that the copy does not have", "with_first"},
      {"matmul", "C.reorder(j, i, k)\nB.stage_at(C, i).with_first(j)",
       [](S& s) {
         s["C"].reorder({"j", "i", "k"});
         s["B"].stage_at("C", "i").with_first("j");
       },
       ErrorCode::illegal_schedule,
       "B.with_first(j): got j is not inside i, need a loop inside the copy's own and around the accumulators, over an index that the copy does not have", "with_first"},
      {"matmul", "C.reorder(j, i, k)\nB.stage_at(C, j).with_first(k)",
       [](S& s) {
         s["C"].reorder({"j", "i", "k"});
         s["B"].stage_at("C", "j").with_first("k");
       },
       ErrorCode::illegal_schedule,
       "B.with_first(k): got k is a loop of the reduction, need a loop inside the copy's own and around the accumulators, over an index that the copy does not have", "with_first"},
      {"matmul", "B.stage_at(C, i).with_first(j)",
       [](S& s) { s["B"].stage_at("C", "i").with_first("j"); },
       ErrorCode::illegal_schedule,
       "B.with_first(j): got B depends on j, need a loop inside the copy's own and around the accumulators, over an index that the copy does not have", "with_first"},
      {"matmul", "C.reorder(j, k, i)\nB.stage_at(C, j).with_first(i)",
       [](S& s) {
         s["C"].reorder({"j", "k", "i"});
         s["B"].stage_at("C", "j").with_first("i");
       },
       ErrorCode::illegal_schedule,
       "B.with_first(i): got the accumulators do not stand inside that loop, need a loop inside the copy's own and around the accumulators, over an index that the copy does not have", "with_first"},
  });
}

TEST_CASE("refused prefetches and streams name the distance or the data") {
  check_refusals({
      {"matmul", "B.prefetch(C, k, 0)", [](S& s) { s["B"].prefetch("C", "k", 0); }, ErrorCode::bad_factor,
       "distance of prefetch: got 0, need at least 1", "prefetch"},
      {"matmul", "B.prefetch(C, row, 1)", [](S& s) { s["B"].prefetch("C", "row", 1); }, ErrorCode::unknown_loop,
       "B.prefetch(C, row, 1): got C has no loop row, need one of i, j, k", "prefetch"},
      {"dense", "bias.prefetch(C, k, 1)", [](S& s) { s["bias"].prefetch("C", "k", 1); }, ErrorCode::bad_directive,
       "bias.prefetch(C, k, 1): got C neither reads nor writes bias, need what the consumer reads, or itself", "prefetch"},
      {"gathered", "table.prefetch(T, n, 1)\nT.compute_root()",
       [](S& s) {
         s["table"].prefetch("T", "n", 1);
         s["T"].compute_root();
       },
       ErrorCode::illegal_schedule,
       "table.prefetch(T, n, 1): got table[at[n]] outside 0, need reads at indices that do not depend on data", "prefetch"},
      {"matmul", "C.stream(when M)", [](S& s) { s["C"].stream(var("M")); }, ErrorCode::type_mismatch,
       "condition of stream: got i64, need a condition", "stream"},
      {"matmul", "C.stream(when M > kc)", [](S& s) { s["C"].stream(gt(var("M"), var("kc"))); }, ErrorCode::unknown_name,
       "an unknown name: got 'kc', need a size, a parameter, a param of the schedule or a fact of the target", "stream", "did you mean K?"},
      {"matmul", "B.stream()", [](S& s) { s["B"].stream(); }, ErrorCode::bad_directive,
       "B.stream(): got B is an input, need a Func: C", "stream"},
  });
}

TEST_CASE("refused params and variants name the range, the formula or the name") {
  check_refusals({
      {"matmul", "param kc = 8 in 0..4", [](S& s) { s.param("kc", 8, 0, 4); }, ErrorCode::bad_factor,
       "range of param kc: got 0..4, need lowest..highest with 1 <= lowest <= highest", "kc"},
      {"matmul", "param kc = 8 in 5..4", [](S& s) { s.param("kc", 8, 5, 4); }, ErrorCode::bad_factor,
       "range of param kc: got 5..4, need lowest..highest with 1 <= lowest <= highest", "kc"},
      {"matmul", "param kc = M in 5..40", [](S& s) { s.param("kc", var("M"), 5, 40); }, ErrorCode::bad_factor,
       "param kc has no value: got a formula of sizes, need a formula of target facts and numbers", "kc"},
      {"matmul", "param kc = M > 3 in 5..40", [](S& s) { s.param("kc", gt(var("M"), 3), 5, 40); }, ErrorCode::type_mismatch,
       "formula of param kc: got bool, need an integer", "kc"},
      {"matmul", "param kc = target.L4 in 5..40", [](S& s) { s.param("kc", var("target.L4"), 5, 40); }, ErrorCode::unknown_name,
       "an unknown name: got 'target.L4', need a size, a parameter, a param of the schedule or a fact of the target", "", "did you mean target.L1?"},
      {"matmul", "param M = 8 in 5..40", [](S& s) { s.param("M", 8, 5, 40); }, ErrorCode::duplicate_name,
       "name of a param: got 'M', need a name that is no size, parameter or earlier param", ""},
      {"matmul", "specialize(M) {\n C.unroll(k)\n}", [](S& s) { s.specialize(var("M"), [](const auto& in) { in("C").unroll("k"); }); }, ErrorCode::type_mismatch,
       "condition of specialize: got i64, need a condition", "specialize"},
      {"matmul", "specialize(Mx > 1) {\n C.unroll(k)\n}", [](S& s) { s.specialize(gt(var("Mx"), 1), [](const auto& in) { in("C").unroll("k"); }); }, ErrorCode::unknown_name,
       "an unknown name: got 'Mx', need a size, a parameter, a param of the schedule or a fact of the target", "", "did you mean M?"},
      {"matmul", "specialize(stride(B, 2) == 1) {\n C.unroll(k)\n}", [](S& s) { s.specialize(eq(var("B.stride.2"), 1), [](const auto& in) { in("C").unroll("k"); }); }, ErrorCode::unknown_name,
       "an unknown stride: got stride(B, 2), need an argument, and the number or the extent of one of its dimensions", ""},
      {"halved", "specialize(stride(Z, 0) == 2) {\n Z.parallel(n)\n}", [](S& s) { s.specialize(eq(var("Z.stride.0"), 2), [](const auto& in) { in("Z").parallel("n"); }); }, ErrorCode::unknown_name,
       "an unknown stride: got stride(Z, 0), need an argument, and the number or the extent of one of its dimensions", ""},
      {"halved", "specialize(stride(H, 0) == 2) {\n H.parallel(n)\n}", [](S& s) { s.specialize(eq(var("H.stride.0"), 2), [](const auto& in) { in("H").parallel("n"); }); }, ErrorCode::unknown_name,
       "an unknown stride: got stride(H, 0), need an argument, and the number or the extent of one of its dimensions", ""},
      {"matmul", "specialize(M > 1) {\n C.unroll(k)\n}", [](S& s) { s.specialize(gt(var("M"), 1), [](const auto& in) { in("C").unroll("k"); }); }, ErrorCode::illegal_schedule,
       "k of C has no constant extent: got C.unroll(k), need the inner loop of a split by a number, or of a tile", "unroll", "split k first and take its inner loop"},
  });
}

}  // namespace lathe
