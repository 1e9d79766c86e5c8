// Makes a function of a statement so that bodies which do the same at other addresses, with other strides or other
// names, become the same function.
//
// What belongs to the caller: of a buffer's offsets, the terms that all of them have in common and that nothing inside
// the unit changes, are added to the base address by the caller. What else is fixed inside the unit and built of two or
// more of the caller's variables becomes one parameter. Of one variable it stays: `lda*3` costs the unit less than a
// parameter.
//
//   A[i*lda + k], A[i*lda + lda + k]         ->   b0[x0], b0[p0 + x0]
//   with b0 = A + i * lda, p0 = lda
//   A[i*lda + k], A[min(i + 1, M)*lda + k]   ->   b0[p0 + x0], b0[p1 + x0]
//   with p0 = i * lda, p1 = min(i + 1, M) * lda
//
// Canonical form: names are given in the order in which the walk meets things. Sums and products commute, and the
// normal form of index expressions sorts them by name, so their parts are first put into an order that does not look at
// names still to be given. Where that order is a tie, two equal bodies may stay two functions: that costs code, not
// correctness.
#include "jit/passes/unit_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "analysis/polynomial.h"
#include "lang/text.h"

namespace lathe {

namespace {

using ir::Stmt;
using ir::StmtKind;

bool is_index(const Expr& e) { return e.type() == Type{DType::i64, 1}; }

bool is_sum_or_product(const Expr& e) { return e.is_op(Op::add) || e.is_op(Op::sub) || e.is_op(Op::mul); }

Expr product(const std::vector<Expr>& factors) {
  Expr p;
  for (const Expr& f : factors) p = p.defined() ? p * f : f;
  return p;
}

// The scalar part of an offset: all of it, or the first lane of a ramp. Other vectors have none.
std::optional<Expr> scalar_part(const Expr& offset) {
  if (offset.type().lanes == 1) return offset;
  if (offset.kind() == ExprKind::ramp) return offset.arg(0);
  return std::nullopt;
}

class UnitMaker {
 public:
  UnitMaker(const Stmt& body, const OuterBuffers& outer, const ir::Program& callees)
      : body_(body), outer_(outer), callees_(callees) {}

  std::optional<Unit> make() {
    look();
    for (const auto& [name, offsets] : offsets_) {
      if (outer_.at(name).space == ir::Space::registers) return std::nullopt;
      base_[name] = common_part(offsets);
    }
    unit_.function.kind = ir::FunctionKind::unit;
    unit_.function.body = rebuilt(body_);
    return std::move(unit_);
  }

 private:
  using Offsets = std::vector<std::optional<Polynomial>>;

  // --- What the body defines, and how it addresses the buffers that it does not define.
  void look() {
    ir::visit(body_, [&](const ir::StmtNode& s) {
      const bool defines = s.kind == StmtKind::let || s.kind == StmtKind::loop || s.kind == StmtKind::alloc;
      if (defines) inside_.insert(s.name);
    });
    ir::visit(
        body_, [&](const ir::StmtNode& s) { look_at(s); },
        [&](const Expr& whole) {
          visit(whole, [&](const Expr& e) {
            if (e.kind() == ExprKind::access) note(e->name, e.arg(0));
          });
        });
  }

  void look_at(const ir::StmtNode& s) {
    if (s.kind == StmtKind::store) {
      note(s.name, s.value(1));
      written_.insert(s.name);
    }
    if (s.kind == StmtKind::prefetch) note(s.name, s.value(0));
    const ir::Function* callee = s.kind == StmtKind::call ? callees_.find(s.name) : nullptr;
    for (size_t i = 0; i < s.buffers.size(); ++i) {
      note(s.buffers[i].name, s.buffers[i].offset);
      if (!callee || !callee->buffers[i].read_only) written_.insert(s.buffers[i].name);
    }
  }

  void note(const std::string& buffer, const Expr& offset) {
    if (inside_.contains(buffer)) return;
    const auto part = scalar_part(offset);
    offsets_[buffer].push_back(part ? std::optional(Polynomial::of(*part)) : std::nullopt);
  }

  // Does it keep its value while the unit runs, and can the caller compute it?
  bool is_fixed(const Expr& e) const {
    bool fixed = true;
    visit(e, [&](const Expr& node) {
      fixed &= node.kind() != ExprKind::access && (node.kind() != ExprKind::var || !inside_.contains(node->name));
    });
    return fixed;
  }
  bool is_fixed(const Monomial& m) const {
    return std::all_of(m.begin(), m.end(), [&](const Expr& e) { return is_fixed(e); });
  }

  static bool has_two_vars(const Expr& e) {
    std::set<std::string> vars;
    visit(e, [&](const Expr& node) {
      if (node.kind() == ExprKind::var) vars.insert(node->name);
    });
    return vars.size() >= 2;
  }

