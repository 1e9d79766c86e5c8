// Final-stage loop IR to machine code in this process: LLVM IR, instruction selection, ORC LLJIT.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "jit/ir/ir.h"
#include "jit/runtime/kernel.h"
#include "targets/target.h"

namespace lathe {

class Image;

// How much time LLVM's code generator takes: quick for code that runs until better code is there.
enum class Effort : uint8_t { quick, full };

// LLVM IR as text / assembly as text, for `lathe show` and for tests that count instructions.
std::string llvm_text(const ir::Program& program, const Target& target);
std::string assembly_text(const ir::Program& program, const Target& target);

// What LLVM's code generator runs for a target, pass by pass: nothing of it optimises IR, and what chooses addresses or
// unrolls loops anew is off (pipeline.cpp).
std::vector<std::string> llvm_passes(const Target& target);

struct LoadedProgram : LoadedCode {
  std::string symbol;                  // of the entry
  std::shared_ptr<const Image> image;  // that defines it
};

// Compiles the functions of the program that no code in this process is for yet, all together, and loads them; they
// call the others where they are (`share`), and keep them in memory. Adds code bytes, IR instructions and codegen time
// to `stats`, and says where the code came from. Error{missing_feature} when this machine cannot run code for the
// target.
LoadedProgram load(const ir::Program& program, const Target& target, CompileStats& stats, bool share = true,
                   Effort effort = Effort::full);

// A loaded program as bytes, with all code that it calls; and loaded from them. Nothing where they are no such bytes.
std::string stored_form(const LoadedProgram& program);
std::optional<LoadedProgram> load_stored(std::string_view bytes, const Target& target);

// Whether `load` has LLVM verify each module: on in debug builds, off in others, where tests turn it on.
void set_module_verification(bool on);

}  // namespace lathe
