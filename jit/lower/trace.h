// `F.trace(3, 5)`: tells what F is at a point, where a part of F that holds it has just been computed.
//
//   for y in 0, H { ... }  if 3 < H and 5 < W { trace F[3, 5] = F[3, 5] }
#pragma once

#include "jit/lower/lowering.h"

namespace lathe {

// All traces of this Func, of which the region [lowest, lowest + extent) was computed. Refuses points of another rank,
// and Funcs that are stored nowhere.
ir::Stmt traces_of(const Lowering& lowering, const FuncContents& func, const std::vector<Expr>& lowest,
                   const std::vector<Expr>& extent, const Facts& facts);

}  // namespace lathe
