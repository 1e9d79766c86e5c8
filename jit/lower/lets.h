// Small helpers for writing statements: index constants, rounding up, and names for values used more than once.
#pragma once

#include "analysis/simplify.h"
#include "jit/ir/ir.h"
#include "jit/lower/lowering.h"

namespace lathe {

inline Expr integer(int64_t value) { return make_integer(DType::i64, value); }
inline Expr ceil_div(const Expr& a, const Expr& b) { return (a + (b - integer(1))) / b; }

// The same with what names stand for, as far as facts tell: in the author's sizes, for messages.
inline Expr spelled_out(const Expr& e, const Facts& facts) {
  return simplify(transform(e, [&](const Expr& node) {
    const Range* known = node.kind() == ExprKind::var ? facts.find(node->name) : nullptr;
    const bool defined = known && known->lowest.defined() && known->lowest == known->highest;
    return defined ? spelled_out(known->lowest, facts) : node;
  }));
}

// Collects lets to wrap around a statement. What a name stands for stays known to the facts.
class Lets {
 public:
  Lets(Lowering& lowering, Facts facts) : lowering_(lowering), facts_(std::move(facts)) {}

  // The value itself when it is a constant, a variable or a variable times a number, whose divisors a name would hide;
  // else a variable with that value.
  Expr named(const std::string& name, const Expr& value) {
    Expr simple = simplify(value, facts_);
    const bool multiple = simple.is_op(Op::mul) && simple.arg(0).kind() == ExprKind::var && is_integer_constant(simple.arg(1));
    if (multiple || simple.kind() == ExprKind::constant || simple.kind() == ExprKind::var) return simple;
    std::string var = lowering_.fresh(name);
    lets_.push_back({var, simple, false});
    if (simple.type() == Type{DType::i64, 1}) facts_.bound(var, simple, simple);
    return make_var(var, simple.type());
  }

  // A variable with that value, about which nothing else is known.
  Expr opaque(const std::string& name, const Expr& value, bool held = false) {
    std::string var = lowering_.fresh(name);
    lets_.push_back({var, simplify(value, facts_), held});
    lowering_.opaque[var] = lets_.back().value;
    return make_var(var);
  }

  // The same, and passes do not find out either, so that bodies which differ in the value alone become one function.
  Expr held(const std::string& name, const Expr& value) { return opaque(name, value, true); }

  ir::Stmt wrap(ir::Stmt body) const {
    for (auto it = lets_.rbegin(); it != lets_.rend(); ++it) body = ir::make_let(it->name, it->value, body, it->held);
    return body;
  }

  Facts& facts() { return facts_; }

 private:
  Lowering& lowering_;
  Facts facts_;
  struct Let {
    std::string name;
    Expr value;
    bool held;
  };
  std::vector<Let> lets_;
};

}  // namespace lathe
