// Names for the functions of a program by what they are compiled from (docs/design/cache.md).
#pragma once

#include <map>
#include <string>

#include "jit/codegen/codegen.h"
#include "jit/ir/ir.h"
#include "targets/target.h"

namespace lathe::codegen {

// For each function of a program, by its name: a symbol that two functions share where their code may be the same code.
// A function's own name and its callees' are no part of it; what the callees do is.
std::map<std::string, std::string> function_keys(const ir::Program& program, const Target& target, Effort effort);

}  // namespace lathe::codegen
