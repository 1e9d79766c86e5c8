#include "jit/codegen/integer_broadcasts.h"

#include <llvm/CodeGen/MachineFunctionPass.h>
#include <llvm/CodeGen/TargetInstrInfo.h>
#include <llvm/CodeGen/TargetSubtargetInfo.h>

#include <map>
#include <utility>

namespace lathe::codegen {

namespace {

// LLVM's names of instructions; their numbers are private to its back end. All have one form: a register and an address.
constexpr std::pair<const char*, const char*> integer_forms[] = {
    {"VBROADCASTSSZrm", "VPBROADCASTDZrm"},       {"VBROADCASTSSZ256rm", "VPBROADCASTDZ256rm"},
    {"VBROADCASTSSZ128rm", "VPBROADCASTDZ128rm"}, {"VBROADCASTSDZrm", "VPBROADCASTQZrm"},
    {"VBROADCASTSDZ256rm", "VPBROADCASTQZ256rm"},
};

std::map<unsigned, unsigned> integer_opcodes(const llvm::TargetInstrInfo& instructions) {
  std::map<llvm::StringRef, unsigned> numbers;
  for (auto [name, integer_name] : integer_forms) numbers[name] = numbers[integer_name] = 0;
  for (unsigned opcode = 0; opcode < instructions.getNumOpcodes(); opcode++) {
    auto found = numbers.find(instructions.getName(opcode));
    if (found != numbers.end()) found->second = opcode;
  }
  std::map<unsigned, unsigned> result;
  for (auto [name, integer_name] : integer_forms) result[numbers[name]] = numbers[integer_name];
  return result;
}

class IntegerBroadcasts : public llvm::MachineFunctionPass {
 public:
  IntegerBroadcasts() : MachineFunctionPass(id) {}

  bool runOnMachineFunction(llvm::MachineFunction& function) override {
    const llvm::TargetInstrInfo& instructions = *function.getSubtarget().getInstrInfo();
    static const std::map<unsigned, unsigned> opcodes = integer_opcodes(instructions);
    bool changed = false;
    for (llvm::MachineBasicBlock& block : function) {
      for (llvm::MachineInstr& instruction : block) {
        auto found = opcodes.find(instruction.getOpcode());
        if (found == opcodes.end()) continue;
        instruction.setDesc(instructions.get(found->second));
        changed = true;
      }
    }
    return changed;
  }

  void getAnalysisUsage(llvm::AnalysisUsage& usage) const override {
    usage.setPreservesAll();
    MachineFunctionPass::getAnalysisUsage(usage);
  }

 private:
  static char id;
};

char IntegerBroadcasts::id = 0;

}  // namespace

llvm::Pass* make_integer_broadcasts() { return new IntegerBroadcasts; }

}  // namespace lathe::codegen
