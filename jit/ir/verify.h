// Which programs are well formed, stage by stage. The pass runner calls this after every pass in tests and debug
// builds.
#pragma once

#include "jit/ir/ir.h"

namespace lathe::ir {

enum class Stage : uint8_t { nested, flat, final };
std::string_view name_of(Stage stage);

// Throws Error{internal} that names the function, the offending statement as text and the rule:
// names defined once and before use; types of operands, stored values, conditions; ranks (nested: the buffer's;
// else 1); callee exists and its parameters match; constant extents of vector, unroll, stack and registers; scalar
// parameters, but of units; no reduce nodes, boundary rules or tuple components; final: no vector or unroll loops,
// register buffers at constant (ramp) indices that never partly overlap.
void verify(const Program& program, Stage stage);

}  // namespace lathe::ir
