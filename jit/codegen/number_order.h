// min and max of floats. x86 has one instruction for "a > b ? a : b", which gives b when an operand is NaN: with an
// operand that is never NaN in the right place it is the whole of max or of max_number. Which values are never NaN is
// decided here, through lets and through register buffers.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <set>
#include <string>

#include "jit/ir/ir.h"

namespace lathe::codegen {

// What holds for all floats of a function body. A register buffer counts when everything stored to it does, supposing
// that it does: so the accumulator of a max_number over anything, begun at a number, is never NaN.
class NeverNan {
 public:
  explicit NeverNan(const ir::Stmt& body);
  bool holds(const Expr& e) const;

 private:
  bool op_holds(const Expr& e) const;
  std::set<std::string> lets_, buffers_;       // for which it holds
};

// `op` is min, max, min_number or max_number.
llvm::Value* emit_number_order(llvm::IRBuilder<>& builder, Op op, llvm::Value* a, llvm::Value* b, bool a_is_never_nan,
                               bool b_is_never_nan);

}  // namespace lathe::codegen
