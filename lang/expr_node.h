// Making a node of an expression in its place in memory; only for the makers in this folder.
#pragma once

#include "lang/expr.h"
#include "support/node_pool.h"

namespace lathe {

inline std::shared_ptr<ExprNode> new_node() { return std::allocate_shared<ExprNode>(NodeAllocator<ExprNode>()); }
inline std::shared_ptr<ExprNode> copy_of(const Expr& e) {
  return std::allocate_shared<ExprNode>(NodeAllocator<ExprNode>(), *e);
}
Expr finished(std::shared_ptr<ExprNode> node);              // with its hash; nobody changes it from here on

}  // namespace lathe
