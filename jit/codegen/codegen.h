// Final-stage loop IR to machine code in this process: LLVM IR, instruction selection, ORC LLJIT.
#pragma once

#include <string>
#include <vector>

#include "jit/ir/ir.h"
#include "jit/runtime/kernel.h"
#include "targets/target.h"

namespace lathe {

// LLVM IR as text / assembly as text, for `lathe show` and for tests that count instructions.
std::string llvm_text(const ir::Program& program, const Target& target);
std::string assembly_text(const ir::Program& program, const Target& target);

// What LLVM's code generator runs for a target, pass by pass: nothing of it optimises IR, and what chooses addresses or
// unrolls loops anew is off (pipeline.cpp).
std::vector<std::string> llvm_passes(const Target& target);

// Functions of programs that were loaded. A program that is loaded later calls those that it has too, with the same name
// and content, instead of compiling them again; its code keeps theirs in memory.
class LoadedFunctions {
 public:
  // The address of an equal function; 0 where there is none.
  uint64_t find(const ir::Function& function) const;
  void add(const ir::Function& function, uint64_t address);

 private:
  struct Known {
    ir::Function function;
    uint64_t address;
  };
  std::vector<Known> known_;
};

// Compiles all functions and loads them, but for those that are in `known`. Adds code bytes, IR instructions and codegen
// time to `stats`. Adds the variants and units that it compiled to `made`, where given.
// Error{missing_feature} when this machine cannot run code for the target.
LoadedCode load(const ir::Program& program, const Target& target, CompileStats& stats,
                const LoadedFunctions* known = nullptr, LoadedFunctions* made = nullptr);

// Whether `load` has LLVM verify each module: on in debug builds, off in others, where tests turn it on.
void set_module_verification(bool on);

}  // namespace lathe
