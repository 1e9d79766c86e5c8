// Element types, values and small instruction sequences in LLVM's terms.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include "lang/expr.h"

namespace lathe::codegen {

// bool is i1 in registers and a byte 0 or 1 in memory. f16 and bf16 are integers that hold their bits (small_floats.h).
llvm::Type* register_type(llvm::LLVMContext& context, Type type);
llvm::Type* memory_type(llvm::LLVMContext& context, Type type);
llvm::Value* to_register(llvm::IRBuilder<>& builder, llvm::Value* from_memory, DType dtype);
llvm::Value* to_memory(llvm::IRBuilder<>& builder, llvm::Value* value, DType dtype);

llvm::Constant* constant_of(llvm::LLVMContext& context, const Expr& constant);
// 0, 1, 2, ... in `lanes` integers of `bits`.
llvm::Constant* iota(llvm::LLVMContext& context, int bits, int lanes);

// One scalar operator on values whose element type is `dtype` (for select: that of the choices), lane by lane.
// min and max of floats need more than the values and are in number_order.h.
llvm::Value* apply_op(llvm::IRBuilder<>& builder, Op op, DType dtype, const std::vector<llvm::Value*>& args);
// The same in the lanes where `condition` holds, `otherwise` in others; jumped over where it holds in none. Ends a block.
llvm::Value* apply_where(llvm::IRBuilder<>& builder, Op op, DType dtype, const std::vector<llvm::Value*>& args,
                         llvm::Value* condition, llvm::Value* otherwise);
llvm::Value* apply_cast(llvm::IRBuilder<>& builder, llvm::Value* value, DType from, Type to);

}  // namespace lathe::codegen
