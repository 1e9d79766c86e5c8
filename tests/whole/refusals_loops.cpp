// Refused: directives that cut, order and mark loops.
#include <doctest/doctest.h>

#include "tests/whole/refusals.h"

namespace lathe {
namespace {

using S = ScheduleBuilder;

Expr var(const char* name) { return make_var(name); }

}  // namespace

TEST_CASE("refused splits name the factor, the loop or the name") {
  check_refusals({
      {"matmul", "C.split(k, ko, ki, 0)", [](S& s) { s["C"].split("k", "ko", "ki", 0); }, ErrorCode::bad_factor,
       "factor of split: got 0, need at least 1", "split"},
      {"matmul", "C.split(k, ko, ki, -4)", [](S& s) { s["C"].split("k", "ko", "ki", -4); }, ErrorCode::bad_factor,
       "factor of split: got -4, need at least 1", "split"},
      {"matmul", "C.split(k, ko, ki, M > 3)", [](S& s) { s["C"].split("k", "ko", "ki", gt(var("M"), 3)); },
       ErrorCode::type_mismatch,
       "factor of split: got bool, need an integer", "split"},
      {"matmul", "C.split(k, ko, ki, kc)", [](S& s) { s["C"].split("k", "ko", "ki", var("kc")); },
       ErrorCode::unknown_name,
       "an unknown name: got 'kc', need a size, a parameter, a param of the schedule or a fact of the target", "split", "did you mean K?"},
      {"matmul", "C.split(row, ro, ri, 8)", [](S& s) { s["C"].split("row", "ro", "ri", 8); }, ErrorCode::unknown_loop,
       "C has no loop of this name: got row, need one of i, j, k", "split"},
      {"matmul", "C.split(k, ko, ki, 8)\nC.split(kii, k1, k2, 2)",
       [](S& s) {
         s["C"].split("k", "ko", "ki", 8);
         s["C"].split("kii", "k1", "k2", 2);
       },
       ErrorCode::unknown_loop,
       "C has no loop of this name: got kii, need one of i, j, ko, ki", "split", "did you mean ki?"},
      {"matmul", "C.split(k, j, ki, 8)", [](S& s) { s["C"].split("k", "j", "ki", 8); }, ErrorCode::bad_directive,
       "C already has a loop of this name: got j, need a new name", "split"},
      {"matmul", "C.split(k, ko, i, 8)", [](S& s) { s["C"].split("k", "ko", "i", 8); }, ErrorCode::bad_directive,
       "C already has a loop of this name: got i, need a new name", "split"},
      {"matmul", "C.split(k, kk, kk, 8)", [](S& s) { s["C"].split("k", "kk", "kk", 8); }, ErrorCode::bad_directive,
       "C.split(k, kk, kk, 8): got kk twice, need two new names", "split"},
      {"matmul", "C.split(k, ko, ki, 8).split(i, k, ii, 4)",
       [](S& s) { s["C"].split("k", "ko", "ki", 8).split("i", "k", "ii", 4); }, ErrorCode::bad_directive,
       "C already has a loop of this name: got k, need a new name", "split"},
      {"matmul", "C.tile(j, i -> jo, io, ji, ii; width 16: 6 rows)\nC.split(jo, j1, j2, 4)",
       [](S& s) {
         s["C"].tile("j", "i", "jo", "io", "ji", "ii", {{16, 6}});
         s["C"].split("jo", "j1", "j2", 4);
       },
       ErrorCode::bad_directive,
       "jo counts the blocks of a tile: got C.split(jo, j1, j2, 4), need a loop that tile has not made", "split", "split j before the tile"},
      {"matmul", "C.split(k, ko, ki, 8)\nC.reorder(ki, i, j, ko)",
       [](S& s) {
         s["C"].split("k", "ko", "ki", 8);
         s["C"].reorder({"ki", "i", "j", "ko"});
       },
       ErrorCode::illegal_schedule,
       "ko stands inside ki: got ki outside ko, need the loop over blocks outside the loop within a block", "reorder"},
  });
}

TEST_CASE("refused tiles name the widths, the rows or the loops") {
  check_refusals({
      {"matmul", "C.tile(j, i -> jo, io, ji, ii; width 0: 6 rows)",
       [](S& s) { s["C"].tile("j", "i", "jo", "io", "ji", "ii", {{0, 6}}); }, ErrorCode::bad_factor,
       "width of a tile: got 0, need at least 1", "tile"},
      {"matmul", "C.tile(j, i -> jo, io, ji, ii; width 8: -1 rows)",
       [](S& s) { s["C"].tile("j", "i", "jo", "io", "ji", "ii", {{8, -1}}); }, ErrorCode::bad_factor,
       "rows of a tile of width 8: got -1, need at least 1", "tile"},
      {"matmul", "C.tile(j, i -> jo, io, ji, ii; width 48: 6 rows, 32: 8)",
       [](S& s) { s["C"].tile("j", "i", "jo", "io", "ji", "ii", {{48, 6}, {32, 8}}); }, ErrorCode::bad_factor,
       "C.tile(j, i -> jo, io, ji, ii; width 48: 6 rows, 32: 8): got width 48: 6 rows, need widths that are multiples of the smallest (32)", "tile"},
      {"matmul", "C.tile(k, i -> jo, io, ji, ii; width 8: 6 rows)",
       [](S& s) { s["C"].tile("k", "i", "jo", "io", "ji", "ii", {{8, 6}}); }, ErrorCode::illegal_schedule,
       "C.tile(k, i -> jo, io, ji, ii; width 8: 6 rows): got k, a loop of the reduction, need two indices of the result", "tile"},
      {"matmul", "C.tile(j, j -> jo, io, ji, ii; width 8: 6 rows)",
       [](S& s) { s["C"].tile("j", "j", "jo", "io", "ji", "ii", {{8, 6}}); }, ErrorCode::illegal_schedule,
       "C.tile(j, j -> jo, io, ji, ii; width 8: 6 rows): got j twice, need two indices of the result", "tile"},
      {"matmul", "C.tile(j, i -> jo, jo, ji, ii; width 8: 6 rows)",
       [](S& s) { s["C"].tile("j", "i", "jo", "jo", "ji", "ii", {{8, 6}}); }, ErrorCode::bad_directive,
       "C already has a loop of this name: got jo, need a new name", "tile"},
      {"matmul", "C.tile(j, row -> jo, io, ji, ii; width 8: 6 rows)",
       [](S& s) { s["C"].tile("j", "row", "jo", "io", "ji", "ii", {{8, 6}}); }, ErrorCode::unknown_loop,
       "C has no loop of this name: got row, need one of i, j, k", "tile"},
      {"matmul", "C.tile(j, i -> jo, io, ji, ii; width 16: 6 rows, 8: 9)\nC.reorder(io, jo, k, ii, ji)",
       [](S& s) {
         s["C"].tile("j", "i", "jo", "io", "ji", "ii", {{16, 6}, {8, 9}});
         s["C"].reorder({"io", "jo", "k", "ii", "ji"});
       },
       ErrorCode::illegal_schedule,
       "io stands outside jo: got 2 classes of tiles, need jo outside io, or one class", "reorder", "the number of rows of a tile depends on the width of its panel"},
  });
}

TEST_CASE("refused collapses name the read or the dimensions") {
  check_refusals({
      {"blur", "Y.collapse(y, c, yc)", [](S& s) { s["Y"].collapse("y", "c", "yc"); }, ErrorCode::illegal_schedule,
       "Y.collapse(y, c, yc): got Y[y, x, c], need two neighbouring indices, in order", "collapse"},
      {"blur", "Y.collapse(c, x, xc)", [](S& s) { s["Y"].collapse("c", "x", "xc"); }, ErrorCode::illegal_schedule,
       "Y.collapse(c, x, xc): got Y[y, x, c], need two neighbouring indices, in order", "collapse"},
      {"blur", "Y.collapse(x, c, y)", [](S& s) { s["Y"].collapse("x", "c", "y"); }, ErrorCode::illegal_schedule,
       "Y.collapse(x, c, y): got Y[y, x, c], need a new name for the joint dimension", "collapse"},
      {"matmul", "C.collapse(i, j, ij)", [](S& s) { s["C"].collapse("i", "j", "ij"); }, ErrorCode::illegal_schedule,
       "C.collapse(i, j, ij): got A[i, k], need reads at i + constant, j", "collapse"},
      {"blur", "X.collapse(x, c, xc)", [](S& s) { s["X"].collapse("x", "c", "xc"); }, ErrorCode::bad_directive,
       "X.collapse(x, c, xc): got X is an input, need a Func: Bx, Y", "collapse"},
      {"scatter", "Y.collapse(v, e, ve)", [](S& s) { s["Y"].collapse("v", "e", "ve"); }, ErrorCode::illegal_schedule,
       "Y.collapse(v, e, ve): got Y has updates, need Funcs without updates", "collapse"},
      {"mirrored", "Y.collapse(x, c, xc)", [](S& s) { s["Y"].collapse("x", "c", "xc"); }, ErrorCode::illegal_schedule,
       "Y.collapse(x, c, xc): got X[y, x - 1, c] outside mirror, need a boundary rule other than mirror", "collapse"},
      {"numbered", "Y.collapse(x, c, xc)", [](S& s) { s["Y"].collapse("x", "c", "xc"); }, ErrorCode::illegal_schedule,
       "Y.collapse(x, c, xc): got c is used as a value in Y, need indices of reads only", "collapse"},
      {"first_row", "Y.collapse(x, c, xc)", [](S& s) { s["Y"].collapse("x", "c", "xc"); }, ErrorCode::illegal_schedule,
       "Y.collapse(x, c, xc): got X[0, r], need reads at x + constant, c", "collapse"},
      {"two_readers", "B.collapse(x, c, xc)", [](S& s) { s["B"].collapse("x", "c", "xc"); }, ErrorCode::illegal_schedule,
       "B.collapse(x, c, xc): got G reads E[x, c], need a reader that is collapsed as well", "collapse"},
      {"two_extents", "Y.collapse(x, c, xc)", [](S& s) { s["Y"].collapse("x", "c", "xc"); }, ErrorCode::illegal_schedule,
       "Y.collapse(x, c, xc): got extents P and P + 1, need one extent of the inner dimension", "collapse"},
      {"two_pairs", "Y.collapse(x, c, xc)", [](S& s) { s["Y"].collapse("x", "c", "xc"); }, ErrorCode::illegal_schedule,
       "Y.collapse(x, c, xc): got X, need one pair of dimensions in each tensor", "collapse"},
  });
}

TEST_CASE("refused orders name the loop that may not move") {
  check_refusals({
      {"matmul", "C.reorder(k, row)", [](S& s) { s["C"].reorder({"k", "row"}); }, ErrorCode::unknown_loop,
       "C has no loop of this name: got row, need one of i, j, k", "reorder"},
      {"matmul", "C.reorder(k, i, k)", [](S& s) { s["C"].reorder({"k", "i", "k"}); }, ErrorCode::bad_directive,
       "C.reorder(k, i, k): got k twice, need each loop once", "reorder"},
      {"box_sum", "Y.reorder(s, r)", [](S& s) { s["Y"].reorder({"s", "r"}); }, ErrorCode::illegal_schedule,
       "the loops of the reduction Y are reordered: got r, need the written order, in the strict class", "reorder"},
      {"windows", "Y.update.reorder(s, r)", [](S& s) { s["Y.update"].reorder({"s", "r"}); }, ErrorCode::illegal_schedule,
       "the loops of Y.update are reordered: got r, need the written order of its domain", "reorder", "later points of the domain may read what earlier ones wrote"},
  });
}

TEST_CASE("refused vectors name the loop and why its iterations are no lanes") {
  check_refusals({
      {"matmul", "C.vectorize(column)", [](S& s) { s["C"].vectorize("column"); }, ErrorCode::unknown_loop,
       "C has no loop of this name: got column, need one of i, j, k", "vectorize"},
      {"matmul", "C.vectorize(j)", [](S& s) { s["C"].vectorize("j"); }, ErrorCode::illegal_schedule,
       "j of C has no constant extent: got C.vectorize(j), need the inner loop of a split by a number, or of a tile", "vectorize", "split j first and take its inner loop"},
      {"matmul", "C.split(j, jo, ji, 32, even).vectorize(ji)", [](S& s) { s["C"].split("j", "jo", "ji", 32, true).vectorize("ji"); },
       ErrorCode::illegal_schedule,
       "ji of C has no constant extent: got C.vectorize(ji), need the inner loop of a split by a number, or of a tile", "vectorize", "split ji first and take its inner loop"},
      {"matmul", "C.split(j, jo, ji, 32).vectorize(jo)", [](S& s) { s["C"].split("j", "jo", "ji", 32).vectorize("jo"); },
       ErrorCode::illegal_schedule,
       "jo of C has no constant extent: got C.vectorize(jo), need the inner loop of a split by a number, or of a tile", "vectorize", "split jo first and take its inner loop"},
      {"box_sum", "Y.split(s, so, si, 8).vectorize(si)", [](S& s) { s["Y"].split("s", "so", "si", 8).vectorize("si"); },
       ErrorCode::illegal_schedule,
       "Y.vectorize(si): got lanes that sum terms apart, need the written order, in the strict class", "vectorize"},
      {"matmul", "C.split(k, ko, ki, 8).split(j, jo, ji, 8).reorder(i, jo, ko, ki, ji).vectorize(ki)\nC.vectorize(ji)",
       [](S& s) {
         s["C"].split("k", "ko", "ki", 8).split("j", "jo", "ji", 8).reorder({"i", "jo", "ko", "ki", "ji"}).vectorize("ki");
         s["C"].vectorize("ji");
       },
       ErrorCode::illegal_schedule,
       "C.vectorize(ki): got ji is a vector too, need one vector loop", "vectorize"},
      {"matmul", "C.split(k, ko, ki, 8).reorder(i, ko, ki, j).vectorize(ki)",
       [](S& s) { s["C"].split("k", "ko", "ki", 8).reorder({"i", "ko", "ki", "j"}).vectorize("ki"); },
       ErrorCode::illegal_schedule,
       "C.vectorize(ki): got results of C in memory, need a result in registers, with a sum for each lane", "vectorize", "put the loops over its indices outside of ki, or unroll them"},
      {"prefix", "S.update.vectorize(i)", [](S& s) { s["S.update"].vectorize("i"); }, ErrorCode::illegal_schedule,
       "i of S.update has no constant extent: got S.update.vectorize(i), need the inner loop of a split by a number, or of a tile", "vectorize", "split i first and take its inner loop"},
  });
}

TEST_CASE("refused unrollings name the loop or the size of the code") {
  check_refusals({
      {"matmul", "C.unroll(k)", [](S& s) { s["C"].unroll("k"); }, ErrorCode::illegal_schedule,
       "k of C has no constant extent: got C.unroll(k), need the inner loop of a split by a number, or of a tile", "unroll", "split k first and take its inner loop"},
      {"matmul", "C.split(k, ko, ki, 1000000).unroll(ki)", [](S& s) { s["C"].split("k", "ko", "ki", 1000000).unroll("ki"); },
       ErrorCode::over_budget,
       "C.unroll(ki): got 1000000 copies of the body, need at most 10000", "unroll", "unroll or vectorize fewer iterations"},
      {"prefix", "S.update.unroll(i)", [](S& s) { s["S.update"].unroll("i"); }, ErrorCode::illegal_schedule,
       "i of S.update has no constant extent: got S.update.unroll(i), need the inner loop of a split by a number, or of a tile", "unroll", "split i first and take its inner loop"},
  });
}

TEST_CASE("refused parallel loops name what their iterations share") {
  check_refusals({
      {"matmul", "C.parallel(k)", [](S& s) { s["C"].parallel("k"); }, ErrorCode::illegal_schedule,
       "C.parallel(k): got k carries the reduction of C, need a loop over an index of the result", "parallel", "its iterations depend on one another"},
      {"prefix", "S.update.parallel(k)", [](S& s) { s["S.update"].parallel("k"); }, ErrorCode::illegal_schedule,
       "S.update.parallel(k): got k carries the order of S.update, need a loop over an index of the result", "parallel", "its iterations depend on one another"},
      {"matmul", "C.parallel(i, when M)", [](S& s) { s["C"].parallel("i", var("M")); }, ErrorCode::type_mismatch,
       "condition of parallel: got i64, need a condition", "parallel"},
      {"matmul", "C.parallel(i, when Mx > 1)", [](S& s) { s["C"].parallel("i", gt(var("Mx"), 1)); }, ErrorCode::unknown_name,
       "an unknown name: got 'Mx', need a size, a parameter, a param of the schedule or a fact of the target", "parallel", "did you mean M?"},
  });
}

TEST_CASE("refused tails name the loop, the rows or what would be counted twice") {
  check_refusals({
      {"matmul", "C.tail(j, mask)", [](S& s) { s["C"].tail("j", Tail::mask); }, ErrorCode::bad_directive,
       "j is not split: got C.tail(j, mask), need a loop made by split or tile", "tail"},
      {"matmul", "C.tail(row, mask)", [](S& s) { s["C"].tail("row", Tail::mask); }, ErrorCode::unknown_loop,
       "C has no loop of this name: got row, need one of i, j, k", "tail"},
      {"matmul", "C.split(i, io, ii, 4).reorder(io, k, j, ii).unroll(ii).tail(ii, clamp)",
       [](S& s) { s["C"].split("i", "io", "ii", 4).reorder({"io", "k", "j", "ii"}).unroll("ii").tail("ii", Tail::clamp); },
       ErrorCode::illegal_schedule,
       "C.tail(ii, clamp): got an update in place, which counts twice what is computed twice, need a loop over an index of a pure Func, or of a result kept in registers", "tail", "guard, or store_in(registers, at = ...)"},
      {"matmul", "C.split(i, io, ii, 4).reorder(k, io, j, ii).unroll(ii).tail(ii, shift)",
       [](S& s) { s["C"].split("i", "io", "ii", 4).reorder({"k", "io", "j", "ii"}).unroll("ii").tail("ii", Tail::shift); },
       ErrorCode::illegal_schedule,
       "C.tail(ii, shift): got an update in place, which counts twice what is computed twice, need a loop over an index of a pure Func, or of a result kept in registers", "tail", "guard, or store_in(registers, at = ...)"},
      {"matmul", "C.split(k, ko, ki, 4).unroll(ki).tail(ki, clamp)",
       [](S& s) { s["C"].split("k", "ko", "ki", 4).unroll("ki").tail("ki", Tail::clamp); }, ErrorCode::illegal_schedule,
       "C.tail(ki, clamp): got an update in place, which counts twice what is computed twice, need a loop over an index of a pure Func, or of a result kept in registers", "tail", "guard, or store_in(registers, at = ...)"},
      {"blur", "Y.split(x, xo, xi, 8).unroll(xi).tail(xi, shift)",
       [](S& s) { s["Y"].split("x", "xo", "xi", 8).unroll("xi").tail("xi", Tail::shift); }, ErrorCode::unproved,
       "Y.tail(xi, shift): got an extent that may be shorter than a block, need 8 <= W - 2", "tail", "declare the range of the size, or specialize on it"},
      {"matmul", "C.split(i, io, ii, 4).unroll(ii).tail(ii, rows: full, 3/2, then guard)",
       [](S& s) { s["C"].split("i", "io", "ii", 4).unroll("ii").tail("ii", Tail::guard, {{1, 1}, {3, 2}}); }, ErrorCode::bad_factor,
       "row count of a tail: got 3/2, need a fraction above 0 and at most 1", "tail"},
      {"matmul", "C.split(i, io, ii, 4).unroll(ii).tail(ii, rows: 1/2, full, then guard)",
       [](S& s) { s["C"].split("i", "io", "ii", 4).unroll("ii").tail("ii", Tail::guard, {{1, 2}, {1, 1}}); }, ErrorCode::bad_factor,
       "row counts of a tail: got 1/1 after 1/2, need the largest first", "tail"},
  });
}

}  // namespace lathe
