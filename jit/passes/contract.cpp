// Contracts float products with the sum they stand in: one instruction and one rounding instead of two.
//
// before   r[0] = r[0] + A[i] * B[i]              r[0] = r[0] + (a * b - c * d)
// after    r[0] = fma(A[i], B[i], r[0])           r[0] = fma(-c, d, fma(a, b, r[0]))
//
// A tree of additions and subtractions is read as a sum of terms: what is no product is added first, then each product is
// fused on top. Why here: simplification has made the sums final, and no product has a name of its own yet (share_values),
// so a product and its sum are still one expression. Code generation never contracts: what is fused shows in the IR.
// Refuses integers, products behind a let, and programs of the strict class, which keep the written rounding.
#include "jit/passes/contract.h"

namespace lathe {

namespace {

bool is_sum(const Expr& e) { return (e.is_op(Op::add) || e.is_op(Op::sub)) && is_float(e.type().dtype); }

struct Term {
  Expr value;
  bool negative;
};

void collect(const Expr& e, bool negative, std::vector<Term>& terms) {
  if (!is_sum(e)) {
    terms.push_back({e, negative});
    return;
  }
  collect(e.arg(0), negative, terms);
  collect(e.arg(1), e.is_op(Op::sub) ? !negative : negative, terms);
}

Expr contracted(const Expr& e);

// The operands of a node that is no sum of its own, with their sums contracted.
Expr inside(const Expr& e) {
  std::vector<Expr> children = children_of(e);
  if (children.empty()) return e;
  bool same = true;
  for (Expr& child : children) {
    Expr changed = contracted(child);
    same = same && changed.get() == child.get();
    child = changed;
  }
  return same ? e : with_children(e, children);
}

Expr contracted(const Expr& e) {
  if (!is_sum(e)) return inside(e);
  std::vector<Term> terms, products;
  collect(e, false, terms);
  std::erase_if(terms, [&](const Term& t) {
    bool product = t.value.is_op(Op::mul);
    if (product) products.push_back(t);
    return product;
  });
  if (products.empty()) return inside(e);
  Expr sum;
  for (const Term& t : terms) {
    Expr value = inside(t.value);
    sum = !sum.defined() ? (t.negative ? -value : value) : t.negative ? sum - value : sum + value;
  }
  for (const Term& t : products) {
    Expr a = contracted(t.value.arg(0)), b = contracted(t.value.arg(1));
    if (t.negative) a = -a;
    sum = sum.defined() ? make_op(Op::fma, {a, b, sum}) : a * b;
  }
  return sum;
}

}  // namespace

ir::Program contract(const ir::Program& program) {
  if (program.strict) return program;
  ir::Program result = program;
  for (ir::Function& function : result.functions) {
    function.body = ir::transform(
        function.body, [](const ir::Stmt& s) { return s; }, contracted);
  }
  return result;
}

}  // namespace lathe
