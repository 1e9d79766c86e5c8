// Keeps what an iteration stores in registers for the iteration after it, which reads just that.
#pragma once

#include "jit/ir/ir.h"

namespace lathe {

ir::Program carry_values(const ir::Program& program);

}  // namespace lathe
