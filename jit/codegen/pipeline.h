// From an LLVM module to an object file or to assembly: instruction selection and the passes after it, nothing before.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <string>

#include "targets/target.h"

namespace lathe::codegen {

// Once in a process, from any thread: LLVM's x86 back end and its settings, which are global.
void initialize_llvm();
std::unique_ptr<llvm::TargetMachine> make_target_machine(const Target& target);

// The passes that compile_object runs, in order.
std::vector<std::string> pass_names(llvm::TargetMachine& machine);

// An ill-formed module is an internal error that shows it. Compiling changes the module.
void check_module(const llvm::Module& module);
std::unique_ptr<llvm::MemoryBuffer> compile_object(llvm::Module& module, llvm::TargetMachine& machine);
std::string compile_assembly(llvm::Module& module, llvm::TargetMachine& machine);

}  // namespace lathe::codegen
