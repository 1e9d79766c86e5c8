// Moves scratch memory that an iteration of a loop does not shape out of the loop, and small scratch onto the stack.
#pragma once

#include "jit/ir/ir.h"

namespace lathe {

ir::Program hoist_storage(const ir::Program& program);

}  // namespace lathe
