#include "analysis/simplify.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <set>

#include "analysis/steps.h"

namespace lathe {

namespace {

Expr integer(int64_t value) { return make_integer(DType::i64, value); }

bool is_index(const Expr& e) { return e.type() == Type{DType::i64, 1}; }

// floor(a / b) and a % b for scalars, where b is a positive constant or a product known to be at least 1.
class Simplifier {
 public:
  explicit Simplifier(const Facts& facts) : facts_(facts) {}

  Expr run(const Expr& e) {
    if (e.kind() == ExprKind::var || e.kind() == ExprKind::constant || e->normal) return e;
    const bool scalar = is_index(e) || e.type() == Type{DType::boolean, 1};
    Facts::Results* results = scalar && e.kind() == ExprKind::op ? facts_.results_for(e) : nullptr;
    if (!results && e.shared()) results = &seen_;
    if (results) {
      if (auto done = results->find(e); done != results->end()) return done->second;
    }
    ++simplifier_steps;
    Expr result = is_sum_or_product(e) ? sum(e) : one(with_simple_children(e));
    if (results) results->emplace(e, result);
    return result;
  }

 private:
  static bool is_sum_or_product(const Expr& e) {
    if (e.kind() != ExprKind::op || !is_index(e)) return false;
    return e->op == Op::add || e->op == Op::sub || e->op == Op::mul || e->op == Op::neg;
  }

  Expr with_simple_children(const Expr& e) {
    return with_changed_children(e, [&](const Expr& child) { return run(child); });
  }

  // A whole tree of sums and products at once: what its parts are on their own does not matter.
  Expr sum(const Expr& e) {
    Polynomial p = polynomial(e);
    if (p.valid()) return p.expr();
    const Expr simple = with_simple_children(e);            // some part may do without numbers that are too large
    p = Polynomial::of(simple);
    return p.valid() ? p.expr() : simple;
  }

  Polynomial polynomial(const Expr& e) {
    Polynomial p;
    add(p, e, 1);
    return p;
  }

  void add(Polynomial& p, const Expr& e, int64_t sign) {
    if (e->normal || !is_sum_or_product(e)) return p.add_expr(run(e), sign);
    if (e->op == Op::neg) return add(p, e.arg(0), -sign);
    if (e->op == Op::mul) return p.add_product(polynomial(e.arg(0)) * polynomial(e.arg(1)), {}, sign);
    add(p, e.arg(0), sign);
    add(p, e.arg(1), e->op == Op::add ? sign : -sign);
  }

  Expr one(const Expr& e) {
    if (e.kind() != ExprKind::op) return e;
    if (is_index(e)) return index(e);
    if (e.type() == Type{DType::boolean, 1}) return condition(e);
    if (e.is_op(Op::select)) return choose(e);
    return e;
  }

  Expr index(const Expr& e) {
    switch (e->op) {
      case Op::div: return divide(e);
      case Op::mod: return remainder(e);
      case Op::min: case Op::max: return extremum(e);
      case Op::select: return choose(e);
      default: return e;
    }
  }

  struct Divisor {
    Monomial monomial;
    int64_t factor = 1;
  };

  // A divisor of one term that is at least 1.
  std::optional<Divisor> divisor_of(const Expr& b) const {
    Polynomial p = Polynomial::of(b);
    if (p.terms().size() != 1) return std::nullopt;
    auto [m, c] = *p.terms().begin();
    if (c <= 0 || !facts_.nonnegative(p - Polynomial(1))) return std::nullopt;
    return Divisor{m, c};
  }

  // 0 <= a < b: so b is at least 1, if nothing else says so.
  bool below(const Expr& a, const Expr& b) const {
    return facts_.at_most(integer(0), a) && facts_.at_most(a + integer(1), b);
  }

