// Index expressions as Z3 sees them: integers without bounds, which is what they are while nothing overflows (that is
// checked at the call), with the language's floor division.
#pragma once

#include <z3++.h>

#include <string>
#include <utility>
#include <vector>

#include "analysis/simplify.h"

namespace lathe::test {

// What becomes of a claim. A proof that takes more than a fixed amount of the solver's resources is none.
enum class Proof : uint8_t { proved, refuted, too_hard };

class Solver {
 public:
  // The facts are those of `ranges`: inclusive bounds of variables, either may be undefined.
  explicit Solver(const std::vector<std::pair<std::string, Range>>& ranges);
  Proof equal(const Expr& a, const Expr& b);                // for all values that the facts allow
  Proof holds(const Expr& condition);
  std::string counterexample() const { return counterexample_; }

 private:
  z3::expr integer(const Expr& e);
  z3::expr truth(const Expr& e);
  z3::expr quotient(const z3::expr& a, const z3::expr& b);
  Proof unless(const z3::expr& opposite);

  z3::context context_;
  z3::solver solver_;
  std::string counterexample_;
  struct Quotient {
    z3::expr a, b, q;                                       // q = floor(a/b)
  };
  std::vector<Quotient> quotients_;
};

}  // namespace lathe::test
