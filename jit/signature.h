// What a kernel checks at its call, from the algorithm: sizes to bind, shapes to compare, conditions to hold.
#pragma once

#include "jit/lower/lower.h"
#include "jit/runtime/kernel.h"
#include "lang/algorithm.h"

namespace lathe {

KernelSignature signature_of(const Operator& op, const Lowered& lowered);

}  // namespace lathe
