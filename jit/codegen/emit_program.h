// A program of the final stage as an LLVM module.
#pragma once

#include <llvm/IR/Module.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "jit/ir/ir.h"
#include "targets/target.h"

namespace lathe::codegen {

// The CPU and feature strings that LLVM's subtarget takes.
std::string cpu_name(const Target& target);
std::string feature_string(const Target& target);

// How functions are named and where they are.
struct Linkage {
  // By the functions' names; two may have one symbol, and are then one. Empty: names for people, only the entry
  // visible.
  std::map<std::string, std::string> symbols = {};
  std::set<std::string> elsewhere = {};  // functions of the program that are only declared
};

std::unique_ptr<llvm::Module> emit_program(const ir::Program& program, const Target& target,
                                           llvm::LLVMContext& context, const llvm::DataLayout& layout,
                                           const Linkage& linkage = {});

}  // namespace lathe::codegen
