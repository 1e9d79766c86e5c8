// A program of the loop IR as C: the same loops with the same meaning, for a C compiler to make the best of.
//
// It takes what stands before loops are expanded: the nested stage's loops over the flat stage's offsets (after the
// pass "simplify"). Integers wrap, division rounds down, min and max give NaN for NaN, conversions saturate: what
// lang/ops.def says, in the shortest C that says it. Loops run in the order in which they stand, a parallel loop on
// this thread. Of a vector loop each statement runs for all lanes before the next one.
#pragma once

#include <string>

#include "jit/ir/ir.h"

namespace lathe::bench {

// What the text of every program needs before it: includes, the run time's context, scalar operators.
std::string c_prelude();

// The functions of the program; one of them, `entry`, has external linkage and the type LatheEntry (jit/runtime/abi.h).
// All other names begin with `entry` too, so that many programs fit into one file. With `unit_strides` the last stride
// of every argument is the constant 1, whatever the caller gives.
std::string c_text(const ir::Program& program, const std::string& entry, bool unit_strides);

}  // namespace lathe::bench
