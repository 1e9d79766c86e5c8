// Funcs that are computed in loops of others: where they may stand, and in which order.
#pragma once

#include "jit/lower/check_directives.h"
#include "jit/lower/lowering.h"

namespace lathe {

// Those that complete the Func of this name.
std::vector<const FuncContents*> epilogues_of(const Lowering& lowering, const std::string& name);

void check_attachments(const Lowering& lowering, const DirectiveChecks& checks);
void order_attachments(Lowering& lowering);

}  // namespace lathe
