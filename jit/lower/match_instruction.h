// `C.tensorize(r, vpdpbusd)`: the meaning of a machine instruction (schedules/instruction_match.h) is found in the terms of a
// reduction, of which the loop r runs over one group.
#pragma once

#include "jit/lower/lowering.h"

namespace lathe {

// Notes the instruction in `lowering`, where the target has it; one without runs the terms as they are. Refuses what
// the instruction does not mean.
void match_instruction(Lowering& lowering, const FuncContents& func, const Directive& d);

}  // namespace lathe
