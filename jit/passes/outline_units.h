// Turns statements marked `unit` into functions of their own, one for all bodies that are equal up to names.
#pragma once

#include "jit/ir/ir.h"

namespace lathe {

ir::Program outline_units(const ir::Program& program);

}  // namespace lathe
