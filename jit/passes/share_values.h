// Gives a name to values that straight-line code computes more than once.
#pragma once

#include "jit/ir/ir.h"
#include "targets/target.h"

namespace lathe {

ir::Program share_values(const ir::Program& program, const Target& target);

}  // namespace lathe