  // a = count * length + place with 0 <= place < length, where the length, above 1, divides the divisor, a number: only whole
  // blocks are divided then.
  std::optional<std::pair<Polynomial, int64_t>> blocks_in(const Polynomial& a, const Divisor& d) const {
    if (!d.monomial.empty()) return std::nullopt;
    std::set<int64_t, std::greater<>> lengths;
    for (const auto& [m, c] : a.terms()) lengths.insert(std::gcd(c, d.factor));
    for (const int64_t length : lengths) {
      if (length <= 1) break;
      auto [count, place] = a.divide({}, length);
      if (facts_.nonnegative(place) && facts_.nonnegative(Polynomial(length - 1) - place)) return std::pair{std::move(count), length};
    }
    return std::nullopt;
  }

  Expr divide(const Expr& e) {
    auto d = divisor_of(e.arg(1));
    if (!d) return below(e.arg(0), e.arg(1)) ? integer(0) : e;
    Polynomial a = Polynomial::of(e.arg(0)), b = Polynomial::of(e.arg(1));
    auto [quotient, rest] = a.divide(d->monomial, d->factor);
    if (rest.constant() && d->monomial.empty()) {
      int64_t c = *rest.constant(), floor = c / d->factor - (c % d->factor < 0);
      return (quotient + Polynomial(floor)).expr();
    }
    if (facts_.nonnegative(rest) && facts_.nonnegative(b - rest - Polynomial(1))) return quotient.expr();
    if (const auto blocks = blocks_in(rest, *d)) {
      const Expr of_blocks = divide(make_op(Op::div, {blocks->first.expr(), integer(d->factor / blocks->second)}));
      return (quotient + Polynomial::of(of_blocks)).expr();
    }
    if (quotient.terms().empty()) return e;
    return (quotient + Polynomial::atom(make_op(Op::div, {rest.expr(), e.arg(1)}))).expr();
  }

  Expr remainder(const Expr& e) {
    auto d = divisor_of(e.arg(1));
    if (!d) return below(e.arg(0), e.arg(1)) ? e.arg(0) : e;
    Polynomial b = Polynomial::of(e.arg(1));
    auto [quotient, rest] = Polynomial::of(e.arg(0)).divide(d->monomial, d->factor);
    if (rest.constant() && d->monomial.empty()) {
      int64_t c = *rest.constant() % d->factor;
      return integer(c < 0 ? c + d->factor : c);
    }
    if (facts_.nonnegative(rest) && facts_.nonnegative(b - rest - Polynomial(1))) return rest.expr();
    if (const auto blocks = blocks_in(rest, *d)) {
      const auto& [count, length] = *blocks;
      const Expr left = remainder(make_op(Op::mod, {count.expr(), integer(d->factor / length)}));
      const Polynomial place = rest - count * Polynomial(length);
      return (Polynomial::of(left) * Polynomial(length) + place).expr();
    }
    return make_op(Op::mod, {rest.expr(), e.arg(1)});
  }

  Expr extremum(const Expr& e) {
    const Expr &a = e.arg(0), &b = e.arg(1);
    bool smallest = e.is_op(Op::min);
    if (facts_.at_most(a, b)) return smallest ? a : b;
    if (facts_.at_most(b, a)) return smallest ? b : a;
    return e;
  }

  Expr choose(const Expr& e) {
    int64_t known = 0;
    if (is_integer_constant(e.arg(0), &known) && e.arg(0).type().lanes == 1) return e.arg(known ? 1 : 2);
    return e.arg(1) == e.arg(2) ? e.arg(1) : e;
  }

  static Expr truth(bool value) { return make_integer(DType::boolean, value); }

  Expr condition(const Expr& e) {
    switch (e->op) {
      case Op::lt: return compare(e, e.arg(0), e.arg(1), true);
      case Op::le: return compare(e, e.arg(0), e.arg(1), false);
      case Op::gt: return compare(e, e.arg(1), e.arg(0), true);
      case Op::ge: return compare(e, e.arg(1), e.arg(0), false);
      case Op::eq: case Op::ne: return equality(e);
      case Op::bit_and: case Op::bit_or: return joined(e);
      case Op::bit_not: {
        int64_t known = 0;
        return is_integer_constant(e.arg(0), &known) ? truth(!known) : e;
      }
      default: return e;
    }
  }

