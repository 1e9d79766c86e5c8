// A program of the final stage as an LLVM module.
#pragma once

#include <llvm/IR/Module.h>

#include <memory>
#include <set>
#include <string>

#include "jit/ir/ir.h"
#include "targets/target.h"

namespace lathe::codegen {

// The CPU and feature strings that LLVM's subtarget takes.
std::string cpu_name(const Target& target);
std::string feature_string(const Target& target);
// The symbol of a function of a program; the entry is visible outside, others where `Linkage` says so.
std::string symbol_name(const ir::Program& program, const ir::Function& function);

struct Linkage {
  std::set<std::string> elsewhere = {};        // functions of the program that are only declared
  bool all_visible = false;
};

std::unique_ptr<llvm::Module> emit_program(const ir::Program& program, const Target& target,
                                           llvm::LLVMContext& context, const llvm::DataLayout& layout,
                                           const Linkage& linkage = {});

}  // namespace lathe::codegen
