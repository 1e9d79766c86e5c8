#include "jit/codegen/number_order.h"

#include <algorithm>
#include <cmath>

namespace lathe::codegen {

NeverNan::NeverNan(const ir::Stmt& body) {
  std::vector<std::pair<std::string, Expr>> lets, stores;   // in the order of the program
  ir::visit(body, [&](const ir::StmtNode& s) {
    if (s.kind == ir::StmtKind::let) lets.emplace_back(s.name, s.value(0));
    if (s.kind == ir::StmtKind::alloc && s.space == ir::Space::registers) buffers_.insert(s.name);
    if (s.kind == ir::StmtKind::store) stores.emplace_back(s.name, s.value(0));
  });
  bool changed = true;
  while (changed) {
    lets_.clear();
    for (const auto& [name, value] : lets) {
      if (holds(value)) lets_.insert(name);
    }
    changed = false;
    for (const auto& [name, value] : stores) {
      if (buffers_.count(name) && !holds(value)) changed = buffers_.erase(name) > 0;
    }
  }
}

bool NeverNan::holds(const Expr& e) const {
  if (!is_float(e.type().dtype)) return true;
  switch (e.kind()) {
    case ExprKind::constant: return !std::isnan(e->float_value);
    case ExprKind::var: return lets_.count(e->name) > 0;
    case ExprKind::op: return op_holds(e);
    case ExprKind::cast: {
      const DType from = e.arg(0).type().dtype;
      return !is_float(from) || holds(e.arg(0));
    }
    case ExprKind::access: return buffers_.count(e->name) > 0;
    case ExprKind::broadcast: return holds(e.arg(0));
    default: return false;
  }
}

bool NeverNan::op_holds(const Expr& e) const {
  switch (e->op) {
    case Op::neg: case Op::abs: case Op::floor: case Op::ceil: case Op::round: return holds(e.arg(0));
    case Op::min: case Op::max: return holds(e.arg(0)) && holds(e.arg(1));
    case Op::min_number: case Op::max_number: return holds(e.arg(0)) || holds(e.arg(1));
    case Op::select: return holds(e.arg(1)) && holds(e.arg(2));
    case Op::exp: case Op::tanh: return holds(e.arg(0));
    default: return false;
  }
}

llvm::Value* emit_number_order(llvm::IRBuilder<>& builder, Op op, llvm::Value* a, llvm::Value* b, bool a_is_never_nan,
                               bool b_is_never_nan) {
  const bool wants_larger = op == Op::max || op == Op::max_number;
  const bool skips_nan = op == Op::min_number || op == Op::max_number;
  // x when it is beyond y, else y: one instruction, and y where either is NaN.
  const auto beyond = [&](llvm::Value* x, llvm::Value* y) {
    return builder.CreateSelect(wants_larger ? builder.CreateFCmpOGT(x, y) : builder.CreateFCmpOLT(x, y), x, y);
  };
  const bool swap = skips_nan ? a_is_never_nan : b_is_never_nan;
  if (swap) return beyond(b, a);
  llvm::Value* result = beyond(a, b);
  if (skips_nan ? b_is_never_nan : a_is_never_nan) return result;
  llvm::Value* unwanted = skips_nan ? builder.CreateFCmpUNO(b, b) : builder.CreateFCmpUNO(a, a);
  return builder.CreateSelect(unwanted, a, result);
}

}  // namespace lathe::codegen
