// What a kernel checks at its call, from the algorithm: sizes to bind, shapes to compare, conditions to hold.
#pragma once

#include "analysis/read_conditions.h"
#include "jit/lower/lower.h"
#include "jit/runtime/kernel.h"
#include "lang/algorithm.h"

namespace lathe {

KernelSignature signature_of(const Operator& op, const Lowered& lowered);
// The same where read_conditions(op) are known.
KernelSignature signature_of(const Operator& op, const Lowered& lowered, const std::vector<ReadCondition>& conditions);

}  // namespace lathe
