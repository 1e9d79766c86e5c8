// `C.tensorize(r, vpdpbusd)`: the meaning of a machine instruction, which is text in the language, is laid over the
// terms of a reduction; its operands are the reads that stand where the meaning reads its inputs.
//
//   d[j] = sum(r < 4: i32(a[j, r]) * i32(b[j, r]))      the meaning
//   C[i, j] = sum(k < K: i32(A[i, k]) * i32(B[k, j]))   k split by 4 into ko and r:  a = A[i, k], b = B[k, j]
#pragma once

#include "jit/lower/lowering.h"

namespace lathe {

// Notes the instruction in `lowering`, where the target has it; one without runs the terms as they are. Refuses what
// the instruction does not mean.
void match_instruction(Lowering& lowering, const FuncContents& func, const Directive& d);

}  // namespace lathe
