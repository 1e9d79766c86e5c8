// Are all reads inside? Each read of an input without a boundary rule is proved for all sizes, refuted (an error at the
// definition), or left as a condition on the sizes that the call checks.
#pragma once

#include <string>
#include <vector>

#include "lang/algorithm.h"

namespace lathe {

struct ReadCondition {
  Expr condition;                                           // boolean over sizes
  std::string meaning;                                      // "Y reads X[y + r]: index y + r of dimension 0 is inside"
  SourceLocation where;
};

// The conditions not proved. Throws Error{read_outside} for a read that is outside at every size with any output.
std::vector<ReadCondition> read_conditions(const Operator& op);

// The operator with reads that are inside because a select around them says so, as select(i < M, X[i], 0) does, as reads with
// a rule: code computes both sides of a select. Such reads have no condition. A rule that no read needs at any size, as that of
// a border of no rows, is dropped.
Operator with_reads_settled(const Operator& op);

// Both, by one look at the reads: the conditions are those of either operator.
struct SettledReads {
  Operator op;
  std::vector<ReadCondition> conditions;
};
SettledReads settled_reads(const Operator& op);

}  // namespace lathe