  Polynomial common_part(const Offsets& offsets) const {
    if (!std::all_of(offsets.begin(), offsets.end(), [](const auto& o) { return o.has_value(); })) return {};
    Polynomial common;
    for (const auto& [monomial, coefficient] : offsets.front()->terms()) {
      const bool everywhere = std::all_of(offsets.begin(), offsets.end(), [&](const auto& o) {
        return o->coefficient_of(monomial) == coefficient;
      });
      if (everywhere && is_fixed(monomial)) common.add(monomial, coefficient);
    }
    return common;
  }

  // --- Names, in the order of first use.
  Expr param(const Expr& of_caller) {
    const Expr value = is_index(of_caller) ? Polynomial::of(of_caller).expr() : of_caller;
    auto [known, is_new] = params_.emplace(value, fmt::format("p{}", params_.size()));
    if (is_new) {
      unit_.function.params.push_back({known->second, value.type()});
      unit_.values.push_back(value);
    }
    return make_var(known->second, value.type());
  }

  const std::string& buffer(const std::string& of_caller) {
    if (auto it = locals_.find(of_caller); it != locals_.end()) return it->second;
    auto [known, is_new] = buffers_.emplace(of_caller, fmt::format("b{}", buffers_.size()));
    if (is_new) {
      ir::Buffer b;
      b.name = known->second;
      b.dtype = outer_.at(of_caller).dtype;
      b.read_only = !written_.contains(of_caller);
      unit_.function.buffers.push_back(std::move(b));
      unit_.buffers.push_back({of_caller, base_.at(of_caller).expr()});
    }
    return known->second;
  }

  std::string local(const std::string& name) {
    return locals_.emplace(name, fmt::format("x{}", locals_.size())).first->second;
  }

  // --- Statements: values first, then the name that they define, then what it is visible in.
  Stmt rebuilt(const Stmt& s) {
    if (!s) return nullptr;
    ir::StmtNode n = *s;
    const bool addresses = n.kind == StmtKind::store || n.kind == StmtKind::prefetch;
    const size_t offset_at = n.kind == StmtKind::store ? 1 : 0;
    for (size_t i = 0; i < n.values.size(); ++i) {
      n.values[i] = addresses && i == offset_at ? offset(s->name, n.values[i]) : expression(n.values[i]);
    }
    if (n.mask.defined()) n.mask = expression(n.mask);
    if (n.streaming.defined()) n.streaming = expression(n.streaming);
    for (ir::BufferArgument& b : n.buffers) b = {buffer(b.name), offset(b.name, b.offset)};
    if (addresses) n.name = buffer(n.name);
    if (inside_.contains(n.name) && !addresses && n.kind != StmtKind::call && n.kind != StmtKind::trace) n.name = local(n.name);
    for (Stmt& child : n.body) child = rebuilt(child);
    return std::make_shared<const ir::StmtNode>(std::move(n));
  }

  // --- Expressions.
  Expr offset(const std::string& buffer, const Expr& e) {
    const auto base = base_.find(buffer);
    if (base == base_.end() || base->second == Polynomial()) return expression(e);
    if (e.kind() == ExprKind::ramp) {
      return make_ramp(sum(Polynomial::of(e.arg(0)) - base->second), expression(e.arg(1)), e.type().lanes);
    }
    return sum(Polynomial::of(e) - base->second);
  }

  Expr expression(const Expr& e) {
    if (auto known = done_.find(e); known != done_.end()) return known->second;
    Expr result = changed(e);
    done_.emplace(e, result);
    return result;
  }

  Expr changed(const Expr& e) {
    if (e.kind() == ExprKind::constant) return e;
    if (e.kind() == ExprKind::var) return variable(e);
    if (is_index(e) && e.kind() != ExprKind::access) {
      if (has_two_vars(e) && is_fixed(e)) return param(e);
      if (is_sum_or_product(e)) return sum(Polynomial::of(e));
    }
    const std::string name = e.kind() == ExprKind::access ? buffer(e->name) : "";
    std::vector<Expr> children = children_of(e);
    for (size_t i = 0; i < children.size(); ++i) {
      const bool is_offset = e.kind() == ExprKind::access && i == 0;
      children[i] = is_offset ? offset(e->name, children[i]) : expression(children[i]);
    }
    if (children.empty()) return e;
    if (e.kind() != ExprKind::access) return with_children(e, children);
    ExprNode n = *with_children(e, children);
    n.name = name;
    return make_node(std::move(n));
  }

  Expr variable(const Expr& e) {
    auto it = locals_.find(e->name);
    return it == locals_.end() ? param(e) : make_var(it->second, e.type());
  }

  // A coefficient and factors; as it stands in the caller, or with the fixed factors taken together.
  struct Term {
    int64_t coefficient;
    std::vector<Expr> factors;
    std::string key = {};  // the shapes of the factors
    size_t position = 0;   // decides where keys are equal
  };

