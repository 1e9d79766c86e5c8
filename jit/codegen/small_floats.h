// f16 and bf16, which are integers of 16 bits in registers, to and from f32.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include "support/dtype.h"

namespace lathe::codegen {

// `instructions`: the machine converts f16 itself. All lanes of a vector.
llvm::Value* from_small_float(llvm::IRBuilder<>& builder, llvm::Value* bits, DType dtype, bool instructions);
llvm::Value* to_small_float(llvm::IRBuilder<>& builder, llvm::Value* value, DType dtype, bool instructions);

}  // namespace lathe::codegen
