// Refused: directives that say where a Func is computed and kept.
#include <doctest/doctest.h>

#include "tests/whole/refusals.h"

namespace lathe {
namespace {

using S = ScheduleBuilder;

}  // namespace

TEST_CASE("refused Func names are answered with the nearest") {
  check_refusals({
      {"dense", "Cc.vectorize(j)", [](S& s) { s["Cc"].vectorize("j"); }, ErrorCode::unknown_loop,
       "unknown Func of dense: got 'Cc', need one of C, D, A, B, bias", "", "did you mean C?"},
      {"dense", "bais.prefetch(C, k, 1)", [](S& s) { s["bais"].prefetch("C", "k", 1); }, ErrorCode::unknown_loop,
       "unknown Func of dense: got 'bais', need one of C, D, A, B, bias", "", "did you mean bias?"},
      {"dense", "B.stage_at(Cc, k)", [](S& s) { s["B"].stage_at("Cc", "k"); }, ErrorCode::unknown_loop,
       "unknown Func of dense: got 'Cc', need one of C, D, A, B, bias", "", "did you mean C?"},
      {"blur", "Bx.compute_at(Yy, y)", [](S& s) { s["Bx"].compute_at("Yy", "y"); }, ErrorCode::unknown_loop,
       "unknown Func of blur: got 'Yy', need one of Bx, Y, X", "", "did you mean Y?"},
      {"dense", "D.epilogue_of(Cc)", [](S& s) { s["D"].epilogue_of("Cc"); }, ErrorCode::unknown_loop,
       "unknown Func of dense: got 'Cc', need one of C, D, A, B, bias", "", "did you mean C?"},
      {"blur", "Bx.compute_inline()\nBx.vectorize(c)",
       [](S& s) {
         s["Bx"].compute_inline();
         s["Bx"].vectorize("c");
       },
       ErrorCode::bad_directive,
       "Bx.vectorize(c): got Bx is inlined, need a Func that has loops", "vectorize", "leave out Bx.compute_inline()"},
      {"blur", "X.vectorize(c)", [](S& s) { s["X"].vectorize("c"); }, ErrorCode::bad_directive,
       "X.vectorize(c): got X is an input, need a Func: Bx, Y", "vectorize"},
      {"blur", "X.compute_root()", [](S& s) { s["X"].compute_root(); }, ErrorCode::bad_directive,
       "X.compute_root(): got X is an input, need a Func: Bx, Y", "compute_root"},
  });
}

TEST_CASE("refused inlining says what is stored") {
  check_refusals({
      {"dense", "C.compute_inline()", [](S& s) { s["C"].compute_inline(); }, ErrorCode::illegal_schedule,
       "C.compute_inline(): got a reduction that is no short formula, need a pure intermediate Func, or a reduction of at most 64 terms, their number known", "compute_inline"},
      {"dense", "D.compute_inline()", [](S& s) { s["D"].compute_inline(); }, ErrorCode::illegal_schedule,
       "D.compute_inline(): got an output, need a pure intermediate Func, or a reduction of at most 64 terms, their number known", "compute_inline"},
      {"counted", "H.compute_inline()", [](S& s) { s["H"].compute_inline(); }, ErrorCode::illegal_schedule,
       "H.compute_inline(): got a Func with updates, need a pure intermediate Func, or a reduction of at most 64 terms, their number known", "compute_inline"},
      {"dense", "A.compute_inline()", [](S& s) { s["A"].compute_inline(); }, ErrorCode::bad_directive,
       "A.compute_inline(): got A is an input, need a Func: C, D", "compute_inline"},
  });
}

TEST_CASE("refused places name the consumer that stands outside") {
  check_refusals({
      {"blur", "Bx.compute_at(Y, row)", [](S& s) { s["Bx"].compute_at("Y", "row"); }, ErrorCode::unknown_loop,
       "Bx.compute_at(Y, row): got Y has no loop row, need one of y, x, c", "compute_at"},
      {"dense", "D.compute_at(C, i)", [](S& s) { s["D"].compute_at("C", "i"); }, ErrorCode::illegal_schedule,
       "D.compute_at(C, i): got an output, need an intermediate Func", "compute_at"},
      {"counted", "H.compute_at(Y, b)", [](S& s) { s["H"].compute_at("Y", "b"); }, ErrorCode::illegal_schedule,
       "H.compute_at(Y, b): got a Func with updates, need compute_root: it is computed whole", "compute_at"},
      {"two_readers", "E.compute_at(B, x)", [](S& s) { s["E"].compute_at("B", "x"); }, ErrorCode::illegal_schedule,
       "E.compute_at(B, x): got G reads it outside of that loop, need every consumer inside it", "compute_at"},
      {"two_readers", "E.compute_at(E, x)", [](S& s) { s["E"].compute_at("E", "x"); }, ErrorCode::illegal_schedule,
       "E.compute_at(E, x): got a loop of its own, need a loop of a Func that reads it", "compute_at"},
      {"two_readers", "B.compute_at(G, x)", [](S& s) { s["B"].compute_at("G", "x"); }, ErrorCode::illegal_schedule,
       "B.compute_at(G, x): got an output, need an intermediate Func", "compute_at"},
      {"blur", "Bx.compute_at(X, y)", [](S& s) { s["Bx"].compute_at("X", "y"); }, ErrorCode::bad_directive,
       "Bx.compute_at(X, y): got X is an input, need a Func: Bx, Y", "compute_at"},
      {"blur", "Bx.compute_at(Y, y).compute_at(Y, x)", [](S& s) { s["Bx"].compute_at("Y", "y").compute_at("Y", "x"); },
       ErrorCode::bad_directive,
       "Bx.compute_at(Y, x): got Bx.compute_at(Y, y) before it, need one place of each Func", "compute_at(Y, x"},
      {"blur", "Bx.compute_at(Y, y).compute_root()", [](S& s) { s["Bx"].compute_at("Y", "y").compute_root(); },
       ErrorCode::bad_directive,
       "Bx.compute_root(): got Bx.compute_at(Y, y) before it, need one place of each Func", "compute_root"},
      {"blur", "Bx.compute_inline().compute_root()", [](S& s) { s["Bx"].compute_inline().compute_root(); },
       ErrorCode::bad_directive,
       "Bx.compute_root(): got Bx.compute_inline() before it, need one place of each Func", "compute_root"},
  });
}

TEST_CASE("refused storage names the loop between it and the computation") {
  check_refusals({
      {"blur", "Bx.store_at(Y, y)", [](S& s) { s["Bx"].store_at("Y", "y"); }, ErrorCode::bad_directive,
       "Bx.store_at(Y, y): got Bx is not computed inside a loop, need compute_at beside it", "store_at"},
      {"blur", "Bx.store_at(Y, row).compute_at(Y, x)", [](S& s) { s["Bx"].store_at("Y", "row").compute_at("Y", "x"); },
       ErrorCode::unknown_loop,
       "Bx.store_at(Y, row): got Y has no loop row, need one of y, x, c", "store_at"},
      {"two_readers", "E.store_at(B, x).compute_at(G, x)", [](S& s) { s["E"].store_at("B", "x").compute_at("G", "x"); },
       ErrorCode::illegal_schedule,
       "E.store_at(B, x): got E is computed in loops of G, need a loop of G", "store_at"},
      {"blur", "Bx.store_at(Y, x).compute_at(Y, y)", [](S& s) { s["Bx"].store_at("Y", "x").compute_at("Y", "y"); },
       ErrorCode::illegal_schedule,
       "Bx.store_at(Y, x): got computed at y, outside of x, need storage at or outside of the loop of compute_at", "store_at"},
      {"blur", "Bx.store_at(Y, y).compute_at(Y, x)\nY.parallel(x)",
       [](S& s) {
         s["Bx"].store_at("Y", "y").compute_at("Y", "x");
         s["Y"].parallel("x");
       },
       ErrorCode::illegal_schedule,
       "Bx.store_at(Y, y): got x is not serial, need serial loops between storage and computation: values are kept between iterations", "store_at"},
      {"blur", "Y.split(y, yo, yi, 32)\nBx.store_at(Y, yo).compute_at(Y, yi).fold_storage(row, 3)",
       [](S& s) {
         s["Y"].split("y", "yo", "yi", 32);
         s["Bx"].store_at("Y", "yo").compute_at("Y", "yi").fold_storage("row", 3);
       },
       ErrorCode::unknown_loop,
       "Bx.fold_storage(row, 3): got row, need an index of Bx: y, x, c", "fold_storage"},
      {"blur", "Y.split(y, yo, yi, 32)\nBx.store_at(Y, yo).compute_at(Y, yi).fold_storage(y, 2)",
       [](S& s) {
         s["Y"].split("y", "yo", "yi", 32);
         s["Bx"].store_at("Y", "yo").compute_at("Y", "yi").fold_storage("y", 2);
       },
       ErrorCode::unproved,
       "Bx.fold_storage(y, 2): got an iteration of yi reads 3 entries, need 3 <= 2", "fold_storage", "a larger ring, or compute_at a loop further in"},
      {"blur", "Y.split(y, yo, yi, 32)\nBx.store_at(Y, yo).compute_at(Y, yi).fold_storage(x, 8)",
       [](S& s) {
         s["Y"].split("y", "yo", "yi", 32);
         s["Bx"].store_at("Y", "yo").compute_at("Y", "yi").fold_storage("x", 8);
       },
       ErrorCode::unproved,
       "Bx.fold_storage(x, 8): got an iteration of yi reads W - 2 entries, need W - 2 <= 8", "fold_storage", "a larger ring, or compute_at a loop further in"},
      {"blur", "Bx.compute_root().fold_storage(y, 3)", [](S& s) { s["Bx"].compute_root().fold_storage("y", 3); },
       ErrorCode::bad_directive,
       "Bx.fold_storage(y, 3): got Bx is not computed inside a loop, need compute_at beside it", "fold_storage"},
      {"blur", "Bx.store_at(Y, y).compute_at(Y, x).fold_storage(y, 0)",
       [](S& s) { s["Bx"].store_at("Y", "y").compute_at("Y", "x").fold_storage("y", 0); }, ErrorCode::bad_factor,
       "count of fold_storage: got 0, need at least 1", "fold_storage"},
  });
}

TEST_CASE("refused epilogues name the read that does not fit") {
  check_refusals({
      {"blur", "Y.epilogue_of(Bx)", [](S& s) { s["Y"].epilogue_of("Bx"); }, ErrorCode::unknown_loop,
       "Y.epilogue_of(Bx): got Bx is inlined, need a Func that has loops: Y", "epilogue_of"},
      {"blur", "Bx.compute_root()\nY.epilogue_of(Bx)",
       [](S& s) {
         s["Bx"].compute_root();
         s["Y"].epilogue_of("Bx");
       },
       ErrorCode::bad_directive,
       "Y.epilogue_of(Bx): got Bx is pure, need an epilogue of a reduction", "epilogue_of", "a pure producer can be inlined"},
      {"dense", "C.epilogue_of(D)", [](S& s) { s["C"].epilogue_of("D"); }, ErrorCode::illegal_schedule,
       "C.epilogue_of(D): got C is a reduction, need a pure Func", "epilogue_of"},
      {"counted", "H.epilogue_of(T)", [](S& s) { s["H"].epilogue_of("T"); }, ErrorCode::illegal_schedule,
       "H.epilogue_of(T): got H has updates, need a pure Func", "epilogue_of"},
      {"spread", "Y.epilogue_of(S)", [](S& s) { s["Y"].epilogue_of("S"); }, ErrorCode::unproved,
       "Y.epilogue_of(S): got index 0 of S in [0, M * 2 - 2], need at least 0 and at most M - 1, where the output Y has places",
       "epilogue_of", "leave it out: another Func reads the reduction there"},
      {"counted", "Y.epilogue_of(T)", [](S& s) { s["Y"].epilogue_of("T"); }, ErrorCode::illegal_schedule,
       "Y.epilogue_of(T): got Y does not read T, need a consumer of it", "epilogue_of"},
      {"shifted", "Y.epilogue_of(T)", [](S& s) { s["Y"].epilogue_of("T"); }, ErrorCode::illegal_schedule,
       "Y.epilogue_of(T): got Y reads T[i + 1], need reads of T at the indices of Y only", "epilogue_of"},
      {"two_outputs", "Y.epilogue_of(T)", [](S& s) { s["Y"].epilogue_of("T"); }, ErrorCode::illegal_schedule,
       "Y.epilogue_of(T): got Y[M - 1] and T[M], need outputs of equal extents", "epilogue_of"},
      {"scaled_by_sums", "Y.epilogue_of(S)", [](S& s) { s["Y"].epilogue_of("S"); }, ErrorCode::illegal_schedule,
       "Y.epilogue_of(S): got Y reads T, which is computed from S, need an epilogue whose other inputs are there before the "
       "reduction runs", "epilogue_of"},
  });
}

}  // namespace lathe
