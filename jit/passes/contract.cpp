// Contracts a float product with the sum or difference it stands in: one instruction and one rounding instead of two.
//
// before   r[0] = r[0] + A[i] * B[i]              y[0] = c - a * b
// after    r[0] = fma(A[i], B[i], r[0])           y[0] = fma(-a, b, c)
//
// Why here: simplification has made the sums final, and no product has a name of its own yet (share_values), so a
// product and its sum are still one expression. Code generation never contracts: what is fused shows in the IR.
// Of two products added to each other the first is fused. Refuses integers, and products behind a let.
#include "jit/passes/contract.h"

namespace lathe {

namespace {

Expr contracted(const Expr& e) {
  if (!e.is_op(Op::add) && !e.is_op(Op::sub)) return e;
  if (!is_float(e.type().dtype)) return e;
  const Expr& left = e.arg(0);
  const Expr& right = e.arg(1);
  const bool subtracts = e.is_op(Op::sub);
  if (left.is_op(Op::mul)) return make_op(Op::fma, {left.arg(0), left.arg(1), subtracts ? -right : right}, e->where);
  if (!right.is_op(Op::mul)) return e;
  return make_op(Op::fma, {subtracts ? -right.arg(0) : right.arg(0), right.arg(1), left}, e->where);
}

}  // namespace

ir::Program contract(const ir::Program& program) {
  ir::Program result = program;
  for (ir::Function& function : result.functions) {
    function.body = ir::transform(
        function.body, [](const ir::Stmt& s) { return s; }, [](const Expr& e) { return transform(e, contracted); });
  }
  return result;
}

}  // namespace lathe
