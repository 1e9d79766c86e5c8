// The text form of the loop IR: prints, and parses back to an equal program.
//
//   unit tile_4x6(A: f32 readonly, B: f32 readonly, C: f32; K: i64, lda: i64) {
//     alloc acc: f32[384] registers
//     for k in 0, K serial {
//       let b = B[ramp(k * 64, 1, 16)]
//       acc[ramp(0, 1, 16)] = fma(broadcast(A[k], 16), b, acc[ramp(0, 1, 16)])
//     }
//   }
#pragma once

#include "jit/ir/ir.h"

namespace lathe::ir {

std::string print(const Program& program);
std::string print(const Function& function);
std::string print(const Stmt& stmt);
Program parse_program(std::string_view text, const std::string& file_name = "<ir>");

}  // namespace lathe::ir