  // a < b (strictly) or a <= b.
  Expr compare(const Expr& e, const Expr& a, const Expr& b, bool strictly) {
    if (!is_index(a)) return e;
    Polynomial difference = Polynomial::of(b);
    difference.add_expr(a, -1);
    if (facts_.nonnegative(difference - Polynomial(strictly ? 1 : 0))) return truth(true);
    if (facts_.nonnegative(Polynomial(strictly ? 0 : -1) - difference)) return truth(false);
    return e;
  }

  Expr equality(const Expr& e) {
    if (!is_index(e.arg(0))) return e;
    Polynomial difference = Polynomial::of(e.arg(0)) - Polynomial::of(e.arg(1));
    bool same = difference.constant() == 0;
    bool apart = facts_.nonnegative(difference - Polynomial(1)) ||
                 facts_.nonnegative(Polynomial(-1) - difference);
    if (!same && !apart) return e;
    return truth(same == e.is_op(Op::eq));
  }

  static Expr joined(const Expr& e) {
    bool is_and = e.is_op(Op::bit_and);
    for (int i : {0, 1}) {
      int64_t known = 0;
      if (!is_integer_constant(e.arg(i), &known)) continue;
      if ((known != 0) == is_and) return e.arg(1 - i);
      return truth(!is_and);
    }
    return e.arg(0) == e.arg(1) ? e.arg(0) : e;
  }

