// Takes reductions out of larger expressions.
#pragma once

#include "lang/algorithm.h"

namespace lathe {

// `f` as it shall stand in an operator, after the Funcs that hold its inner reductions. A reduction that is the whole
// right side becomes the reduction of `f` itself.
//
//   D[i] = sum(k < K: A[i, k]) / K   ->   D.sum[i] = sum(k < K: A[i, k])
//                                         D[i] = D.sum[i] / K
//
// An inner Func has those indices of `f`, and those reduction variables of enclosing reductions, that it uses: it is
// computed once for all points that share its terms. Equal reductions become one Func.
std::vector<FuncContents> lift_reductions(FuncContents f);

}  // namespace lathe
