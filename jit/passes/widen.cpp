#include "jit/passes/widen.h"

#include <algorithm>

#include "analysis/simplify.h"

namespace lathe {

using ir::Stmt;
using ir::StmtKind;

std::optional<Stmt> Widener::widen(const Stmt& s) {
  possible_ = true;
  Stmt wide = statement(s);
  return possible_ ? std::optional(wide) : std::nullopt;
}

bool Widener::varies(const Expr& e) const {
  bool found = false;
  visit(e, [&](const Expr& node) {
    if (node.kind() == ExprKind::var) found = found || node->name == variable_ || vectors_.count(node->name);
    if (node.kind() == ExprKind::access) found = found || per_lane_.count(node->name);
  });
  return found;
}

Expr Widener::spread(const Expr& e) const { return e.type().lanes == 1 ? make_broadcast(e, lanes_) : e; }

// Of an offset that grows by a fixed stride: where it begins, and the stride. What asks for the lane may have one answer for all
// of these.
std::optional<Widener::Line> Widener::line(const Expr& e) const {
  const auto straight = [&](const Expr& offset) -> std::optional<Line> {
    const auto linear = Polynomial::of(offset).linear_in(variable_);
    if (!linear || varies(linear->first.expr()) || varies(linear->second.expr())) return std::nullopt;
    return Line{simplify(substitute(offset, {{variable_, base_}})), linear->first.expr()};
  };
  if (const auto found = straight(e)) return found;
  Facts lanes;
  lanes.bound(variable_, base_, simplify(base_ + make_integer(DType::i64, lanes_ - 1)));
  return straight(simplify(e, lanes));
}

// Such offsets become ramps; others are computed lane by lane.
Expr Widener::index(const Expr& e) {
  if (!varies(e)) return e;
  const auto offset = e.type() == Type{DType::i64, 1} ? line(e) : std::nullopt;
  return offset ? make_ramp(offset->start, offset->step, lanes_) : Expr();
}

Expr Widener::lane_offset(const std::string&, const Expr& at) {
  if (varies(at)) {
    possible_ = false;
    return at;
  }
  return make_ramp(simplify(at * make_integer(DType::i64, lanes_)), make_integer(DType::i64, 1), lanes_);
}

Expr Widener::expr(const Expr& e) {
  if (!e.defined() || !varies(e)) return e;
  if (Expr ramp = index(e); ramp.defined()) return ramp;
  switch (e.kind()) {
    case ExprKind::var:
      return make_var(e->name, e.type().with_lanes(lanes_));
    case ExprKind::access: {
      ExprNode node = *e;
      node.args = {per_lane_.count(e->name) ? lane_offset(e->name, e.arg(0)) : expr(e.arg(0))};
      node.mask = expr(e->mask);
      bool vector = node.args[0].type().lanes > 1;
      if (!vector && node.mask.defined() && node.mask.type().lanes > 1) {
        node.args[0] = spread(node.args[0]);
        vector = true;
      }
      if (vector && node.mask.defined()) node.mask = spread(node.mask);
      node.type = e.type().with_lanes(vector ? lanes_ : 1);
      return make_access(std::move(node));
    }
    case ExprKind::cast: {
      Expr value = expr(e.arg(0));
      return make_cast(e.type().dtype, value);
    }
    case ExprKind::op: {
      std::vector<Expr> args;
      for (const Expr& a : e.args()) args.push_back(spread(expr(a)));
      return make_op(e->op, std::move(args));
    }
    case ExprKind::instruction: {
      std::vector<Expr> args{spread(expr(e.arg(0)))};
      for (size_t i = 1; i < e.args().size(); ++i) args.push_back(group(e.arg(i)));
      return make_instruction(e->name, std::move(args));
    }
    default:
      possible_ = false;
      return e;
  }
}

// What an instruction takes for one lane becomes what it takes for all: the groups of all lanes, one after the other; one
// that all lanes share stays as it is.
Expr Widener::group(const Expr& e) {
  if (!varies(e)) return e;
  const bool read = e.kind() == ExprKind::access && e.arg(0).kind() == ExprKind::ramp && !per_lane_.count(e->name);
  const auto first = read ? line(e.arg(0).arg(0)) : std::nullopt;
  if (!first) {
    possible_ = false;
    return e;
  }
  const int size = e.type().lanes, all = size * lanes_;
  const Expr start = first->start, apart = first->step, step = e.arg(0).arg(1);
  const Expr lane = make_ramp(make_integer(DType::i64, 0), make_integer(DType::i64, 1), all), of_size = make_broadcast(make_integer(DType::i64, size), all);
  ExprNode node = *e;
  node.type = e.type().with_lanes(all);
  const bool side_by_side = simplify(apart - step * make_integer(DType::i64, size)) == make_integer(DType::i64, 0);
  node.args = {side_by_side ? make_ramp(start, step, all)
                            : make_broadcast(start, all) + lane / of_size * make_broadcast(apart, all) + lane % of_size * make_broadcast(step, all)};
  if (e->mask.defined()) node.mask = for_groups(e->mask, make_broadcast(base_, all) + lane / of_size, all);
  return make_access(std::move(node));
}

// A condition of lanes, for each element of their groups; one of the elements of a group is the same in all lanes.
Expr Widener::for_groups(const Expr& e, const Expr& lane, int all) {
  if (e.kind() == ExprKind::var && e->name == variable_) return lane;
  if (e.kind() == ExprKind::broadcast) return for_groups(e.arg(0), lane, all);
  if (e.kind() == ExprKind::ramp && !varies(e)) {
    const Expr element = make_ramp(make_integer(DType::i64, 0), make_integer(DType::i64, 1), all) % make_broadcast(make_integer(DType::i64, e.type().lanes), all);
    return make_broadcast(e.arg(0), all) + element * make_broadcast(e.arg(1), all);
  }
  if (!varies(e) && e.type().lanes == 1) return make_broadcast(e, all);
  if (e.kind() != ExprKind::op) {
    possible_ = false;
    return e;
  }
  std::vector<Expr> args;
  for (const Expr& a : e.args()) args.push_back(for_groups(a, lane, all));
  return make_op(e->op, std::move(args));
}

Stmt Widener::alloc(const ir::StmtNode& s) {
  if (s.space == ir::Space::heap) possible_ = false;
  per_lane_.insert(s.name);
  ir::StmtNode node = s;
  Expr total = make_integer(DType::i64, lanes_);
  for (const Expr& e : s.values) total = simplify(total * e);
  node.values = {total};
  node.body = {statement(s.body[0])};
  return std::make_shared<const ir::StmtNode>(std::move(node));
}

// Lanes next to each other lie in one line; lanes apart in several, at most one each.
Stmt Widener::prefetch(const ir::StmtNode& s) const {
  const Expr first = substitute(s.values[0], {{variable_, base_}});
  const auto offset = line(s.values[0]);
  int64_t apart = 1;
  if (offset) is_integer_constant(offset->step, &apart);
  apart = std::max<int64_t>(apart, 1);
  const int64_t step = std::max<int64_t>(apart, lanes_);
  std::vector<Stmt> lines;
  for (int64_t at = 0; at < apart * lanes_; at += step) {
    ir::StmtNode line = s;
    line.values = {simplify(first + make_integer(DType::i64, at))};
    lines.push_back(std::make_shared<const ir::StmtNode>(std::move(line)));
  }
  return ir::make_block(std::move(lines));
}

Stmt Widener::statement(const Stmt& s) {
  if (!s || !possible_) return s;
  ir::StmtNode node = *s;
  switch (s->kind) {
    case StmtKind::store: {
      Expr at = per_lane_.count(s->name) ? lane_offset(s->name, s->values[1]) : expr(s->values[1]);
      Expr value = expr(s->values[0]);
      node.mask = expr(s->mask);
      if (s->streaming.defined() && varies(s->streaming)) possible_ = false;
      bool vector = at.type().lanes > 1;
      bool lanes_differ = value.type().lanes > 1 || (node.mask.defined() && node.mask.type().lanes > 1);
      if (!vector && lanes_differ) at = spread(at), vector = true;      // all lanes write one element: the last one stays
      if (vector) {
        value = spread(value);
        if (node.mask.defined()) node.mask = spread(node.mask);
      }
      node.values = {value, at};
      break;
    }
    case StmtKind::let:
      node.values[0] = expr(s->values[0]);
      if (node.values[0].type().lanes > 1) vectors_.insert(s->name);
      node.body = {statement(s->body[0])};
      break;
    case StmtKind::loop:
      if (varies(s->values[0]) || varies(s->values[1]) || s->loop == ir::LoopKind::parallel) possible_ = false;
      node.body = {statement(s->body[0])};
      break;
    case StmtKind::branch:
      if (varies(s->values[0])) possible_ = false;
      for (Stmt& child : node.body) child = statement(child);
      break;
    case StmtKind::block:
      for (Stmt& child : node.body) child = statement(child);
      break;
    case StmtKind::alloc: return alloc(*s);
    case StmtKind::prefetch: return prefetch(*s);
    case StmtKind::trace:
    case StmtKind::call: possible_ = false; break;
  }
  return std::make_shared<const ir::StmtNode>(std::move(node));
}

}  // namespace lathe
