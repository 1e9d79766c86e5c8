// Element offsets as sums of products, so that addresses can be split by the loop that changes them.
//
//   (i * 6 + 2) * la + k        6 * i * la  +  2 * la  +  1 * k
//
// An atom is anything that is not itself a sum or product: a variable, or a whole expression such as min(i, rows - 1).
// Atoms are numbers here; whoever makes the forms knows what stands behind them.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

namespace lathe::codegen {

struct Term {
  std::vector<int> atoms;                      // sorted; a power repeats its atom; empty: the constant term
  int64_t coefficient = 0;                     // not 0
  bool operator==(const Term&) const = default;
  auto operator<=>(const Term&) const = default;
};

struct OffsetForm {
  std::vector<Term> terms;                     // sorted by atoms, which differ; no terms: 0

  static OffsetForm constant(int64_t value);
  static OffsetForm atom(int index);
  bool is_zero() const { return terms.empty(); }
  std::optional<int64_t> as_constant() const;
  int64_t take_constant();                     // removes the constant term and returns it
  bool operator==(const OffsetForm&) const = default;
  auto operator<=>(const OffsetForm&) const = default;
};

OffsetForm operator+(const OffsetForm& a, const OffsetForm& b);
OffsetForm operator-(const OffsetForm& a, const OffsetForm& b);
OffsetForm operator*(const OffsetForm& a, int64_t factor);
// Nothing when the product has too many terms to be worth taking apart.
std::optional<OffsetForm> multiply(const OffsetForm& a, const OffsetForm& b);
// The number of times 2 divides every coefficient, at most 62; 62 for the form 0.
int trailing_zeros(const OffsetForm& form);
OffsetForm divide_exactly(const OffsetForm& form, int64_t divisor);

}  // namespace lathe::codegen
