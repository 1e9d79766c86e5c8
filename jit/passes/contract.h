// Products that are added to something become fused multiply-adds.
#pragma once

#include "jit/ir/ir.h"

namespace lathe {

ir::Program contract(const ir::Program& program);

}  // namespace lathe
