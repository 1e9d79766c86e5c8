// Proofs of sign. A polynomial is at least 0 when replacing its variables one by one by the bound that makes it smallest
// leaves a constant that is at least 0. Variables whose bounds name others go first (i <= M - 1 before M >= 0), so that
// what belongs together cancels.
#include <algorithm>
#include <climits>

#include "analysis/simplify.h"
#include "analysis/steps.h"

namespace lathe {

// One variable's bounds, before all that was known when they were given.
struct Facts::Known {
  Expr var;
  Range range;
  int depth = 0;
  uint64_t bound_names = 0;                                 // classes of the variables bound here and before (name_bit)
  uint64_t mentioned = 0;                                   // ... and of those that their bounds name
  bool concerns_older = false;                              // an older bound may name this variable
  std::shared_ptr<const Known> older;
  mutable Results results;
};

namespace {

const Facts::Known* known(const std::shared_ptr<const Facts::Known>& newest, const Expr& var) {
  if (!newest || (newest->bound_names & var->names) == 0) return nullptr;
  for (const Facts::Known* k = newest.get(); k; k = k->older.get()) {
    if (k->var.hash() == var.hash() && k->var->name == var->name) return k;
  }
  return nullptr;
}

}  // namespace

void Facts::bound(const std::string& var, Expr lowest, Expr highest) {
  auto fresh = std::make_shared<Known>();
  fresh->var = make_var(var);
  for (const Expr& e : {lowest, highest}) {
    if (!e.defined()) continue;
    fresh->mentioned |= e->names;
    visit(e, [&](const Expr& node) {
      if (node.kind() == ExprKind::var) fresh->depth = std::max(fresh->depth, depth(node->name) + 1);
    });
  }
  fresh->range = {std::move(lowest), std::move(highest)};
  fresh->bound_names = fresh->var->names;
  if (newest_) {
    fresh->concerns_older = (newest_->mentioned & fresh->var->names) != 0;
    fresh->bound_names |= newest_->bound_names;
    fresh->mentioned |= newest_->mentioned;
  }
  fresh->older = std::move(newest_);
  newest_ = std::move(fresh);
}

const Range* Facts::find(const Expr& var) const {
  const Known* k = known(newest_, var);
  return k ? &k->range : nullptr;
}

const Range* Facts::find(const std::string& var) const { return find(make_var(var)); }

int Facts::depth(const std::string& var) const {
  const Known* k = known(newest_, make_var(var));
  return k ? k->depth : 0;
}

Facts Facts::remembering() {
  Facts facts;
  facts.bound("", {}, {});
  return facts;
}

Facts::Results* Facts::results_for(const Expr& e) const {
  const Known* k = newest_.get();
  while (k && k->older && !k->concerns_older && (e->names & k->var->names) == 0) k = k->older.get();
  return k ? &k->results : nullptr;
}

namespace {

constexpr int kMaxSteps = 24;                               // substitutions on one path of a proof
constexpr int kMostWork = 96;                               // ... and on all paths: min and max branch

class Prover {
 public:
  explicit Prover(const std::shared_ptr<const Facts::Known>& facts) : facts_(facts) {}

  bool nonnegative(Polynomial p, int steps) const {
    if (!p.valid()) return false;
    if (auto c = p.constant()) return *c >= 0;
    if (steps == 0 || ++work_ > kMostWork) return false;
    ++simplifier_steps;
    if (all_terms_nonnegative(p)) return true;
    Expr atom = deepest_atom(p);
    if (!atom.defined()) return false;
    if (atom.kind() == ExprKind::var) return above_smallest(std::move(p), atom, known(facts_, atom)->range, steps);
    return eliminate_compound(std::move(p), atom, steps);
  }

 private:
  bool all_terms_nonnegative(const Polynomial& p) const {
    for (const auto& [m, c] : p.terms()) {
      if (c < 0 || !factors_nonnegative(m)) return false;
    }
    return true;
  }

  bool factors_nonnegative(const Monomial& m, const Expr* but = nullptr) const {
    for (const Expr& f : m) {
      if (&f != but && !atom_nonnegative(f)) return false;
    }
    return true;
  }

