// Mathematical functions become arithmetic.
#pragma once

#include "jit/ir/ir.h"
#include "targets/target.h"

namespace lathe {

ir::Program expand_math(const ir::Program& program, const Target& target);

}  // namespace lathe
