// Refused: directives that change what loops run over, where arguments lie, and requirements that are missed.
#include <doctest/doctest.h>

#include "tests/whole/refusals.h"

namespace lathe {
namespace {

using S = ScheduleBuilder;

}  // namespace

TEST_CASE("refused partial results name the loop or the order") {
  check_refusals({
      {"matmul", "C.rfactor(i, Cp)", [](S& s) { s["C"].rfactor("i", "Cp"); }, ErrorCode::illegal_schedule,
       "C.rfactor(i, Cp): got i is an index of C, need a reduction variable, or the loop over blocks of one", "rfactor"},
      {"matmul", "C.rfactor(kx, Cp)", [](S& s) { s["C"].rfactor("kx", "Cp"); }, ErrorCode::unknown_loop,
       "C.rfactor(kx, Cp): got C has no loop kx over its reduction, need one of k, or of the loops over blocks of them", "rfactor"},
      {"matmul", "C.split(k, ko, ki, 8).rfactor(ki, Cp)", [](S& s) { s["C"].split("k", "ko", "ki", 8).rfactor("ki", "Cp"); },
       ErrorCode::illegal_schedule,
       "C.rfactor(ki, Cp): got ki runs within a block of k, need a reduction variable, or the loop over blocks of one", "rfactor",
       "rfactor(ko, ...), or vectorize(ki) for partial results in lanes"},
      {"matmul", "C.rfactor(k, A)", [](S& s) { s["C"].rfactor("k", "A"); }, ErrorCode::duplicate_name,
       "name of a new Func: got 'A', need a name that no Func, input or other copy has", "rfactor"},
      {"box_sum", "Y.rfactor(r, P)", [](S& s) { s["Y"].rfactor("r", "P"); }, ErrorCode::illegal_schedule,
       "Y.rfactor(r, P): got partial results that are combined later, need the written order, in the strict class", "rfactor"},
      {"blur", "Y.rfactor(y, P)", [](S& s) { s["Y"].rfactor("y", "P"); }, ErrorCode::illegal_schedule,
       "Y.rfactor(y, P): got Y is no reduction, need a reduction", "rfactor"},
      {"prefix", "S.update.rfactor(k, P)", [](S& s) { s["S.update"].rfactor("k", "P"); }, ErrorCode::illegal_schedule,
       "S.update.rfactor(k, P): got S.update is no reduction, need a reduction", "rfactor"},
  });
}

TEST_CASE("refused clips name the variable or the read") {
  check_refusals({
      {"matmul", "C.clip(i)", [](S& s) { s["C"].clip({"i"}); }, ErrorCode::unknown_loop,
       "C.clip(i): got i is no reduction variable of C, need one of k", "clip"},
      {"matmul", "C.clip(k)", [](S& s) { s["C"].clip({"k"}); }, ErrorCode::illegal_schedule,
       "C.clip(k): got no read under a boundary rule moves with k, need a read such as X[y + r] outside none", "clip"},
      {"matmul", "B.clip(k)", [](S& s) { s["B"].clip({"k"}); }, ErrorCode::bad_directive,
       "B.clip(k): got B is an input, need a Func: C", "clip"},
  });
}

TEST_CASE("refused fusions and peels name the loops") {
  check_refusals({
      {"matmul", "C.fuse(i, k, ik)", [](S& s) { s["C"].fuse("i", "k", "ik"); }, ErrorCode::illegal_schedule,
       "C.fuse(i, k, ik): got k does not stand right inside i, need two neighbouring loops, the outer one first", "fuse"},
      {"matmul", "C.fuse(i, row, ir)", [](S& s) { s["C"].fuse("i", "row", "ir"); }, ErrorCode::unknown_loop,
       "C has no loop of this name: got row, need one of i, j, k", "fuse"},
      {"matmul", "C.fuse(j, k, jk)", [](S& s) { s["C"].fuse("j", "k", "jk"); }, ErrorCode::illegal_schedule,
       "C.fuse(j, k, jk): got a loop over the reduction and one over an index, need two loops of one kind", "fuse"},
      {"matmul", "C.fuse(i, j, k)", [](S& s) { s["C"].fuse("i", "j", "k"); }, ErrorCode::bad_directive,
       "C already has a loop of this name: got k, need a new name", "fuse"},
      {"prefix", "S.update.fuse(k, i, ki)", [](S& s) { s["S.update"].fuse("k", "i", "ki"); }, ErrorCode::illegal_schedule,
       "S.update.fuse(k, i, ki): got an update, need split, reorder, parallel, vectorize or unroll on an update", "fuse"},
      {"matmul", "C.peel(i, -1, 1)", [](S& s) { s["C"].peel("i", -1, 1); }, ErrorCode::bad_factor,
       "first iterations of peel: got -1, need at least 0", "peel"},
      {"matmul", "C.peel(i, 1, -1)", [](S& s) { s["C"].peel("i", 1, -1); }, ErrorCode::bad_factor,
       "last iterations of peel: got -1, need at least 0", "peel"},
      {"matmul", "C.peel(k, 1, 1)", [](S& s) { s["C"].peel("k", 1, 1); }, ErrorCode::illegal_schedule,
       "C.peel(k, ...): got k is a loop of the reduction, need a serial or parallel loop over an index, whose inner loop, if it was split, is serial too", "peel"},
  });
}

TEST_CASE("refused layouts of arguments name the digit or the argument") {
  check_refusals({
      {"dense", "C.constant()", [](S& s) { s["C"].constant(); }, ErrorCode::illegal_schedule,
       "C.constant(): got C is no input, need an input", "constant"},
      {"dense", "C.free_layout()", [](S& s) { s["C"].free_layout(); }, ErrorCode::illegal_schedule,
       "C.free_layout(): got C is no argument, need an input or an output", "free_layout"},
      {"matmul", "C.layout(j, i)", [](S& s) { s["C"].layout({"j", "i"}); }, ErrorCode::bad_directive,
       "C.layout(j, i): got C comes in the caller's layout, need free_layout", "layout"},
      {"matmul", "B.constant().layout(K, n)", [](S& s) { s["B"].constant().layout({"K", "n"}); }, ErrorCode::unknown_loop,
       "B.layout(K, n): got n, need one of K, N, or a number below 2", "layout(K"},
  });
}

TEST_CASE("requirements that are missed say what was missed") {
  check_refusals({
      {"matmul", "C.split(i, io, ii, 4).unroll(ii).require(whole)",
       [](S& s) { s["C"].split("i", "io", "ii", 4).unroll("ii").require(Requirement::whole); }, ErrorCode::unproved,
       "C.require(whole): got i may have M - M / 4 * 4 iterations beyond whole blocks, need no body for a short last block is needed: extents are multiples of the blocks", "require"},
      {"matmul", "C.reorder(k, i, j).require(in_registers)",
       [](S& s) { s["C"].reorder({"k", "i", "j"}).require(Requirement::in_registers); }, ErrorCode::unproved,
       "C.require(in_registers): got a loop over an index of the result inside the reduction is neither vectorized nor unrolled, need results of the reduction stay in registers while terms are added", "require"},
  });
}

}  // namespace lathe
