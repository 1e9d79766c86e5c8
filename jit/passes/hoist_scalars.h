// Computes what a loop does not change, from data that it does not change, before the loop.
#pragma once

#include "jit/ir/ir.h"

namespace lathe {

ir::Program hoist_scalars(const ir::Program& program);

}  // namespace lathe
