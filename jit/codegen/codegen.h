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
LoadedCode load(const ir::Program& program, const Target& target, CompileStats& stats);

}  // namespace lathe
