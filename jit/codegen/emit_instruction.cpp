// Machine instructions by name: LLVM's intrinsics, with operands as the registers hold them.
#include <llvm/IR/Function.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Module.h>

#include <algorithm>

#include "jit/codegen/emitter.h"
#include "jit/codegen/types.h"
#include "targets/instruction.h"

namespace lathe::codegen {

namespace {

constexpr int fewest_bits = 128;

llvm::FixedVectorType* words_of(llvm::IRBuilder<>& builder, int lanes) {
  return llvm::FixedVectorType::get(builder.getInt32Ty(), static_cast<unsigned>(lanes));
}

// As a vector of this many words, the first ones real.
llvm::Value* widened(llvm::IRBuilder<>& builder, llvm::Value* words, int lanes) {
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(words->getType());
  if (!vector)
    return builder.CreateInsertElement(llvm::Constant::getNullValue(words_of(builder, lanes)), words, uint64_t{0});
  const int have = static_cast<int>(vector->getNumElements());
  if (have == lanes) return words;
  std::vector<int> source;
  for (int l = 0; l < lanes; ++l) source.push_back(std::min(l, have));  // index `have`: the first of the zeros
  return builder.CreateShuffleVector(words, llvm::Constant::getNullValue(words->getType()), source);
}

}  // namespace

// Each lane's group of an operand is a word of 32 bits; one group for all lanes is repeated.
llvm::Value* Emitter::emit_instruction(const Expr& e) {
  const Instruction* instruction = instruction_named(e->name);
  if (!instruction) internal_error("codegen", "no instruction " + e->name);
  const int lanes = e.type().lanes, whole = std::max(lanes, fewest_bits / 32);
  std::vector<llvm::Value*> args;
  llvm::Value* sum = widened(builder_, emit(e.arg(0)), whole);
  if (instruction->adds) args.push_back(sum);
  for (size_t i = 1; i < e.args().size(); ++i) {
    llvm::Value* operand = emit(e.arg(i));
    const int words = static_cast<int>(bytes_of(e.arg(i).type().dtype)) * e.arg(i).type().lanes / 4;
    operand = builder_.CreateBitCast(
        operand, words == 1 ? static_cast<llvm::Type*>(builder_.getInt32Ty()) : words_of(builder_, words));
    args.push_back(words == 1 && lanes > 1 ? builder_.CreateVectorSplat(static_cast<unsigned>(whole), operand)
                                           : widened(builder_, operand, whole));
  }
  const std::string_view name = instruction->intrinsic[whole == 4 ? 0 : whole == 8 ? 1 : 2];
  const llvm::Intrinsic::ID id = llvm::Function::lookupIntrinsicID(llvm::StringRef(name.data(), name.size()));
  if (id == llvm::Intrinsic::not_intrinsic) internal_error("codegen", "no intrinsic " + std::string(name));
  llvm::Function* function = llvm::Intrinsic::getDeclaration(&state_.module, id);
  for (size_t i = 0; i < args.size(); ++i)
    args[i] = builder_.CreateBitCast(args[i], function->getFunctionType()->getParamType(static_cast<unsigned>(i)));
  llvm::Value* result = builder_.CreateBitCast(builder_.CreateCall(function, args), sum->getType());
  if (!instruction->adds) result = builder_.CreateAdd(sum, result);
  if (lanes == whole) return result;
  if (lanes == 1) return builder_.CreateExtractElement(result, uint64_t{0});
  std::vector<int> first;
  for (int l = 0; l < lanes; ++l) first.push_back(l);
  return builder_.CreateShuffleVector(result, first);
}

}  // namespace lathe::codegen
