// Simplifies index arithmetic under the ranges of loops, and drops what can never run.
#pragma once

#include "jit/ir/ir.h"

namespace lathe {

ir::Program simplify_program(const ir::Program& program);

}  // namespace lathe
