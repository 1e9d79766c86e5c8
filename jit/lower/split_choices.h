// Index-set splitting at choices: where a select compares an index with a size, the points on each side have a nest of their own.
#pragma once

#include <vector>

#include "analysis/simplify.h"
#include "lang/algorithm.h"

namespace lathe {

// Points [lowest, lowest + extent) of a Func, with what its choices come to there.
struct Piece {
  FuncContents func;
  std::vector<Expr> lowest, extent;
};

// The pieces of a pure Func, one where nothing is to be split: at each choice that says whether a read is inside of its input,
// as in select(j < P, A[i, j], B[i, j - P]). The vectors of a piece then read one input each and meet no boundary rule.
std::vector<Piece> split_choices(Piece whole, const Facts& facts);

}  // namespace lathe
