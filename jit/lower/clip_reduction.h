// `Y.clip(r)`: a reduction variable runs only where terms are there. Reads under a boundary rule that leaves terms out give
// its range, affine in the loops outside, and need no rule any more:
//
//   Y[y] = sum(r < R: (X[y + r - 1] outside none) * F[r])
//   Y[y] = sum(max(0, 1 - y) <= r < min(R, H + 1 - y): X[y + r - 1] * F[r])
#pragma once

#include "jit/lower/lowering.h"

namespace lathe {

// Adds to lowering.ranges and lowering.clipped. Refuses reads outside of which a term is not the identity.
void clip_reduction(Lowering& lowering, const FuncContents& func, const Directive& d);

}  // namespace lathe