  bool atom_nonnegative(const Expr& e) const {
    if (e.kind() == ExprKind::var) {
      const Facts::Known* k = known(facts_, e);
      if (!k || !k->range.lowest.defined()) return false;
      return nonnegative(k->range.lowest);
    }
    if (e.is_op(Op::max)) return operand(e, 0) || operand(e, 1);
    if (e.is_op(Op::min)) return operand(e, 0) && operand(e, 1);
    if (e.is_op(Op::div)) return operand(e, 0) && operand(e, 1);
    if (e.is_op(Op::mod)) return operand(e, 1);
    if (e.is_op(Op::select)) return operand(e, 1) && operand(e, 2);
    return false;
  }
  bool operand(const Expr& e, size_t i) const { return nonnegative(e.arg(i)); }
  bool nonnegative(const Expr& e) const {
    if (e.kind() == ExprKind::constant) return e->integer_value >= 0;
    return nonnegative(Polynomial::of(e), 4);
  }

  // Compound atoms (min, max, floor division) first, then the variable that depends on most others.
  Expr deepest_atom(const Polynomial& p) const {
    const Expr* best = nullptr;
    int best_rank = -1;
    for (const auto& [m, c] : p.terms()) {
      for (const Expr& f : m) {
        int rank = INT_MAX;
        if (f.kind() == ExprKind::var) {
          const Facts::Known* k = known(facts_, f);
          if (!k) continue;
          rank = k->depth;
        }
        if (rank > best_rank) best = &f, best_rank = rank;
      }
    }
    return best ? *best : Expr();
  }

  // Whether p is at least 0 with the atom at that end of its range, term by term, where p is smallest.
  bool above_smallest(Polynomial p, const Expr& atom, const Range& range, int steps) const {
    const std::vector<Polynomial::Term> moving = p.take_terms_with(atom);
    Polynomial lowest, highest;
    if (range.lowest.defined()) lowest = Polynomial::of(range.lowest);
    if (range.highest.defined()) highest = Polynomial::of(range.highest);
    for (const auto& [m, c] : moving) {
      auto at = std::find(m.begin(), m.end(), atom);
      if (!factors_nonnegative(m, at)) return false;
      if (!(c > 0 ? range.lowest : range.highest).defined()) return false;
      p.add_product(c > 0 ? lowest : highest, without(m, at), c);
    }
    return nonnegative(std::move(p), steps - 1);
  }

  static Monomial without(const Monomial& m, const Expr* at) {
    Monomial others(m.begin(), at);
    others.append(at + 1, m.end());
    return others;
  }

  // p with the atom replaced by an expression that it may equal.
  static Polynomial replaced(Polynomial p, const Expr& atom, const Expr& by) {
    const std::vector<Polynomial::Term> moving = p.take_terms_with(atom);
    const Polynomial value = Polynomial::of(by);
    for (const auto& [m, c] : moving) {
      Monomial others;
      Polynomial power(c);
      for (const Expr& f : m) {
        if (f == atom) power = power * value;
        else others.push_back(f);
      }
      p.add_product(power, others, 1);
    }
    return p;
  }

  bool eliminate_compound(Polynomial p, const Expr& e, int steps) const {
    if (e.is_op(Op::min) || e.is_op(Op::max)) return eliminate_extremum(std::move(p), e, steps);
    if (e.is_op(Op::select)) return with_either(std::move(p), e, e.arg(1), e.arg(2), steps);
    int64_t divisor = 0;
    bool constant_divisor = e.kind() == ExprKind::op && e.args().size() == 2 &&
                            is_integer_constant(e.arg(1), &divisor) && divisor > 0;
    if (e.is_op(Op::div) && constant_divisor) return eliminate_division(std::move(p), e, divisor, steps);
    if (e.is_op(Op::mod)) {
      if (!operand(e, 1)) return false;
      Range range{make_integer(DType::i64, 0), constant_divisor ? make_integer(DType::i64, divisor - 1) : Expr()};
      return above_smallest(std::move(p), e, range, steps);
    }
    if (e.is_op(Op::div) && atom_nonnegative(e)) {
      return above_smallest(std::move(p), e, {make_integer(DType::i64, 0), {}}, steps);
    }
    return false;
  }

