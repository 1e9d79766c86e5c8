// Moves lane masks that do not change in a loop out of it.
#pragma once

#include "jit/ir/ir.h"

namespace lathe {

ir::Program hoist_masks(const ir::Program& program);

}  // namespace lathe
