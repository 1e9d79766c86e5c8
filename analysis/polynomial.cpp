#include "analysis/polynomial.h"

#include <algorithm>
#include <numeric>

namespace lathe {

int compare(const Monomial& a, const Monomial& b) {
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    if (int c = compare(a[i], b[i])) return c;
  }
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

Polynomial::Polynomial(int64_t constant) {
  if (constant != 0) terms_.emplace_back(Monomial(), constant);
}

// Polynomials have few terms: the place is found from the end, where terms that come in order belong.
void Polynomial::add(Monomial m, int64_t coefficient) {
  if (coefficient == 0) return;
  if (terms_.empty()) terms_.reserve(4);
  size_t at = terms_.size();
  while (at > 0) {
    const int order = compare(m, terms_[at - 1].first);
    if (order > 0) break;
    --at;
    if (order < 0) continue;
    int64_t& sum = terms_[at].second;
    if (__builtin_add_overflow(sum, coefficient, &sum)) valid_ = false;
    if (sum == 0) terms_.erase(terms_.begin() + static_cast<ptrdiff_t>(at));
    return;
  }
  terms_.emplace(terms_.begin() + static_cast<ptrdiff_t>(at), std::move(m), coefficient);
}

int64_t Polynomial::multiply(int64_t a, int64_t b) {
  int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) valid_ = false;
  return product;
}

static Monomial joint(const Monomial& a, const Monomial& b) {
  Monomial product;
  product.reserve(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(product));
  return product;
}

void Polynomial::add_product(const Polynomial& o, const Monomial& m, int64_t factor) {
  valid_ = valid_ && o.valid_;
  for (const auto& [n, c] : o.terms_) add(m.empty() ? n : joint(n, m), multiply(c, factor));
}

void Polynomial::add_expr(const Expr& e, int64_t factor) {
  if (e.kind() == ExprKind::constant) return add({}, multiply(e->integer_value, factor));
  if (e.kind() == ExprKind::op) {
    switch (e->op) {
      case Op::add:
        add_expr(e.arg(0), factor);
        return add_expr(e.arg(1), factor);
      case Op::sub:
        add_expr(e.arg(0), factor);
        return add_expr(e.arg(1), multiply(factor, -1));
      case Op::neg: return add_expr(e.arg(0), multiply(factor, -1));
      case Op::mul: {
        for (int i : {1, 0}) {
          if (e.arg(i).kind() == ExprKind::constant) return add_expr(e.arg(1 - i), multiply(factor, e.arg(i)->integer_value));
        }
        const Polynomial b = of(e.arg(1));
        valid_ = valid_ && b.valid_;
        const Polynomial a = of(e.arg(0));
        for (const auto& [m, c] : b.terms_) add_product(a, m, multiply(c, factor));
        valid_ = valid_ && a.valid_;
        return;
      }
      default: break;
    }
  }
  add({e}, factor);
}

std::vector<Polynomial::Term> Polynomial::take_terms_with(const Expr& atom) {
  std::vector<Term> taken;
  auto kept = terms_.begin();
  for (auto term = terms_.begin(); term != terms_.end(); ++term) {
    if (std::find(term->first.begin(), term->first.end(), atom) != term->first.end()) {
      taken.push_back(std::move(*term));
    } else {
      if (kept != term) *kept = std::move(*term);
      ++kept;
    }
  }
  terms_.erase(kept, terms_.end());
  return taken;
}

Polynomial Polynomial::atom(const Expr& e) {
  Polynomial p;
  p.terms_.emplace_back(Monomial{e}, 1);
  return p;
}

Polynomial Polynomial::of(const Expr& e) {
  Polynomial p;
  p.add_expr(e);
  return p;
}

Polynomial Polynomial::operator+(const Polynomial& o) const {
  Polynomial sum = *this;
  sum.add_product(o, {}, 1);
  return sum;
}

Polynomial Polynomial::operator-(const Polynomial& o) const {
  Polynomial difference = *this;
  difference.add_product(o, {}, -1);
  return difference;
}

