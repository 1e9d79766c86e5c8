// Refused: directives about how own storage lies in memory, windows, tables, traces and instructions.
#include <doctest/doctest.h>

#include "tests/whole/refusals.h"

namespace lathe {
namespace {

using S = ScheduleBuilder;

}  // namespace

TEST_CASE("refused forms of storage name the dimension or the owner") {
  check_refusals({
      {"blur", "Bx.compute_root().pitch(c, 16)", [](S& s) { s["Bx"].compute_root().pitch("c", 16); }, ErrorCode::illegal_schedule,
       "Bx.pitch(c, 16): got neighbours along c lie side by side, need a dimension outside of the contiguous one", "pitch"},
      {"blur", "Bx.compute_root().pitch(column, 16)", [](S& s) { s["Bx"].compute_root().pitch("column", 16); }, ErrorCode::unknown_loop,
       "Bx.pitch(column, 16): got column, need an index of Bx: y, x, c", "pitch"},
      {"blur", "Bx.compute_root().pitch(x, 16).pitch(x, 8)", [](S& s) { s["Bx"].compute_root().pitch("x", 16).pitch("x", 8); }, ErrorCode::bad_directive,
       "Bx.pitch(x, 8): got Bx.pitch(x, 16) before it, need one pitch of a dimension", "pitch(x, 8"},
      {"blur", "Bx.compute_root().pitch(x, 0)", [](S& s) { s["Bx"].compute_root().pitch("x", 0); }, ErrorCode::bad_factor,
       "multiple of pitch: got 0, need at least 1", "pitch"},
      {"blur", "Bx.compute_root().pitch(x, 16, -1)", [](S& s) { s["Bx"].compute_root().pitch("x", 16, -1); }, ErrorCode::bad_factor,
       "elements that pitch adds: got -1, need at least 0", "pitch"},
      {"blur", "Y.pitch(x, 16)", [](S& s) { s["Y"].pitch("x", 16); }, ErrorCode::illegal_schedule,
       "Y.pitch(x, 16): got Y is an output, in the caller's storage, need an intermediate Func or a copy", "pitch"},
      {"matmul", "B.pitch(j, 16)", [](S& s) { s["B"].pitch("j", 16); }, ErrorCode::bad_directive,
       "B.pitch(j, 16): got B is not staged, need stage_at before it", "pitch"},
      {"matmul", "B.stage_at(C, i).pitch(i, 16)", [](S& s) { s["B"].stage_at("C", "i").pitch("i", 16); }, ErrorCode::bad_directive,
       "B.pitch(i, 16): got B[k, j] does not depend on i, need a loop of C that indexes B", "pitch"},
      {"blur", "Bx.compute_root().align(100)", [](S& s) { s["Bx"].compute_root().align(100); }, ErrorCode::bad_factor,
       "bytes of align: got 100, need a power of two in 64..2097152", "align"},
      {"blur", "Y.align(128)", [](S& s) { s["Y"].align(128); }, ErrorCode::illegal_schedule,
       "Y.align(128): got Y is an output, in the caller's storage, need an intermediate Func or a copy", "align"},
      {"blur", "Bx.compute_at(Y, y).store_in(stack)", [](S& s) { s["Bx"].compute_at("Y", "y").store_in("stack"); }, ErrorCode::unproved,
       "Bx.store_in(stack): got an extent of W - 2, need constant extents on the stack", "store_in",
       "compute it in a loop further in, or leave it on the heap"},
      {"blur", "Y.store_in(heap)", [](S& s) { s["Y"].store_in("heap"); }, ErrorCode::illegal_schedule,
       "Y.store_in(heap): got Y is an output, in the caller's storage, need an intermediate Func or a copy", "store_in"},
  });
}

TEST_CASE("refused places among results name the reader, the type or the part that has none") {
  check_refusals({
      {"blur", "Bx.compute_at(Y, y).store_with(Y)", [](S& s) { s["Bx"].compute_at("Y", "y").store_with("Y"); }, ErrorCode::illegal_schedule,
       "Bx.store_with(Y): got Y reads Bx[y + 1, x, c], need reads of Bx at the indices of Y only", "store_with"},
      {"dense", "C.store_with(D)", [](S& s) { s["C"].store_with("D"); }, ErrorCode::bad_directive,
       "C.store_with(D): got C is computed in no loop, need compute_at a loop of D beside it", "store_with"},
      {"dense", "D.compute_root().store_with(C)", [](S& s) { s["D"].compute_root().store_with("C"); }, ErrorCode::illegal_schedule,
       "D.store_with(C): got C is a reduction, need results that are stored once, by a pure Func", "store_with"},
      {"dense", "C.compute_at(D, j).store_at(D, i).store_with(D)", [](S& s) { s["C"].compute_at("D", "j").store_at("D", "i").store_with("D"); },
       ErrorCode::illegal_schedule,
       "C.store_with(D): got values that are kept between iterations, need storage for one iteration: no store_at, fold_storage or slide", "store_with"},
      {"dense", "D.split(j, jo, ji, 8).vectorize(ji).reorder(jo, ji, i)\nC.compute_at(D, i).store_with(D)",
       [](S& s) {
         s["D"].split("j", "jo", "ji", 8).vectorize("ji").reorder({"jo", "ji", "i"});
         s["C"].compute_at("D", "i").store_with("D");
       },
       ErrorCode::illegal_schedule,
       "C.store_with(D): got ji around it is vectorized, need loops around it without lanes: those beyond the end have no place", "store_with"},
      {"dense", "C.compute_at(D, i).store_with(D).align(64)", [](S& s) { s["C"].compute_at("D", "i").store_with("D").align(64); }, ErrorCode::bad_directive,
       "C.align(64): got C has no storage of its own by C.store_with(D), need one of the two", "align"},
      {"dense", "D.split(j, jo, ji, 8).unroll(ji).tail(ji, clamp)\nC.compute_at(D, i).store_with(D)",
       [](S& s) { s["D"].split("j", "jo", "ji", 8).unroll("ji").tail("ji", Tail::clamp); s["C"].compute_at("D", "i").store_with("D"); }, ErrorCode::illegal_schedule,
       "D.tail(ji, clamp): got an update in place, which counts twice what is computed twice, need a loop over an index of a pure Func, or of a result kept in registers", "tail",
       "guard, or store_in(registers, at = ...)"},
      {"next_row", "E.compute_at(Y, i).store_with(Y)\nT.compute_at(Y, i)",
       [](S& s) { s["E"].compute_at("Y", "i").store_with("Y"); s["T"].compute_at("Y", "i"); }, ErrorCode::unproved,
       "E.store_with(Y): got one iteration of i needs i to i + 1 of it along i, need no more than it has results: i to i", "store_with",
       "E keeps storage of its own without it"},
      {"next_row", "E.compute_at(Y, i).store_with(Y)\nT.compute_at(Y, j)",
       [](S& s) { s["E"].compute_at("Y", "i").store_with("Y"); s["T"].compute_at("Y", "j"); }, ErrorCode::illegal_schedule,
       "E.store_with(Y): got T reads it in loop j, need readers that are computed at i, before results take its place", "store_with"},
      {"rounded", "E.compute_at(Y, i).store_with(Y)", [](S& s) { s["E"].compute_at("Y", "i").store_with("Y"); }, ErrorCode::illegal_schedule,
       "E.store_with(Y): got f32 of E, i32 of Y, need values of one type", "store_with"},
      {"rounded", "F.compute_at(Z, i).store_with(Z)", [](S& s) { s["F"].compute_at("Z", "i").store_with("Z"); }, ErrorCode::illegal_schedule,
       "F.store_with(Z): got Z is in the place of S, need results with a place of their own", "store_with"},
  });
}

TEST_CASE("refused windows name the loop, the reader or the shape") {
  check_refusals({
      {"blur", "Bx.compute_root().slide(y)", [](S& s) { s["Bx"].compute_root().slide("y"); }, ErrorCode::bad_directive,
       "Bx.slide(y): got Bx is not computed inside a loop, need compute_at beside it", "slide"},
      {"blur", "Bx.compute_at(Y, c).slide(y)", [](S& s) { s["Bx"].compute_at("Y", "c").slide("y"); }, ErrorCode::illegal_schedule,
       "Bx.slide(y): got stored and computed in one loop, need store_at the loop right outside of that of compute_at", "slide"},
      {"blur", "Bx.compute_at(Y, c).store_at(Y, y).slide(x)", [](S& s) { s["Bx"].compute_at("Y", "c").store_at("Y", "y").slide("x"); },
       ErrorCode::illegal_schedule, "Bx.slide(x): got several loops between storage and computation, need store_at the loop right outside of that of compute_at", "slide"},
      {"blur", "Bx.compute_at(Y, x).store_at(Y, y).slide(x)", [](S& s) { s["Bx"].compute_at("Y", "x").store_at("Y", "y").slide("x"); },
       ErrorCode::illegal_schedule, "Bx.slide(x): got c inside x is neither vectorized nor unrolled, need constant places in the window", "slide",
       "unroll(c), or move c outside"},
      {"blur", "Bx.compute_at(Y, c).store_at(Y, x).slide(z)", [](S& s) { s["Bx"].compute_at("Y", "c").store_at("Y", "x").slide("z"); },
       ErrorCode::unknown_loop, "Bx.slide(z): got z, need an index of Bx: y, x, c", "slide"},
      {"blur", "Y.reorder(x, c, y)\nBx.compute_at(Y, y).store_at(Y, c).fold_storage(y, 3).slide(y)",
       [](S& s) { s["Y"].reorder({"x", "c", "y"}); s["Bx"].compute_at("Y", "y").store_at("Y", "c").fold_storage("y", 3).slide("y"); },
       ErrorCode::bad_directive, "Bx.slide(y): got fold_storage beside it, need a ring in memory or a window in registers", "slide"},
      {"blur", "Y.reorder(x, c, y)\nBx.compute_at(Y, y).store_at(Y, c).slide(y).slide(x)",
       [](S& s) { s["Y"].reorder({"x", "c", "y"}); s["Bx"].compute_at("Y", "y").store_at("Y", "c").slide("y").slide("x"); },
       ErrorCode::bad_directive, "Bx.slide(x): got Bx.slide(y) before it, need a window that moves along one index", "slide"},
      {"blur", "Y.reorder(x, c, y)\nBx.compute_at(Y, y).store_at(Y, c).slide(y)\nBx.split(y, yo, yi, 2).vectorize(yi)",
       [](S& s) { s["Y"].reorder({"x", "c", "y"}); s["Bx"].compute_at("Y", "y").store_at("Y", "c").slide("y"); s["Bx"].split("y", "yo", "yi", 2).vectorize("yi"); },
       ErrorCode::illegal_schedule, "Bx.slide(y): got 3 entries along y, 1 of them new, in blocks that do not divide them, need whole blocks", "slide",
       "leave that index uncut, or vectorize another one"},
      {"blur", "Y.reorder(x, c, y)\nBx.compute_at(Y, y).store_at(Y, c).slide(y).align(128)",
       [](S& s) { s["Y"].reorder({"x", "c", "y"}); s["Bx"].compute_at("Y", "y").store_at("Y", "c").slide("y").align(128); },
       ErrorCode::bad_directive, "Bx.align(128): got Bx lives in registers by Bx.slide(y), need storage in memory", "align"},
      {"striped", "A.compute_at(Y, x).store_at(Y, y).slide(x)", [](S& s) { s["A"].compute_at("Y", "x").store_at("Y", "y").slide("x"); },
       ErrorCode::illegal_schedule, "A.slide(x): got Y reads A[y%3, x], need the same entry of the window in each iteration of x, or neighbouring ones", "slide",
       "leave it in memory: store_at without slide"},
  });
}

TEST_CASE("refused tables and traces name what is not there") {
  check_refusals({
      {"matmul", "A.table_at(C, i)", [](S& s) { s["A"].table_at("C", "i"); }, ErrorCode::bad_directive,
       "A.table_at(C, i): got no read of it under a boundary rule moves with a loop that is no vector, need an index to look up", "table_at"},
      {"mirrored", "X.table_at(Y, row)", [](S& s) { s["X"].table_at("Y", "row"); }, ErrorCode::unknown_loop,
       "X.table_at(Y, row): got Y has no loop row, need one of y, x, c", "table_at"},
      {"blur", "Bx.compute_root().trace(1, 2)", [](S& s) { s["Bx"].compute_root().trace({1, 2}); }, ErrorCode::bad_directive,
       "Bx.trace(1, 2): got 2 indices, need 3, one for each of y, x, c", "trace"},
      {"dense", "D.epilogue_of(C)\nC.trace(0, 0)", [](S& s) { s["D"].epilogue_of("C"); s["C"].trace({0, 0}); }, ErrorCode::illegal_schedule,
       "C.trace(0, 0): got C is stored nowhere: another Func completes it in registers, need a Func that is stored", "trace"},
      {"matmul", "A.trace(0, 0)", [](S& s) { s["A"].trace({0, 0}); }, ErrorCode::bad_directive, "A.trace(0, 0): got A is an input, need a Func: C", "trace"},
  });
}

TEST_CASE("refused instructions name the loop, the terms or the nearest name") {
  check_refusals({
      {"matmul", "C.split(k, ko, r, 2).unroll(r).reorder(i, j, ko, r).tensorize(r, vpmaddw)",
       [](S& s) { s["C"].split("k", "ko", "r", 2).unroll("r").reorder({"i", "j", "ko", "r"}).tensorize("r", "vpmaddw"); }, ErrorCode::unknown_name,
       "C.tensorize(r, vpmaddw): got vpmaddw, need one of vpdpbusd, vpdpbusd_signed, vpdpwssd, vpmaddwd", "tensorize", "did you mean vpmaddwd?"},
      {"matmul", "C.tensorize(k, vpmaddwd)", [](S& s) { s["C"].tensorize("k", "vpmaddwd"); }, ErrorCode::illegal_schedule,
       "C.tensorize(k, vpmaddwd): got k is not unrolled, need the innermost loop, over 2 terms of the reduction, unrolled", "tensorize",
       "split the reduction by 2, reorder its inner loop to the end and unroll it"},
      {"matmul", "C.split(k, ko, r, 2).unroll(r).tensorize(r, vpmaddwd)", [](S& s) { s["C"].split("k", "ko", "r", 2).unroll("r").tensorize("r", "vpmaddwd"); },
       ErrorCode::illegal_schedule,
       "C.tensorize(r, vpmaddwd): got terms A[i, k] * B[k, j], need what the instruction means: vpmaddwd(a: i16[N, 2], b: i16[N, 2]) -> d: i32[N]\n"
       "  d[j] = sum(r < 2: i32(a[j, r]) * i32(b[j, r]))", "tensorize"},
      {"blur", "Y.tensorize(c, vpmaddwd)", [](S& s) { s["Y"].tensorize("c", "vpmaddwd"); }, ErrorCode::bad_directive,
       "Y.tensorize(c, vpmaddwd): got Y is pure, need a reduction", "tensorize"},
  });
}

}  // namespace lathe
