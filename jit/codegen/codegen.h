// Final-stage loop IR to machine code in this process: LLVM IR, instruction selection, ORC LLJIT.
#pragma once

#include <string>

#include "jit/ir/ir.h"
#include "jit/runtime/kernel.h"
#include "targets/target.h"

namespace lathe {

// LLVM IR as text / assembly as text, for `lathe show` and for tests that count instructions.
std::string llvm_text(const ir::Program& program, const Target& target);
std::string assembly_text(const ir::Program& program, const Target& target);

// Compiles all functions and loads them. Adds code bytes, IR instructions and codegen time to `stats`.
// Error{missing_feature} when this machine cannot run code for the target.
LoadedCode load(const ir::Program& program, const Target& target, CompileStats& stats);

// Whether `load` has LLVM verify each module: on in debug builds, off in others, where tests turn it on.
void set_module_verification(bool on);

}  // namespace lathe
