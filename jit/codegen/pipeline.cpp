#include "jit/codegen/pipeline.h"

#include <llvm/CodeGen/MachineModuleInfo.h>
#include <llvm/CodeGen/Passes.h>
#include <llvm/CodeGen/TargetPassConfig.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>

#include <map>
#include <mutex>

#include "jit/codegen/emit_program.h"
#include "jit/codegen/integer_broadcasts.h"
#include "support/error.h"

namespace lathe::codegen {

namespace {

// Passes of LLVM's code generator that would undo what was chosen here, or find nothing to do in a final form. Which others
// were tried, and why they stay: docs/design/compile-time.md.
constexpr const char* passes_off[] = {
    "disable-lsr",                 // chooses addresses and counters of loops anew
    "disable-cgp",                 // moves addresses into other blocks
    "disable-constant-hoisting",   // displacements are immediate operands
    "disable-partial-libcall-inlining",
    "disable-mergeicmps",
    "disable-x86-domain-reassignment",   // masks are in mask registers already
};

void turn_passes_off() {
  auto& options = llvm::cl::getRegisteredOptions();
  for (const char* name : passes_off) {
    auto found = options.find(name);
    if (found == options.end()) internal_error("codegen", std::string("LLVM has no option ") + name);
    found->second->addOccurrence(0, name, "true");
  }
}

// What TargetMachine::addPassesToEmitFile does, with the passes of this folder before the printer.
void add_passes(llvm::legacy::PassManagerBase& passes, llvm::TargetMachine& target_machine, llvm::raw_pwrite_stream& out,
                llvm::CodeGenFileType type) {
  auto& machine = static_cast<llvm::LLVMTargetMachine&>(target_machine);
  llvm::TargetPassConfig* config = machine.createPassConfig(passes);
  auto* machine_module = new llvm::MachineModuleInfoWrapperPass(&machine);
  config->setDisableVerify(true);
  passes.add(config);
  passes.add(machine_module);
  if (config->addISelPasses()) internal_error("codegen", "LLVM cannot select instructions");
  config->addMachinePasses();
  config->setInitialized();
  passes.add(make_integer_broadcasts());
  if (machine.addAsmPrinter(passes, out, nullptr, type, machine_module->getMMI().getContext())) {
    internal_error("codegen", "LLVM cannot write this kind of file");
  }
  passes.add(llvm::createFreeMachineFunctionPass());
}

void emit_file(llvm::Module& module, llvm::TargetMachine& machine, llvm::raw_pwrite_stream& out,
               llvm::CodeGenFileType type) {
  llvm::legacy::PassManager passes;
  add_passes(passes, machine, out, type);
  passes.run(module);
}

// Takes passes and runs none.
class PassList : public llvm::legacy::PassManagerBase {
 public:
  void add(llvm::Pass* pass) override {
    names.push_back(pass->getPassName().str());
    kept_.emplace_back(pass);
  }
  std::vector<std::string> names;

 private:
  std::vector<std::unique_ptr<llvm::Pass>> kept_;           // those that choose the next ones are asked again
};

}  // namespace

void initialize_llvm() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    turn_passes_off();
  });
}

namespace {

// Machines that nobody uses at the moment, by what they were made for. One costs a millisecond, most of it the
// description of the processor that its first function asks for.
struct MachinePool {
  std::mutex mutex;
  std::multimap<std::string, std::unique_ptr<llvm::TargetMachine>> waiting;
};

MachinePool& machine_pool() {
  static auto* const one = new MachinePool;  // never freed: threads may outlive static objects
  return *one;
}

std::unique_ptr<llvm::TargetMachine> make_target_machine(const Target& target, Effort effort) {
  std::string message;
  const llvm::Target* backend = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!backend) internal_error("codegen", message);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;       // products and sums were contracted in the IR already
  // Less and Default give the same loops; Less takes a third of a millisecond less.
  const auto level = effort == Effort::quick ? llvm::CodeGenOptLevel::None : llvm::CodeGenOptLevel::Less;
  std::unique_ptr<llvm::TargetMachine> machine(
      backend->createTargetMachine(triple, cpu_name(target), feature_string(target), options, llvm::Reloc::PIC_,
                                   llvm::CodeModel::Small, level, /*JIT=*/true));
  if (!machine) internal_error("codegen", "LLVM has no machine for " + target.name);
  if (machine->createDataLayout().getStringRepresentation() != data_layout) {
    internal_error("codegen", "the back end lays data out in another way than the linker");
  }
  return machine;
}

}  // namespace

void GiveBack::operator()(llvm::TargetMachine* machine) const {
  std::unique_ptr<llvm::TargetMachine> owned(machine);
  std::lock_guard lock(machine_pool().mutex);
  machine_pool().waiting.emplace(key, std::move(owned));
}

MachinePtr target_machine(const Target& target, Effort effort) {
  const std::string key = (effort == Effort::quick ? "quick " : "") + cpu_name(target) + " " + feature_string(target);
  {
    std::lock_guard lock(machine_pool().mutex);
    if (auto waiting = machine_pool().waiting.extract(key)) return {waiting.mapped().release(), GiveBack{key}};
  }
  return {make_target_machine(target, effort).release(), GiveBack{key}};
}

std::vector<std::string> pass_names(llvm::TargetMachine& machine) {
  PassList passes;
  llvm::raw_null_ostream nowhere;
  add_passes(passes, machine, nowhere, llvm::CodeGenFileType::ObjectFile);
  return passes.names;
}

void check_module(const llvm::Module& module) {
  std::string message;
  llvm::raw_string_ostream out(message);
  if (!llvm::verifyModule(module, &out)) return;
  out << "\n";
  module.print(out, nullptr);
  internal_error("codegen", "ill-formed LLVM IR: " + message);
}

std::unique_ptr<llvm::MemoryBuffer> compile_object(llvm::Module& module, llvm::TargetMachine& machine) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream out(bytes);
  emit_file(module, machine, out, llvm::CodeGenFileType::ObjectFile);
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(bytes), module.getName(),
                                                         /*RequiresNullTerminator=*/false);
}

std::string compile_assembly(llvm::Module& module, llvm::TargetMachine& machine) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream out(bytes);
  emit_file(module, machine, out, llvm::CodeGenFileType::AssemblyFile);
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace lathe::codegen
