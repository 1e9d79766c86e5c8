// The second half of `compile`, for those who have looked at what the first half made.
#pragma once

#include "jit/compile.h"

namespace lathe {

// A kernel of final_program(op, options): machine code for all variants. Of the options, target and cache count.
Kernel compile_final(const FinalProgram& made, const CompileOptions& options);

}  // namespace lathe
