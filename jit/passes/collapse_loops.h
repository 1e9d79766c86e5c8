// Two nested serial loops whose strides chain in every access become one.
#pragma once

#include "jit/ir/ir.h"

namespace lathe {

ir::Program collapse_loops(const ir::Program& program);

}  // namespace lathe
