#include "jit/lower/condition_facts.h"

#include <numeric>

namespace lathe {

void for_each_conjunct(const Expr& condition, const std::function<void(const Expr&)>& visit_one) {
  if (!condition.defined()) return;
  if (condition.is_op(Op::bit_and)) {
    for_each_conjunct(condition.arg(0), visit_one);
    for_each_conjunct(condition.arg(1), visit_one);
  } else {
    visit_one(condition);
  }
}

static const SizeDecl* size_named(const Expr& e, const std::vector<SizeDecl>& sizes) {
  for (const SizeDecl& s : sizes) if (e.kind() == ExprKind::var && e->name == s.name) return &s;
  return nullptr;
}

Substitution pinned_sizes(const Expr& condition, const std::vector<SizeDecl>& sizes) {
  Substitution pinned;
  for_each_conjunct(condition, [&](const Expr& e) {
    if (e.is_op(Op::eq) && size_named(e.arg(0), sizes) && is_integer_constant(e.arg(1))) pinned.push_back({e.arg(0)->name, e.arg(1)});
  });
  return pinned;
}

std::map<std::string, int64_t> multiples_of(const Expr& condition, const std::vector<SizeDecl>& sizes) {
  std::map<std::string, int64_t> multiples;
  for (const SizeDecl& s : sizes) if (s.multiple_of > 1) multiples[s.name] = s.multiple_of;
  for_each_conjunct(condition, [&](const Expr& e) {
    if (!e.is_op(Op::eq) || !is_zero(e.arg(1)) || !e.arg(0).is_op(Op::mod)) return;
    int64_t m = 0;
    const SizeDecl* s = size_named(e.arg(0).arg(0), sizes);
    if (!s || !is_integer_constant(e.arg(0).arg(1), &m) || m < 2) return;
    int64_t& known = multiples.try_emplace(s->name, 1).first->second;
    if (m < (int64_t{1} << 20) && known < (int64_t{1} << 20)) known = std::lcm(known, m);
  });
  return multiples;
}

// Whether the value of `e` is bounded by way of this variable.
static bool rests_on(const Expr& e, const std::string& var, const Facts& facts) {
  bool found = false;
  visit(e, [&](const Expr& node) {
    if (node.kind() != ExprKind::var || found) return;
    const Range* range = facts.find(node->name);
    found = node->name == var || (range && ((range->lowest.defined() && rests_on(range->lowest, var, facts)) ||
                                            (range->highest.defined() && rests_on(range->highest, var, facts))));
  });
  return found;
}

// 0 <= difference, solved for each variable that it holds once.
static void assume_nonnegative(Facts& facts, const Expr& difference) {
  const Polynomial p = Polynomial::of(difference);
  std::vector<std::string> names;
  visit(difference, [&](const Expr& e) { if (e.kind() == ExprKind::var) names.push_back(e->name); });
  for (const std::string& name : names) {
    const Range* known = facts.find(name);
    auto linear = p.linear_in(name);
    const auto factor = linear ? linear->first.constant() : std::nullopt;
    if (!known || !factor || *factor == 0) continue;
    const Expr rest = linear->second.expr(), step = make_integer(DType::i64, *factor > 0 ? *factor : -*factor);
    if (rests_on(rest, name, facts)) continue;
    const Expr bound = simplify(*factor > 0 ? (make_integer(DType::i64, 0) - rest + step - make_integer(DType::i64, 1)) / step : rest / step);
    Expr low = known->lowest, high = known->highest;
    if (*factor > 0 && !(low.defined() && facts.at_most(bound, low))) low = bound;
    if (*factor < 0 && !(high.defined() && facts.at_most(high, bound))) high = bound;
    facts.bound(name, low, high);
    return;                                                 // one variable carries it: bounds must not go in a circle
  }
}

void assume(Facts& facts, const Expr& condition) {
  const Expr one = make_integer(DType::i64, 1);
  for_each_conjunct(condition, [&](const Expr& e) {
    if (e.kind() != ExprKind::op || e.args().size() != 2 || !(e.arg(0).type() == Type{DType::i64, 1})) return;
    const Expr &a = e.arg(0), &b = e.arg(1);
    if (e.is_op(Op::ge)) assume_nonnegative(facts, a - b);
    if (e.is_op(Op::gt)) assume_nonnegative(facts, a - b - one);
    if (e.is_op(Op::le)) assume_nonnegative(facts, b - a);
    if (e.is_op(Op::lt)) assume_nonnegative(facts, b - a - one);
    if (e.is_op(Op::eq) && a.kind() == ExprKind::var && is_integer_constant(b)) facts.bound(a->name, b, b);
  });
}

}  // namespace lathe
