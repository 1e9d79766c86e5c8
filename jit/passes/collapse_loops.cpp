// before   for s in 0, S serial { for c in 0, C serial { acc[0] = acc[0] + P[s*C + c + x] * F[s*C*O + c*O] } }
// after    for s.c in 0, S*C serial { acc[0] = acc[0] + P[s.c + x] * F[s.c*O] }
//
// Why here: strides chain only once offsets are explicit, and longer inner loops pay for prologue and address work of a
// tile once. Refuses loops whose variables stand anywhere but in offsets, and offsets where the strides do not chain.
#include "jit/passes/collapse_loops.h"

#include "analysis/simplify.h"

namespace lathe {

namespace {

using ir::Stmt;
using ir::StmtKind;

// Offsets in which both variables stand and chain, and nothing else that names them.
class Chain {
 public:
  Chain(std::string outer, std::string inner, const Expr& inner_extent)
      : outer_(std::move(outer)), inner_(std::move(inner)), extent_(Polynomial::of(inner_extent)) {}

  bool holds(const Stmt& body) {
    ir::visit(body, [&](const ir::StmtNode& s) { statement(s); });
    return good_;
  }

 private:
  void statement(const ir::StmtNode& s) {
    bool store = s.kind == StmtKind::store, prefetch = s.kind == StmtKind::prefetch;
    for (size_t i = 0; i < s.values.size(); ++i) {
      if ((store && i == 1) || prefetch) offset(s.values[i]);
      else expression(s.values[i]);
    }
    if (s.mask.defined()) expression(s.mask);
    if (s.streaming.defined()) expression(s.streaming);
    for (const ir::BufferArgument& b : s.buffers) if (uses(b.offset)) good_ = false;
  }

  bool uses(const Expr& e) const { return uses_var(e, outer_) || uses_var(e, inner_); }

  void expression(const Expr& e) {
    if (!good_ || !uses(e)) return;
    if (e.kind() == ExprKind::access) {
      offset(e.arg(0));
      if (e->mask.defined() && uses(e->mask)) good_ = false;
      return;
    }
    if (e.kind() == ExprKind::var) good_ = false;
    for (const Expr& a : e.args()) expression(a);
  }

  void offset(const Expr& e) {
    if (!uses(e)) return;
    auto outer = Polynomial::of(e).linear_in(outer_), inner = Polynomial::of(e).linear_in(inner_);
    if (!outer || !inner || !(outer->first == inner->first * extent_)) good_ = false;
  }

  std::string outer_, inner_;
  Polynomial extent_;
  bool good_ = true;
};

bool serial(const ir::StmtNode& s) {
  return s.kind == StmtKind::loop && s.loop == ir::LoopKind::serial && !s.unit;
}

Stmt collapsed(const Stmt& s) {
  if (!serial(*s) || !s->body[0] || !serial(*s->body[0])) return s;
  const ir::StmtNode& inner = *s->body[0];
  bool from_zero = is_zero(s->values[0]) && is_zero(inner.values[0]);
  if (!from_zero || uses_var(inner.values[1], s->name)) return s;
  if (!Chain(s->name, inner.name, inner.values[1]).holds(inner.body[0])) return s;
  std::string joint = s->name + "." + inner.name;
  Stmt body = ir::substitute(inner.body[0], {{s->name, make_integer(DType::i64, 0)}, {inner.name, make_var(joint)}});
  return ir::make_loop(joint, s->values[0], simplify(s->values[1] * inner.values[1]), ir::LoopKind::serial, body);
}

}  // namespace

ir::Program collapse_loops(const ir::Program& program) {
  ir::Program result = program;
  for (ir::Function& f : result.functions) f.body = ir::transform(f.body, collapsed);
  return result;
}

}  // namespace lathe