  std::vector<Term> terms_of(const Polynomial& p) const {
    std::vector<Term> terms;
    Polynomial fixed;
    for (const auto& [monomial, coefficient] : p.terms()) {
      if (is_fixed(monomial)) {
        fixed.add(monomial, coefficient);
        continue;
      }
      std::vector<Expr> kept, moved;
      for (const Expr& factor : monomial) (is_fixed(factor) ? moved : kept).push_back(factor);
      if (!moved.empty() && has_two_vars(product(moved))) moved = {product(moved)};
      kept.insert(kept.end(), moved.begin(), moved.end());
      terms.push_back({coefficient, std::move(kept)});
    }
    if (has_two_vars(fixed.expr())) {
      terms.push_back({1, {fixed.expr()}});
    } else {
      for (const auto& [m, coefficient] : fixed.terms()) terms.push_back({coefficient, {m.begin(), m.end()}});
    }
    return terms;
  }

  // An equal expression in the unit's names, in canonical order: positive terms first, long products before short ones.
  Expr sum(const Polynomial& p) {
    std::vector<Term> terms = terms_of(p);
    for (size_t i = 0; i < terms.size(); ++i) {
      terms[i].position = i;
      sort_factors(terms[i]);
    }
    std::sort(terms.begin(), terms.end(), [](const Term& a, const Term& b) {
      if (a.factors.size() != b.factors.size() && (a.factors.empty() || b.factors.empty())) return b.factors.empty();
      if ((a.coefficient < 0) != (b.coefficient < 0)) return b.coefficient < 0;
      if (a.factors.size() != b.factors.size()) return a.factors.size() > b.factors.size();
      return std::tie(a.key, a.coefficient, a.position) < std::tie(b.key, b.coefficient, b.position);
    });
    Expr result;
    for (const Term& t : terms) append(result, t);
    return result.defined() ? result : make_integer(DType::i64, 0);
  }

  // Factors by their shapes; of equal shapes, as they came.
  void sort_factors(Term& t) const {
    std::vector<std::pair<std::string, size_t>> order;
    for (size_t i = 0; i < t.factors.size(); ++i) order.emplace_back(shape(t.factors[i]), i);
    std::sort(order.begin(), order.end());
    std::vector<Expr> sorted;
    for (const auto& [key, i] : order) {
      sorted.push_back(t.factors[i]);
      t.key += key + " * ";
    }
    t.factors = std::move(sorted);
  }

  void append(Expr& to, const Term& t) {
    const bool subtract = to.defined() && t.coefficient < 0 && t.coefficient != INT64_MIN;
    const int64_t number = subtract ? -t.coefficient : t.coefficient;
    Expr value;
    for (const Expr& f : t.factors) value = value.defined() ? value * expression(f) : expression(f);
    if (!value.defined()) {
      value = make_integer(DType::i64, number);
    } else if (number != 1) {
      value = value * make_integer(DType::i64, number);
    }
    to = !to.defined() ? value : subtract ? to - value : to + value;
  }

  // The printed expression in the names given so far, with "?" for those to come.
  std::string shape(const Expr& e) const {
    const auto name_or_open = [](const auto& names, const auto& wanted) {
      auto it = names.find(wanted);
      return it == names.end() ? std::string("?") : it->second;
    };
    if (e.kind() != ExprKind::constant && is_fixed(e) && has_two_vars(e)) {
      return name_or_open(params_, Polynomial::of(e).expr());
    }
    return print(transform(e, [&](const Expr& node) {
      if (node.kind() == ExprKind::var) {
        auto it = locals_.find(node->name);
        return make_var(it != locals_.end() ? it->second : name_or_open(params_, node), node.type());
      }
      if (node.kind() != ExprKind::access) return node;
      ExprNode n = *node;
      auto it = locals_.find(node->name);
      n.name = it != locals_.end() ? it->second : name_or_open(buffers_, node->name);
      return make_node(std::move(n));
    }));
  }

  const Stmt& body_;
  const OuterBuffers& outer_;
  const ir::Program& callees_;
  Unit unit_;
  std::set<std::string> inside_, written_;
  std::map<std::string, Offsets> offsets_;               // of the caller's buffers
  std::map<std::string, Polynomial> base_;               // what the caller adds to their addresses
  std::map<std::string, std::string> locals_, buffers_;  // names in the body -> in the unit
  std::unordered_map<Expr, std::string> params_;         // values in the caller -> names in the unit
  std::unordered_map<Expr, Expr> done_;
};

}  // namespace

std::optional<Unit> unit_of(const Stmt& body, const OuterBuffers& outer, const ir::Program& callees) {
  return UnitMaker(body, outer, callees).make();
}

}  // namespace lathe