  // max(a, b) is at least each operand: where it only adds, one of them suffices; likewise min where it only takes away.
  bool eliminate_extremum(Polynomial p, const Expr& e, int steps) const {
    bool helps = std::all_of(p.terms().begin(), p.terms().end(), [&](const auto& term) {
      const Monomial& m = term.first;
      auto at = std::find(m.begin(), m.end(), e);
      if (at == m.end()) return true;
      return (term.second > 0) == e.is_op(Op::max) && std::find(at + 1, m.end(), e) == m.end() &&
             factors_nonnegative(m, at);
    });
    if (!helps) return with_either(std::move(p), e, e.arg(0), e.arg(1), steps);
    return nonnegative(replaced(p, e, e.arg(0)), steps - 1) ||
           nonnegative(replaced(std::move(p), e, e.arg(1)), steps - 1);
  }

  bool with_either(Polynomial p, const Expr& atom, const Expr& a, const Expr& b, int steps) const {
    return nonnegative(replaced(p, atom, a), steps - 1) && nonnegative(replaced(std::move(p), atom, b), steps - 1);
  }

  // d * floor(a/d) lies in [a - d + 1, a]: d * p is bounded below by exchanging the atom.
  bool eliminate_division(Polynomial p, const Expr& e, int64_t d, int steps) const {
    const std::vector<Polynomial::Term> moving = p.take_terms_with(e);
    Polynomial bound;
    bound.add_product(p, {}, d);
    const Polynomial most = Polynomial::of(e.arg(0)), least = most - Polynomial(d - 1);
    for (const auto& [m, c] : moving) {
      auto at = std::find(m.begin(), m.end(), e);
      if (!factors_nonnegative(m, at)) return false;
      bound.add_product(c > 0 ? least : most, without(m, at), c);
    }
    return nonnegative(std::move(bound), steps - 1);
  }

  const std::shared_ptr<const Facts::Known>& facts_;
  mutable int work_ = 0;
};

}  // namespace

bool Facts::nonnegative(const Polynomial& p) const { return Prover(newest_).nonnegative(p, kMaxSteps); }

bool Facts::at_most(const Expr& a, const Expr& b) const {
  Polynomial difference = Polynomial::of(b);
  difference.add_expr(a, -1);
  return nonnegative(difference);
}

void assume_nonempty(Facts& facts, const Range& range) {
  const Polynomial p = Polynomial::of(simplify(range.highest - range.lowest));
  for (const auto& [m, c] : p.terms()) {
    if (m.size() != 1 || m[0].kind() != ExprKind::var || c != 1 || p.terms().size() > 2) continue;
    auto split = p.linear_in(m[0]->name);
    auto rest = split ? split->second.constant() : std::nullopt;
    const Range* known = facts.find(m[0]->name);
    int64_t lowest = 0;
    if (!rest || !known || !known->lowest.defined() || !is_integer_constant(known->lowest, &lowest)) continue;
    facts.bound(m[0]->name, make_integer(DType::i64, std::max(-*rest, lowest)), known->highest);
  }
}

// Sums, products with positive numbers and quotients by them of variables without bounds pass every number, both ways.
bool Facts::is_boundless(const Expr& e) const {
  const auto is_number = [](const Expr& part) { return part.kind() == ExprKind::constant; };
  if (e.kind() == ExprKind::var) return !find(e);
  if (e.is_op(Op::add)) {
    const Expr &a = e.arg(0), &b = e.arg(1);
    return is_number(a) ? is_boundless(b) : is_boundless(a) && (is_number(b) || is_boundless(b));
  }
  if (e.is_op(Op::sub)) return is_number(e.arg(1)) && is_boundless(e.arg(0));
  int64_t factor = 0;
  if (!e.is_op(Op::mul) && !e.is_op(Op::div)) return false;
  return is_integer_constant(e.arg(1), &factor) && factor > 0 && is_boundless(e.arg(0));
}

std::optional<int64_t> Facts::lower_bound(const Expr& e) const {
  if (is_boundless(e)) return std::nullopt;
  Polynomial p = Polynomial::of(e);
  for (int64_t candidate : {p.constant_term(), int64_t{1}, int64_t{0}}) {
    if (nonnegative(p - Polynomial(candidate))) return candidate;
  }
  return std::nullopt;
}

std::optional<int64_t> Facts::upper_bound(const Expr& e) const {
  if (is_boundless(e)) return std::nullopt;
  auto lowest = lower_bound(make_integer(DType::i64, 0) - e);
  return lowest ? std::optional(-*lowest) : std::nullopt;
}

}  // namespace lathe
