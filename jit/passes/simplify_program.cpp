// before   for i in 0, 1 serial { if i < N + 1 - 1 { C[0 + i*1] = A[i + i] } }
// after    if 0 < N { C[0] = A[0] }
//
// Why here: before outlining, so that equal bodies look equal; after expansion, to fold the constants of unrolled indices.
// Loop variables carry their range and lets what they stand for. Refuses nothing.
#include "analysis/simplify.h"

#include "jit/passes/simplify_program.h"

namespace lathe {

namespace {

using ir::Stmt;
using ir::StmtKind;

Expr integer(int64_t value) { return make_integer(DType::i64, value); }

class Walker {
 public:
  Stmt walk(const Stmt& s, const Facts& facts) {
    if (!s) return s;
    switch (s->kind) {
      case StmtKind::let: return let(*s, facts);
      case StmtKind::loop: return loop(s, facts);
      case StmtKind::branch: return branch(s, facts);
      default: return rebuilt(s, facts);
    }
  }

 private:
  // Names that stand for simpler things are replaced where they are met.
  Expr simple(const Expr& e, const Facts& facts) const {
    return e.defined() ? simplify(replaced_.empty() ? e : substitute(e, replaced_), facts) : e;
  }

  Stmt without(const std::string& name, const Expr& value, const Stmt& body, const Facts& facts) {
    replaced_.push_back({name, value});
    Stmt result = walk(body, facts);
    replaced_.pop_back();
    return result;
  }

  Stmt rebuilt(const Stmt& s, const Facts& facts) {
    Stmt t = ir::with_changed_expressions(s, [&](const Expr& e) { return simple(e, facts); });
    t = ir::with_changed_children(t, [&](const Stmt& child) { return walk(child, facts); });
    if (!t) return t;
    if (t->kind == StmtKind::block && t->unit) return ir::make_unit(ir::make_block(t->body));
    if (t->kind == StmtKind::alloc && !t->body[0]) return nullptr;
    if (t->kind != StmtKind::store) return t;
    if (known_false(t->mask)) return nullptr;
    const bool whole = known_true(t->mask), kept = known_false(t->streaming);
    if (!whole && !kept) return t;
    ir::StmtNode plain = *t;
    if (whole) plain.mask = {};
    if (kept) plain.streaming = {};
    return std::make_shared<const ir::StmtNode>(std::move(plain));
  }

  static bool known_true(const Expr& e) {
    int64_t value = 0;
    return e.defined() && is_integer_constant(e, &value) && value != 0;
  }
  static bool known_false(const Expr& e) {
    int64_t value = 1;
    return e.defined() && is_integer_constant(e, &value) && value == 0;
  }

  Stmt let(const ir::StmtNode& s, const Facts& facts) {
    Expr value = simple(s.values[0], facts);
    bool trivial = value.kind() == ExprKind::constant || value.kind() == ExprKind::var;
    if (trivial && !s.held) return without(s.name, value, s.body[0], facts);
    Facts inner = facts;
    if (value.type() == Type{DType::i64, 1} && !s.held) remember(s.name, value, inner);
    Stmt body = walk(s.body[0], inner);
    return body ? ir::make_let(s.name, value, body, s.held) : nullptr;
  }

  // Only constant bounds are kept: bodies that are equal up to names must stay so.
  static void remember(const std::string& name, const Expr& value, Facts& facts) {
    auto low = facts.lower_bound(value), high = facts.upper_bound(value);
    if (low || high) facts.bound(name, low ? integer(*low) : Expr(), high ? integer(*high) : Expr());
  }

  Stmt loop(const Stmt& s, const Facts& facts) {
    Expr min = simple(s->values[0], facts), extent = simple(s->values[1], facts);
    int64_t count = 0;
    bool constant = is_integer_constant(extent, &count);
    if (constant && count < 1) return nullptr;
    if (constant && count == 1 && !s->unit) return without(s->name, min, s->body[0], facts);
    Facts inner = facts;
    inner.bound(s->name, min, simplify(min + extent - integer(1), facts));
    Stmt body = walk(s->body[0], inner);
    if (!body) return nullptr;
    const std::vector<Expr>& before = s->values;
    const Expr when = before.size() > 2 ? simple(before[2], facts) : Expr();
    const bool same = body == s->body[0] && min.get() == before[0].get() && extent.get() == before[1].get() &&
                      (before.size() == 2 || when.get() == before[2].get());
    if (same) return s;
    ir::StmtNode node = *s;
    node.values[0] = min, node.values[1] = extent;
    if (when.defined()) node.values[2] = when;
    node.body = {body};
    return std::make_shared<const ir::StmtNode>(std::move(node));
  }

  Stmt branch(const Stmt& s, const Facts& facts) {
    Expr condition = simple(s->values[0], facts);
    const Stmt &before = s->body[0], otherwise = s->body.size() > 1 ? s->body[1] : nullptr;
    if (known_true(condition)) return walk(before, facts);
    if (known_false(condition)) return walk(otherwise, facts);
    Stmt yes = walk(before, facts), no = walk(otherwise, facts);
    if (!yes && !no) return nullptr;
    if (yes == before && no == otherwise && condition.get() == s->values[0].get()) return s;
    if (!yes) return ir::make_branch(make_op(Op::bit_not, {condition}), no);
    return ir::make_branch(condition, yes, no);
  }

  Substitution replaced_;
};

}  // namespace

ir::Program simplify_program(const ir::Program& program) {
  ir::Program result = program;
  for (ir::Function& f : result.functions) f.body = Walker().walk(f.body, {});
  return result;
}

}  // namespace lathe