Polynomial Polynomial::operator*(const Polynomial& o) const {
  Polynomial product;
  product.valid_ = valid_ && o.valid_;
  for (const auto& [m, c] : terms_) product.add_product(o, m, c);
  return product;
}

// Writes a sum of products. Where all its atoms are variables, every part of it is in normal form.
namespace {

class Writer {
 public:
  explicit Writer(const std::vector<Polynomial::Term>& terms) {
    for (const auto& [m, c] : terms) {
      for (const Expr& factor : m) normal_ = normal_ && factor.kind() == ExprKind::var;
    }
  }

  void add(const Monomial& m, int64_t c) {
    if (m.empty()) {
      constant_ = c;
    } else if (!sum_.defined()) {
      sum_ = product(m, c);
    } else {
      const bool subtract = c < 0 && c != INT64_MIN;
      sum_ = make_index_op(subtract ? Op::sub : Op::add, sum_, product(m, subtract ? -c : c), normal_);
    }
  }

  Expr result() const {
    if (!sum_.defined()) return make_integer(DType::i64, constant_);
    if (constant_ == 0) return sum_;
    const bool subtract = constant_ < 0 && constant_ != INT64_MIN;
    return make_index_op(subtract ? Op::sub : Op::add, sum_,
                         make_integer(DType::i64, subtract ? -constant_ : constant_), normal_);
  }

 private:
  Expr product(const Monomial& m, int64_t coefficient) const {
    Expr p = m.front();
    for (size_t i = 1; i < m.size(); ++i) p = make_index_op(Op::mul, p, m[i], normal_);
    return coefficient == 1 ? p : make_index_op(Op::mul, p, make_integer(DType::i64, coefficient), normal_);
  }

  bool normal_ = true;
  Expr sum_;
  int64_t constant_ = 0;
};

}  // namespace

Expr Polynomial::expr() const {
  Writer writer(terms_);
  for (const auto& [m, c] : terms_) if (c > 0) writer.add(m, c);   // a positive term first: "N - x", not "-1*x + N"
  for (const auto& [m, c] : terms_) if (c < 0) writer.add(m, c);
  return writer.result();
}

std::optional<int64_t> Polynomial::constant() const {
  if (terms_.empty()) return 0;
  if (terms_.size() == 1 && terms_.front().first.empty()) return terms_.front().second;
  return std::nullopt;
}

int64_t Polynomial::constant_term() const {
  return !terms_.empty() && terms_.front().first.empty() ? terms_.front().second : 0;
}

int64_t Polynomial::coefficient_of(const Monomial& m) const {
  for (const auto& [n, c] : terms_) {
    if (n == m) return c;
  }
  return 0;
}

int64_t Polynomial::content() const {
  int64_t divisor = 0;
  for (const auto& [m, c] : terms_) divisor = std::gcd(divisor, c);
  return divisor;
}

std::pair<Polynomial, Polynomial> Polynomial::divide(const Monomial& divisor, int64_t factor) const {
  Polynomial quotient, rest;
  for (const auto& [m, c] : terms_) {
    if (c % factor == 0 && std::includes(m.begin(), m.end(), divisor.begin(), divisor.end())) {
      Monomial left;
      std::set_difference(m.begin(), m.end(), divisor.begin(), divisor.end(), std::back_inserter(left));
      quotient.add(std::move(left), c / factor);
    } else {
      rest.add(m, c);
    }
  }
  return {std::move(quotient), std::move(rest)};
}

std::optional<std::pair<Polynomial, Polynomial>> Polynomial::linear_in(const std::string& var) const {
  Polynomial slope, rest;
  for (const auto& [m, c] : terms_) {
    Monomial left;
    int power = 0;
    for (const Expr& factor : m) {
      if (factor.kind() == ExprKind::var && factor->name == var) {
        ++power;
      } else if (uses_var(factor, var)) {
        return std::nullopt;
      } else {
        left.push_back(factor);
      }
    }
    if (power > 1) return std::nullopt;
    (power == 1 ? slope : rest).add(std::move(left), c);
  }
  return std::pair{std::move(slope), std::move(rest)};
}

}  // namespace lathe
