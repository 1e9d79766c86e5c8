// How much scratch memory the calls of a program hold, from its allocations on the heap.
#pragma once

#include "jit/ir/ir.h"
#include "jit/runtime/kernel.h"

namespace lathe {

// Formulas over the entry's scalars. An upper bound: where it depends on strides which branch runs, the larger counts,
// and an extent counts with its largest value in the loops around it.
ScratchNeed scratch_need(const ir::Program& program);

}  // namespace lathe
