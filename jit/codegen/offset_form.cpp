#include "jit/codegen/offset_form.h"

#include <algorithm>
#include <bit>

namespace lathe::codegen {

namespace {

// More terms than this come from products of long sums; as one opaque value they cost less.
constexpr size_t most_terms = 16;

int64_t wrapping_add(int64_t a, int64_t b) { return static_cast<int64_t>(uint64_t(a) + uint64_t(b)); }
int64_t wrapping_mul(int64_t a, int64_t b) { return static_cast<int64_t>(uint64_t(a) * uint64_t(b)); }

OffsetForm normalized(std::vector<Term> terms) {
  std::sort(terms.begin(), terms.end(), [](const Term& a, const Term& b) { return a.atoms < b.atoms; });
  OffsetForm form;
  for (Term& term : terms) {
    if (!form.terms.empty() && form.terms.back().atoms == term.atoms) {
      form.terms.back().coefficient = wrapping_add(form.terms.back().coefficient, term.coefficient);
    } else {
      form.terms.push_back(std::move(term));
    }
    if (form.terms.back().coefficient == 0) form.terms.pop_back();
  }
  return form;
}

}  // namespace

OffsetForm OffsetForm::constant(int64_t value) {
  OffsetForm form;
  if (value != 0) form.terms.push_back({{}, value});
  return form;
}

OffsetForm OffsetForm::atom(int index) { return {{{{index}, 1}}}; }

std::optional<int64_t> OffsetForm::as_constant() const {
  if (terms.empty()) return 0;
  if (terms.size() == 1 && terms[0].atoms.empty()) return terms[0].coefficient;
  return std::nullopt;
}

int64_t OffsetForm::take_constant() {
  if (terms.empty() || !terms[0].atoms.empty()) return 0;
  int64_t value = terms[0].coefficient;
  terms.erase(terms.begin());
  return value;
}

OffsetForm operator+(const OffsetForm& a, const OffsetForm& b) {
  std::vector<Term> terms = a.terms;
  terms.insert(terms.end(), b.terms.begin(), b.terms.end());
  return normalized(std::move(terms));
}

OffsetForm operator-(const OffsetForm& a, const OffsetForm& b) { return a + b * -1; }

OffsetForm operator*(const OffsetForm& a, int64_t factor) {
  std::vector<Term> terms = a.terms;
  for (Term& term : terms) term.coefficient = wrapping_mul(term.coefficient, factor);
  std::erase_if(terms, [](const Term& term) { return term.coefficient == 0; });
  return {std::move(terms)};
}

std::optional<OffsetForm> multiply(const OffsetForm& a, const OffsetForm& b) {
  if (a.terms.size() * b.terms.size() > most_terms) return std::nullopt;
  std::vector<Term> terms;
  for (const Term& x : a.terms) {
    for (const Term& y : b.terms) {
      Term product{x.atoms, wrapping_mul(x.coefficient, y.coefficient)};
      product.atoms.insert(product.atoms.end(), y.atoms.begin(), y.atoms.end());
      std::sort(product.atoms.begin(), product.atoms.end());
      terms.push_back(std::move(product));
    }
  }
  return normalized(std::move(terms));
}

int trailing_zeros(const OffsetForm& form) {
  int zeros = 62;
  for (const Term& term : form.terms) zeros = std::min(zeros, std::countr_zero(uint64_t(term.coefficient)));
  return zeros;
}

OffsetForm divide_exactly(const OffsetForm& form, int64_t divisor) {
  OffsetForm quotient = form;
  for (Term& term : quotient.terms) term.coefficient /= divisor;
  return quotient;
}

}  // namespace lathe::codegen
