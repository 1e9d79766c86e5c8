// Makes one function of pieces of code that a program repeats.
#pragma once

#include "jit/ir/ir.h"

namespace lathe {

ir::Program outline_repeats(const ir::Program& program);
// The same for pieces of at least so many statements and expression nodes.
ir::Program outline_repeats(const ir::Program& program, size_t least_nodes);

}  // namespace lathe
