// Gives every access one index, an element offset: the sum of index times stride.
#pragma once

#include "jit/ir/ir.h"

namespace lathe {

ir::Program flatten(const ir::Program& program);

}  // namespace lathe
