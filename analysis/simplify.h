// Simplification and proofs over index expressions, under facts about the variables.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "analysis/polynomial.h"

namespace lathe {

// What is known about scalar i64 variables: inclusive bounds, either may be undefined. Bounds may name other variables,
// which must not (directly or through their own bounds) name this one.
struct Range {
  Expr lowest, highest;
};

// Copies share what they know: a copy costs nothing, and a new bound stands before the older ones. One thread at a time
// may use Facts that share, for they remember what was simplified under them.
class Facts {
 public:
  void bound(const std::string& var, Expr lowest, Expr highest);   // replaces what was known
  const Range* find(const std::string& var) const;
  const Range* find(const Expr& var) const;                        // a scalar i64 variable
  // How many steps of bounds that name other variables lie below this one.
  int depth(const std::string& var) const;

  // Sound, not complete: true only when it holds for all values that the facts allow.
  bool nonnegative(const Polynomial& p) const;
  bool nonnegative(const Expr& e) const { return nonnegative(Polynomial::of(e)); }
  bool at_most(const Expr& a, const Expr& b) const;                // a <= b
  // A constant that is never above / below the expression, where one is found.
  std::optional<int64_t> lower_bound(const Expr& e) const;
  std::optional<int64_t> upper_bound(const Expr& e) const;

  // Nothing is known, but what was simplified is remembered.
  static Facts remembering();
  // Where results of simplify are kept that no newer bound concerns; null: nowhere.
  using Results = std::unordered_map<Expr, Expr>;
  Results* results_for(const Expr& e) const;

  struct Known;                                                    // facts.cpp

 private:
  bool is_boundless(const Expr& e) const;
  std::shared_ptr<const Known> newest_;
};

// Adds what lowest <= highest tells of a bare size: 0 <= N - 2 gives N a lower bound.
void assume_nonempty(Facts& facts, const Range& range);

// An equal expression in normal form: integer arithmetic as sorted sums of products; constants folded; floor divisions
// and remainders of known multiples taken apart; min, max, comparisons and selects decided where the facts decide them.
// Works on the index expressions inside accesses too. Float arithmetic is left as it is.
Expr simplify(const Expr& e, const Facts& facts = {});

// [lowest, highest] of an index expression when the given vars run over inclusive ranges (in terms of other variables).
// nullopt where the expression is not monotone in them (a data-dependent index, x*y of two ranged variables, ...).
using VarRanges = std::map<std::string, Range>;
std::optional<Range> interval_of(const Expr& e, const VarRanges& ranges, const Facts& facts = {});

}  // namespace lathe
