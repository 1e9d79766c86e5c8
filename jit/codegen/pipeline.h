// From an LLVM module to an object file or to assembly: instruction selection and the passes after it, nothing before.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <string>

#include "jit/codegen/codegen.h"
#include "targets/target.h"

namespace lathe::codegen {

inline constexpr const char* triple = "x86_64-unknown-linux-gnu";
inline constexpr const char* data_layout =
    "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128";

// Once in a process, from any thread: LLVM's x86 back end and its settings, which are global.
void initialize_llvm();

// A machine is of one thread at a time, and waits for the next compilation when nobody needs it any more.
struct GiveBack {
  std::string key;
  void operator()(llvm::TargetMachine* machine) const;
};
using MachinePtr = std::unique_ptr<llvm::TargetMachine, GiveBack>;
MachinePtr target_machine(const Target& target, Effort effort = Effort::full);

// The passes that compile_object runs, in order.
std::vector<std::string> pass_names(llvm::TargetMachine& machine);

// An ill-formed module is an internal error that shows it. Compiling changes the module.
void check_module(const llvm::Module& module);
std::unique_ptr<llvm::MemoryBuffer> compile_object(llvm::Module& module, llvm::TargetMachine& machine);
std::string compile_assembly(llvm::Module& module, llvm::TargetMachine& machine);

}  // namespace lathe::codegen
