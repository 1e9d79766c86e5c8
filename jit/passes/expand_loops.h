// Vector loops become vector statements, unrolled loops straight code.
#pragma once

#include "jit/ir/ir.h"
#include "targets/target.h"

namespace lathe {

ir::Program expand_loops(const ir::Program& program, const Target& target);

}  // namespace lathe
