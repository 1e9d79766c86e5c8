// Integer index expressions as polynomials: the normal form behind simplification, bounds and address arithmetic.
//
// A monomial is a sorted product of atoms; an atom is any i64 expression that is not +, -, * or a constant (a variable, a
// floor division, a min, ...). (io*6 + ii)*la becomes 6*io*la + ii*la, so equal addresses look equal.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "lang/expr.h"
#include "support/small_vector.h"

namespace lathe {

using Monomial = SmallVector<Expr, 3>;                      // sorted; empty: the constant term

class Polynomial {
 public:
  using Term = std::pair<Monomial, int64_t>;

  Polynomial() = default;
  Polynomial(int64_t constant);
  static Polynomial of(const Expr& e);                      // scalar i64; atoms are taken as they are
  static Polynomial atom(const Expr& e);

  Polynomial operator+(const Polynomial& o) const;
  Polynomial operator-(const Polynomial& o) const;
  Polynomial operator*(const Polynomial& o) const;
  bool operator==(const Polynomial& o) const = default;

  // False after an overflow of a coefficient: nothing may be concluded from it, and expr() must not be called.
  bool valid() const { return valid_; }
  Expr expr() const;                                        // canonical: constants last, terms in order
  std::optional<int64_t> constant() const;                  // when there is nothing else
  int64_t constant_term() const;
  int64_t content() const;                                  // greatest common divisor of the coefficients; 0 for zero
  const std::vector<Term>& terms() const { return terms_; } // in order of their monomials
  int64_t coefficient_of(const Monomial& m) const;          // 0 where there is no such term

  // In place: += coefficient * m, += factor * o * m, += factor * e with atoms as they are.
  void add(Monomial m, int64_t coefficient);
  void add_product(const Polynomial& o, const Monomial& m, int64_t factor);
  void add_expr(const Expr& e, int64_t factor = 1);
  // Takes away the terms that have the atom as a factor.
  std::vector<Term> take_terms_with(const Expr& atom);

  // Splits into the part that is divisible by the monomial `divisor` times `factor` (returned divided) and the rest.
  std::pair<Polynomial, Polynomial> divide(const Monomial& divisor, int64_t factor) const;
  // coefficient * var + rest, where neither holds var; nullopt when var occurs otherwise (in an atom, or squared).
  std::optional<std::pair<Polynomial, Polynomial>> linear_in(const std::string& var) const;

 private:
  int64_t multiply(int64_t a, int64_t b);
  std::vector<Term> terms_;                                 // sorted by monomial, no zero coefficients
  bool valid_ = true;
};

// Orders monomials by their first factor that differs; a shorter one comes before its continuations.
int compare(const Monomial& a, const Monomial& b);

}  // namespace lathe
