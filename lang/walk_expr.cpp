// Looking at and rebuilding expressions. Expressions are graphs: a subtree used twice may be one node with two parents.
// Walks remember nodes that have several owners, so that deep sharing costs linear and not exponential time.
#include <array>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "lang/expr_node.h"

namespace lathe {

namespace {

const Expr& scalar_of(const Expr& e) { return e.kind() == ExprKind::broadcast ? e.arg(0) : e; }

bool is_number(const Expr& e, int value) {
  if (!e.defined()) return false;
  const Expr& c = scalar_of(e);
  if (c.kind() != ExprKind::constant) return false;
  if (is_float(c.type().dtype)) return c->float_value == value && !std::signbit(c->float_value);
  return c->integer_value == value;
}

}  // namespace

bool is_integer_constant(const Expr& e, int64_t* value) {
  if (!e.defined()) return false;
  const Expr& c = scalar_of(e);
  if (c.kind() != ExprKind::constant || is_float(c.type().dtype)) return false;
  if (value) *value = c->integer_value;
  return true;
}

bool is_zero(const Expr& e) { return is_number(e, 0); }
bool is_one(const Expr& e) { return is_number(e, 1); }

std::vector<Expr> children_of(const Expr& e) {
  std::vector<Expr> children;
  children.reserve(e.args().size() + 2 + e->rvars.size());
  for_each_child(e, [&](const Expr& child) { children.push_back(child); });
  return children;
}

Expr with_children(const Expr& e, const std::vector<Expr>& children) {
  std::shared_ptr<ExprNode> node = copy_of(e);
  node->normal = false;
  size_t next = 0;
  for (Expr& a : node->args) a = children.at(next++);
  if (node->boundary_value.defined()) node->boundary_value = children.at(next++);
  if (node->mask.defined()) node->mask = children.at(next++);
  for (ReductionVar& r : node->rvars) r.extent = children.at(next++);
  if (node->kind == ExprKind::access && !node->args.empty()) {
    int lanes = 1;
    for (const Expr& index : node->args) lanes = std::max(lanes, index.type().lanes);
    node->type.lanes = lanes;
  } else if (node->kind == ExprKind::op || node->kind == ExprKind::cast) {
    node->type.lanes = node->args.back().type().lanes;
  }
  return finished(std::move(node));
}

namespace {

constexpr uint64_t everything = ~uint64_t{0};

bool is_leaf(const Expr& e) {
  return e.args().empty() && !e->boundary_value.defined() && !e->mask.defined() && e->rvars.empty();
}

// Subtrees without any variable whose bit is in `concerned` stay as they are.
template <class Change> class Transformer {
 public:
  explicit Transformer(const Change& change, uint64_t concerned = everything)
      : change_(change), concerned_(concerned) {}

  Expr operator()(const Expr& e) {
    if (!e.defined() || (concerned_ != everything && (e->names & concerned_) == 0)) return e;
    if (is_leaf(e)) return change_(e);
    const bool remember = e.shared();
    if (remember) {
      if (auto known = done_.find(e.get()); known != done_.end()) return known->second;
    }
    Expr result = change_(with_changed_children(e, [this](const Expr& child) { return (*this)(child); }));
    if (remember) done_.emplace(e.get(), result);
    return result;
  }

 private:
  const Change& change_;
  uint64_t concerned_;
  std::unordered_map<const ExprNode*, Expr> done_;
};

// The nodes with several owners that a walk has met: few, as a rule.
class Seen {
 public:
  bool insert(const ExprNode* node) {
    for (size_t i = 0; i < count_; ++i) {
      if (first_[i] == node) return false;
    }
    if (count_ < first_.size()) {
      first_[count_++] = node;
      return true;
    }
    return others_.insert(node).second;
  }

 private:
  std::array<const ExprNode*, 16> first_;
  size_t count_ = 0;
  std::unordered_set<const ExprNode*> others_;
};

// Calls `look` on each node until it returns false; whether all returned true. Skips subtrees as Transformer does.
template <class Look> bool walk(const Expr& e, Seen& seen, const Look& look, uint64_t concerned = everything) {
  if (concerned != everything && (e->names & concerned) == 0) return true;
  if (e.kind() == ExprKind::constant) return look(e);       // one node serves many parents
  if (e.shared() && !seen.insert(e.get())) return true;
  if (!look(e)) return false;
  for (const Expr& a : e.args()) {
    if (!walk(a, seen, look, concerned)) return false;
  }
  if (e->boundary_value.defined() && !walk(e->boundary_value, seen, look, concerned)) return false;
  if (e->mask.defined() && !walk(e->mask, seen, look, concerned)) return false;
  for (const ReductionVar& r : e->rvars) {
    if (!walk(r.extent, seen, look, concerned)) return false;
  }
  return true;
}

}  // namespace

Expr transform(const Expr& e, const std::function<Expr(const Expr&)>& change) {
  return e.defined() ? Transformer(change)(e) : e;
}

void visit(const Expr& e, const std::function<void(const Expr&)>& visit) {
  if (!e.defined()) return;
  Seen seen;
  walk(e, seen, [&](const Expr& node) {
    visit(node);
    return true;
  });
}

Expr substitute(const Expr& e, const Substitution& values) {
  uint64_t concerned = 0;
  for (const auto& [name, value] : values) concerned |= name_bit(name);
  auto replaced = [&](const Expr& node) {
    if (node.kind() != ExprKind::var) return node;
    for (const auto& [name, value] : values) {
      if (node->name == name) return value;
    }
    return node;
  };
  return Transformer(replaced, concerned)(e);
}

bool uses_var(const Expr& e, std::string_view name) {
  if (!e.defined()) return false;
  const uint64_t bit = name_bit(name);
  if ((e->names & bit) == 0) return false;
  Seen seen;
  return !walk(e, seen, [&](const Expr& node) { return node.kind() != ExprKind::var || node->name != name; }, bit);
}

}  // namespace lathe
