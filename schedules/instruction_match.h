// What a machine instruction means, laid over the terms of a reduction: its operands are the reads that stand where the
// meaning reads its inputs.
//
//   d[j] = sum(r < 4: i32(a[j, r]) * i32(b[j, r]))      the meaning
//   C[i, j] = sum(k < K: i32(A[i, k]) * i32(B[k, j]))   a = A[i, k], b = B[k, j]; a group is 4 terms
#pragma once

#include <optional>
#include <vector>

#include "lang/algorithm.h"
#include "targets/instruction.h"

namespace lathe {

struct InstructionMatch {
  int64_t group = 0;                                        // terms that one lane sums
  std::vector<Expr> operands;                               // reads, in the order of the instruction's
};

// Terms that one lane of the instruction sums.
int64_t group_of(const Instruction& instruction);

// The reads of the reduction's term `value`; nothing where the terms or their combiner mean something else.
std::optional<InstructionMatch> match(const Instruction& instruction, const FuncContents& func, const Expr& value);

// The first instruction of the table that the target has and that means `value`; null: there is none.
const Instruction* instruction_for(const Target& target, const FuncContents& func, const Expr& value);

}  // namespace lathe
