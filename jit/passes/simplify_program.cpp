// before   for i in 0, 1 serial { if i < N + 1 - 1 { C[0 + i * 1] = ... } }
// after    if N > 0 { C[0] = ... }
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
      case StmtKind::loop: return loop(*s, facts);
      case StmtKind::branch: return branch(*s, facts);
      default: return rebuilt(*s, facts);
    }
  }

 private:
  Stmt rebuilt(const ir::StmtNode& s, const Facts& facts) {
    ir::StmtNode node = s;
    for (Expr& v : node.values) v = simplify(v, facts);
    node.mask = simplify(node.mask, facts);
    if (node.streaming.defined()) node.streaming = simplify(node.streaming, facts);
    if (node.streaming.defined() && known_false(node.streaming)) node.streaming = {};
    for (ir::BufferArgument& b : node.buffers) b.offset = simplify(b.offset, facts);
    for (Stmt& child : node.body) child = walk(child, facts);
    if (node.kind == StmtKind::block) {
      Stmt block = ir::make_block(node.body);
      return node.unit ? ir::make_unit(block) : block;
    }
    if (node.kind == StmtKind::alloc && !node.body[0]) return nullptr;
    if (node.kind == StmtKind::store && known_false(node.mask)) return nullptr;
    if (node.mask.defined() && known_true(node.mask)) node.mask = {};
    return std::make_shared<const ir::StmtNode>(std::move(node));
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
    Expr value = simplify(s.values[0], facts);
    bool trivial = value.kind() == ExprKind::constant || value.kind() == ExprKind::var;
    if (trivial) return walk(ir::substitute(s.body[0], {{s.name, value}}), facts);
    Facts inner = facts;
    if (value.type() == Type{DType::i64, 1}) remember(s.name, value, inner);
    Stmt body = walk(s.body[0], inner);
    return body ? ir::make_let(s.name, value, body) : nullptr;
  }

  // Only constant bounds are kept: bodies that are equal up to names must stay so.
  static void remember(const std::string& name, const Expr& value, Facts& facts) {
    auto low = facts.lower_bound(value), high = facts.upper_bound(value);
    if (low || high) facts.bound(name, low ? integer(*low) : Expr(), high ? integer(*high) : Expr());
  }

  Stmt loop(const ir::StmtNode& s, const Facts& facts) {
    Expr min = simplify(s.values[0], facts), extent = simplify(s.values[1], facts);
    int64_t count = 0;
    bool constant = is_integer_constant(extent, &count);
    if (constant && count < 1) return nullptr;
    if (constant && count == 1 && !s.unit) return walk(ir::substitute(s.body[0], {{s.name, min}}), facts);
    Facts inner = facts;
    inner.bound(s.name, min, simplify(min + extent - integer(1), facts));
    Stmt body = walk(s.body[0], inner);
    if (!body) return nullptr;
    ir::StmtNode node = s;
    node.values[0] = min, node.values[1] = extent;
    if (node.values.size() > 2) node.values[2] = simplify(node.values[2], facts);
    node.body = {body};
    return std::make_shared<const ir::StmtNode>(std::move(node));
  }

  Stmt branch(const ir::StmtNode& s, const Facts& facts) {
    Expr condition = simplify(s.values[0], facts);
    Stmt yes = s.body[0], no = s.body.size() > 1 ? s.body[1] : nullptr;
    if (known_true(condition)) return walk(yes, facts);
    if (known_false(condition)) return walk(no, facts);
    yes = walk(yes, facts);
    no = walk(no, facts);
    if (!yes && !no) return nullptr;
    if (!yes) return ir::make_branch(make_op(Op::bit_not, {condition}), no);
    return ir::make_branch(condition, yes, no);
  }
};

}  // namespace

ir::Program simplify_program(const ir::Program& program) {
  ir::Program result = program;
  for (ir::Function& f : result.functions) f.body = Walker().walk(f.body, {});
  return result;
}

}  // namespace lathe
