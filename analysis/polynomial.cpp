#include "analysis/polynomial.h"

#include <algorithm>
#include <numeric>

namespace lathe {

Polynomial::Polynomial(int64_t constant) { add({}, constant); }

void Polynomial::add(const Monomial& m, int64_t coefficient) {
  if (coefficient == 0) return;
  auto [it, fresh] = terms_.try_emplace(m, coefficient);
  if (fresh) return;
  if (__builtin_add_overflow(it->second, coefficient, &it->second)) valid_ = false;
  if (it->second == 0) terms_.erase(it);
}

int64_t Polynomial::multiply(int64_t a, int64_t b, bool& valid) {
  int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) valid = false;
  return product;
}

Polynomial Polynomial::atom(const Expr& e) {
  Polynomial p;
  p.add({e}, 1);
  return p;
}

Polynomial Polynomial::of(const Expr& e) {
  if (e.kind() == ExprKind::constant) return Polynomial(e->integer_value);
  if (e.is_op(Op::add)) return of(e.arg(0)) + of(e.arg(1));
  if (e.is_op(Op::sub)) return of(e.arg(0)) - of(e.arg(1));
  if (e.is_op(Op::mul)) return of(e.arg(0)) * of(e.arg(1));
  if (e.is_op(Op::neg)) return Polynomial(0) - of(e.arg(0));
  return atom(e);
}

Polynomial Polynomial::operator+(const Polynomial& o) const {
  Polynomial sum = *this;
  sum.valid_ = valid_ && o.valid_;
  for (const auto& [m, c] : o.terms_) sum.add(m, c);
  return sum;
}

Polynomial Polynomial::operator-(const Polynomial& o) const {
  Polynomial difference = *this;
  difference.valid_ = valid_ && o.valid_;
  for (const auto& [m, c] : o.terms_) difference.add(m, multiply(c, -1, difference.valid_));
  return difference;
}

Polynomial Polynomial::operator*(const Polynomial& o) const {
  Polynomial product;
  product.valid_ = valid_ && o.valid_;
  for (const auto& [m, c] : terms_) {
    for (const auto& [n, d] : o.terms_) {
      Monomial joint;
      std::merge(m.begin(), m.end(), n.begin(), n.end(), std::back_inserter(joint));
      product.add(joint, multiply(c, d, product.valid_));
    }
  }
  return product;
}

static Expr term_expr(const Monomial& m, int64_t coefficient) {
  Expr product;
  for (const Expr& factor : m) product = product.defined() ? product * factor : factor;
  if (!product.defined()) return make_integer(DType::i64, coefficient);
  return coefficient == 1 ? product : product * make_integer(DType::i64, coefficient);
}

Expr Polynomial::expr() const {
  Expr sum;
  int64_t constant = 0;
  auto append = [&](const Monomial& m, int64_t c) {
    if (m.empty()) {
      constant = c;
    } else if (!sum.defined()) {
      sum = term_expr(m, c);
    } else {
      sum = c < 0 && c != INT64_MIN ? sum - term_expr(m, -c) : sum + term_expr(m, c);
    }
  };
  for (const auto& [m, c] : terms_) if (c > 0) append(m, c);   // a positive term first: "N - x", not "-1*x + N"
  for (const auto& [m, c] : terms_) if (c < 0) append(m, c);
  if (!sum.defined()) return make_integer(DType::i64, constant);
  if (constant == 0) return sum;
  return constant < 0 && constant != INT64_MIN ? sum - make_integer(DType::i64, -constant)
                                               : sum + make_integer(DType::i64, constant);
}

std::optional<int64_t> Polynomial::constant() const {
  if (terms_.empty()) return 0;
  if (terms_.size() == 1 && terms_.begin()->first.empty()) return terms_.begin()->second;
  return std::nullopt;
}

int64_t Polynomial::constant_term() const {
  auto it = terms_.find({});
  return it == terms_.end() ? 0 : it->second;
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
      quotient.add(left, c / factor);
    } else {
      rest.add(m, c);
    }
  }
  return {quotient, rest};
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
    (power == 1 ? slope : rest).add(left, c);
  }
  return std::pair{slope, rest};
}

}  // namespace lathe
