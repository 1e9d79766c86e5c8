// Machine instructions by name: LLVM's intrinsics, with operands as the registers hold them.
#include <llvm/Analysis/VectorUtils.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>
#include <llvm/IR/Module.h>

#include <algorithm>
#include <bit>

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

// The words of lanes [first, first + lanes); one that all lanes share stays as it is.
llvm::Value* words_from(llvm::IRBuilder<>& builder, llvm::Value* words, int first, int lanes) {
  if (!words->getType()->isVectorTy()) return words;
  std::vector<int> source;
  for (int l = 0; l < lanes; ++l) source.push_back(first + l);
  return builder.CreateShuffleVector(words, source);
}

llvm::Value* call_of(llvm::IRBuilder<>& builder, llvm::Module& module, const Instruction& instruction, llvm::Value* sum,
                       const std::vector<llvm::Value*>& operands, int lanes) {
  const int whole = std::max(lanes, fewest_bits / 32);
  const std::string_view name = instruction.intrinsic[whole == 4 ? 0 : whole == 8 ? 1 : 2];
  const llvm::Intrinsic::ID id = llvm::Function::lookupIntrinsicID(llvm::StringRef(name.data(), name.size()));
  if (id == llvm::Intrinsic::not_intrinsic) internal_error("codegen", "no intrinsic " + std::string(name));
  llvm::Function* function = llvm::Intrinsic::getDeclaration(&module, id);
  const auto call = [&](llvm::Value* before, std::vector<llvm::Value*> args) {
    if (instruction.adds) args.insert(args.begin(), before);
    for (size_t i = 0; i < args.size(); ++i)
      args[i] = builder.CreateBitCast(args[i], function->getFunctionType()->getParamType(static_cast<unsigned>(i)));
    llvm::Value* result = builder.CreateBitCast(builder.CreateCall(function, args), before->getType());
    return instruction.adds ? result : builder.CreateAdd(before, result);
  };
  sum = widened(builder, sum, whole);
  std::vector<llvm::Value*> words;
  for (llvm::Value* operand : operands) {
    const bool shared = lanes > 1 && !operand->getType()->isVectorTy();
    words.push_back(shared ? builder.CreateVectorSplat(static_cast<unsigned>(whole), operand) : widened(builder, operand, whole));
  }
  if (instruction.shifted) {                                // rows of a tile share the correction
    llvm::Value* shift = builder.CreateVectorSplat(static_cast<unsigned>(whole), builder.getInt32(0x80808080));
    sum = builder.CreateSub(sum, call(llvm::Constant::getNullValue(sum->getType()), {shift, words[1]}));
    words[0] = builder.CreateXor(words[0], shift);
  }
  llvm::Value* result = call(sum, words);
  if (lanes == whole) return result;
  return lanes == 1 ? builder.CreateExtractElement(result, uint64_t{0}) : words_from(builder, result, 0, lanes);
}

// a 2^floor(b) of floats, as many as fit a register.
llvm::Value* scaled(llvm::IRBuilder<>& builder, llvm::Value* a, llvm::Value* b, int lanes) {
  const int whole = std::max(static_cast<int>(std::bit_ceil(static_cast<unsigned>(lanes))), fewest_bits / 32);
  const llvm::Intrinsic::ID id = whole == 4   ? llvm::Intrinsic::x86_avx512_mask_scalef_ps_128
                                 : whole == 8 ? llvm::Intrinsic::x86_avx512_mask_scalef_ps_256
                                              : llvm::Intrinsic::x86_avx512_mask_scalef_ps_512;
  const auto floats = [&](llvm::Value* v) {
    return builder.CreateBitCast(widened(builder, builder.CreateBitCast(v, lanes == 1 ? static_cast<llvm::Type*>(builder.getInt32Ty()) : words_of(builder, lanes)), whole),
                                 llvm::FixedVectorType::get(builder.getFloatTy(), static_cast<unsigned>(whole)));
  };
  const unsigned bits = static_cast<unsigned>(std::max(whole, 8));
  std::vector<llvm::Value*> args{floats(a), floats(b)};
  args.push_back(llvm::Constant::getNullValue(args[0]->getType()));
  args.push_back(llvm::ConstantInt::get(builder.getIntNTy(bits), ~uint64_t{0} >> (64 - bits)));
  constexpr int current_rounding = 4;
  if (whole == 16) args.push_back(builder.getInt32(current_rounding));
  llvm::Value* result = builder.CreateIntrinsic(id, {}, args);
  if (lanes == whole) return result;
  return lanes == 1 ? builder.CreateExtractElement(result, uint64_t{0}) : words_from(builder, result, 0, lanes);
}

}  // namespace

llvm::Value* Emitter::emit_scaling(const Expr& e) {
  const int lanes = e.type().lanes, most = std::min(lanes, state_.target.lanes(4));
  llvm::Value *a = emit(e.arg(0)), *b = emit(e.arg(1));
  std::vector<llvm::Value*> parts;
  for (int first = 0; first < lanes; first += most) {
    const auto part = [&](llvm::Value* v) { return most == lanes ? v : words_from(builder_, v, first, most); };
    parts.push_back(scaled(builder_, part(a), part(b), most));
  }
  return parts.size() == 1 ? parts[0] : llvm::concatenateVectors(builder_, parts);
}

// Each lane's group of an operand is a word of 32 bits; one group for all lanes is repeated. More lanes than a register holds
// are several instructions: unlike LLVM's own operators, they have the width of their name.
llvm::Value* Emitter::emit_instruction(const Expr& e) {
  if (e->name == scaling_instruction) return emit_scaling(e);
  const Instruction* instruction = instruction_named(e->name);
  if (!instruction) internal_error("codegen", "no instruction " + e->name);
  const int lanes = e.type().lanes, most = std::min(lanes, state_.target.lanes(4));
  llvm::Value* sum = emit(e.arg(0));
  std::vector<llvm::Value*> operands;
  for (size_t i = 1; i < e.args().size(); ++i) {
    const int words = static_cast<int>(bytes_of(e.arg(i).type().dtype)) * e.arg(i).type().lanes / 4;
    operands.push_back(builder_.CreateBitCast(
        emit(e.arg(i)), words == 1 ? static_cast<llvm::Type*>(builder_.getInt32Ty()) : words_of(builder_, words)));
  }
  std::vector<llvm::Value*> parts;
  for (int first = 0; first < lanes; first += most) {
    std::vector<llvm::Value*> mine;
    for (llvm::Value* operand : operands) mine.push_back(most == lanes ? operand : words_from(builder_, operand, first, most));
    llvm::Value* before = most == lanes ? sum : words_from(builder_, sum, first, most);
    parts.push_back(call_of(builder_, state_.module, *instruction, before, mine, most));
  }
  return parts.size() == 1 ? parts[0] : llvm::concatenateVectors(builder_, parts);
}

}  // namespace lathe::codegen