  const Facts& facts_;
  Facts::Results seen_;                                     // of this expression, where facts remember nothing
};

}  // namespace

Expr simplify(const Expr& e, const Facts& facts) { return e.defined() ? Simplifier(facts).run(e) : e; }

namespace {

bool is_data(const Expr& e) {
  bool found = false;
  visit(e, [&](const Expr& node) { found = found || node.kind() == ExprKind::access; });
  return found;
}

std::optional<Range> quotient_interval(const Expr& e, const VarRanges& ranges, const Facts& facts) {
  int64_t divisor = 0;
  auto a = interval_of(e.arg(0), ranges, facts);
  if (!a) return std::nullopt;
  bool positive = (is_integer_constant(e.arg(1), &divisor) && divisor > 0) ||
                  facts.nonnegative(Polynomial::of(e.arg(1)) - Polynomial(1));
  for (const auto& [name, range] : ranges) if (uses_var(e.arg(1), name)) return std::nullopt;
  if (!positive) return std::nullopt;
  if (e.is_op(Op::mod)) return Range{integer(0), e.arg(1) - integer(1)};
  return Range{a->lowest / e.arg(1), a->highest / e.arg(1)};
}

// Sums of terms: each ranged variable must stand in a term of its own with a factor of known sign.
std::optional<Range> affine_interval(const Expr& e, const VarRanges& ranges, const Facts& facts) {
  Polynomial low, high;
  const Polynomial p = Polynomial::of(e);
  for (const auto& [m, c] : p.terms()) {
    std::optional<Range> moving;
    Monomial fixed;
    bool fixed_nonnegative = true;
    for (const Expr& f : m) {
      bool moves = is_data(f) || std::any_of(ranges.begin(), ranges.end(), [&](const auto& r) { return uses_var(f, r.first); });
      if (!moves) {
        fixed.push_back(f);
        fixed_nonnegative = fixed_nonnegative && facts.nonnegative(f);
        continue;
      }
      if (moving) return std::nullopt;
      moving = f.kind() == ExprKind::var ? std::optional(ranges.at(f->name)) : interval_of(f, ranges, facts);
      if (!moving) return std::nullopt;
    }
    if (!moving) {
      low.add(m, c);
      high.add(m, c);
      continue;
    }
    if (!fixed_nonnegative) return std::nullopt;
    low.add_product(Polynomial::of(c > 0 ? moving->lowest : moving->highest), fixed, c);
    high.add_product(Polynomial::of(c > 0 ? moving->highest : moving->lowest), fixed, c);
  }
  if (!low.valid() || !high.valid()) return std::nullopt;
  return Range{low.expr(), high.expr()};
}

// What holds an index that is data: min from above, max from below. `lower` asks for the bound below.
std::optional<Expr> held(const Expr& e, bool lower, const VarRanges& ranges, const Facts& facts) {
  if (!e.is_op(Op::min) && !e.is_op(Op::max)) {
    const auto range = interval_of(e, ranges, facts);
    return range ? std::optional(lower ? range->lowest : range->highest) : std::nullopt;
  }
  const auto a = held(e.arg(0), lower, ranges, facts), b = held(e.arg(1), lower, ranges, facts);
  if (a && b) return make_op(e->op, {*a, *b});
  const bool one_is_enough = e.is_op(lower ? Op::max : Op::min);
  return !one_is_enough ? std::nullopt : a ? a : b;
}

struct Values {
  int64_t lowest, highest;
};

// All values of an integer type of fewer bits than an index.
std::optional<Values> values_of_type(DType type) {
  if (type == DType::boolean) return Values{0, 1};
  if (!is_integer(type) || bits_of(type) >= 64) return std::nullopt;
  const int64_t values = int64_t{1} << bits_of(type), lowest = is_signed(type) ? -values / 2 : 0;
  return Values{lowest, lowest + values - 1};
}

// Those that data can have: a wider type holds what was converted to it, and no more.
std::optional<Values> values_of(const Expr& e) {
  const std::optional<Values> all = values_of_type(e.type().dtype);
  std::optional<Values> mine;
  if (e.kind() == ExprKind::cast) mine = values_of(e.arg(0));
  if (e.is_op(Op::select)) {
    const auto a = values_of(e.arg(1)), b = values_of(e.arg(2));
    if (a && b) mine = Values{std::min(a->lowest, b->lowest), std::max(a->highest, b->highest)};
  }
  const bool holds = mine && all && all->lowest <= mine->lowest && mine->highest <= all->highest;
  return holds ? mine : all;
}

}  // namespace

std::optional<Range> interval_of(const Expr& e, const VarRanges& ranges, const Facts& facts) {
  if (e.kind() == ExprKind::cast && is_data(e)) {
    const auto values = values_of(e.arg(0));
    return values ? std::optional(Range{integer(values->lowest), integer(values->highest)}) : std::nullopt;
  }
  if (e.kind() == ExprKind::op) {
    switch (e->op) {
      case Op::div: case Op::mod: return quotient_interval(e, ranges, facts);
      case Op::min: case Op::max: {
        auto low = held(e, true, ranges, facts), high = held(e, false, ranges, facts);
        return low && high ? std::optional(Range{*low, *high}) : std::nullopt;
      }
      case Op::select: {
        auto a = interval_of(e.arg(1), ranges, facts), b = interval_of(e.arg(2), ranges, facts);
        if (!a || !b) return std::nullopt;
        return Range{min(a->lowest, b->lowest), max(a->highest, b->highest)};
      }
      case Op::add: case Op::sub: case Op::mul: case Op::neg: return affine_interval(e, ranges, facts);
      default: break;
    }
  }
  if (e.kind() == ExprKind::constant) return Range{e, e};
  if (e.kind() == ExprKind::var) {
    auto it = ranges.find(e->name);
    return it == ranges.end() ? Range{e, e} : it->second;
  }
  if (is_data(e)) return std::nullopt;
  for (const auto& [name, range] : ranges) if (uses_var(e, name)) return std::nullopt;
  return e.type() == Type{DType::i64, 1} ? std::optional(Range{e, e}) : std::nullopt;
}

}  // namespace lathe
