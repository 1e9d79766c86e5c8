// Vectors divided by one number, as rows by their sums: by its reciprocal, to the same bits.
//
//   E[ramp(b, 1, 16)] / broadcast(total, 16)    one division for all vectors of a row, five multiplications and sums each
//
// A division of a vector takes as long as a dozen multiplications. With r = 1/d rounded once and s what r lacks, s = r (1 - d r),
// q = a r + a s is one of the two floats around a/d, and q + r (a - q d) rounds as the division does (Markstein, Computation of
// Elementary Functions on the IBM RISC System/6000 Processor, 1990, theorem 5): the remainder a - q d is exact where nothing
// underflows. Where some a or d is too large or too small for that, or zero (whose sign a sum loses), infinite or NaN, the
// vector is divided.
#include <llvm/Analysis/VectorUtils.h>
#include <llvm/IR/MDBuilder.h>

#include "jit/codegen/emitter.h"
#include "jit/codegen/types.h"

namespace lathe::codegen {

namespace {

constexpr int fewest_lanes = 8;
constexpr uint32_t exponent_bits = 23, bias = 127;

constexpr uint32_t bits_of_power(int exponent) { return static_cast<uint32_t>(exponent + static_cast<int>(bias)) << exponent_bits; }

// Whether 2^-limit <= |x| < 2^limit, of each lane.
llvm::Value* is_moderate(llvm::IRBuilder<>& builder, llvm::Value* x, int limit) {
  llvm::Type* type = x->getType()->getWithNewType(builder.getInt32Ty());
  const auto number = [&](uint32_t bits) { return llvm::ConstantInt::get(type, bits); };
  llvm::Value* magnitude = builder.CreateAnd(builder.CreateBitCast(x, type), number(0x7fffffff));
  const uint32_t lowest = bits_of_power(-limit);
  return builder.CreateICmpULT(builder.CreateSub(magnitude, number(lowest)), number(bits_of_power(limit) - lowest));
}

// To where the number is known first, mostly outside of loops.
void move_behind(llvm::IRBuilder<>& builder, llvm::Value* number) {
  auto* made = llvm::dyn_cast<llvm::Instruction>(number);
  if (!made || made->getParent() == builder.GetInsertBlock()) return;
  if (llvm::isa<llvm::PHINode>(made))
    builder.SetInsertPoint(made->getParent(), made->getParent()->getFirstInsertionPt());
  else
    builder.SetInsertPoint(made->getNextNode());
}

}  // namespace

llvm::Value* Emitter::emit_division(const Expr& e) {
  const bool at_end = builder_.GetInsertPoint() == builder_.GetInsertBlock()->end();
  if (!at_end || e.type().dtype != DType::f32 || e.type().lanes < fewest_lanes || !state_.target.has_feature("fma")) return nullptr;
  llvm::Value *a = emit(e.arg(0)), *all = emit(e.arg(1)), *d = llvm::getSplatValue(all);
  if (!d || llvm::isa<llvm::Constant>(d)) return nullptr;
  const auto lanes = static_cast<unsigned>(e.type().lanes);
  const auto fma = [&](llvm::Value* x, llvm::Value* y, llvm::Value* z) { return builder_.CreateIntrinsic(llvm::Intrinsic::fma, {x->getType()}, {x, y, z}); };
  llvm::Value *reciprocal, *lacking, *is_divisor_moderate;
  {
    llvm::IRBuilder<>::InsertPointGuard back(builder_);
    move_behind(builder_, d);
    llvm::Value *one = llvm::ConstantFP::get(d->getType(), 1), *inverse = builder_.CreateFDiv(one, d);
    lacking = builder_.CreateVectorSplat(lanes, builder_.CreateFMul(inverse, fma(builder_.CreateFNeg(d), inverse, one)));
    reciprocal = builder_.CreateVectorSplat(lanes, inverse);
    is_divisor_moderate = is_moderate(builder_, inverse, 32);
  }
  llvm::Value* moderate = builder_.CreateAnd(builder_.CreateAndReduce(is_moderate(builder_, a, 90)), is_divisor_moderate);
  llvm::BasicBlock *quick = new_block("quick"), *exact = new_block("exact"), *after = new_block("after");
  builder_.CreateCondBr(moderate, quick, exact, llvm::MDBuilder(context_of_llvm_).createBranchWeights(1000, 1));
  builder_.SetInsertPoint(quick);
  llvm::Value* quotient = fma(a, reciprocal, builder_.CreateFMul(a, lacking));
  quotient = fma(fma(builder_.CreateFNeg(quotient), all, a), reciprocal, quotient);
  builder_.CreateBr(after);
  builder_.SetInsertPoint(exact);
  llvm::Value* divided = builder_.CreateFDiv(a, all);
  builder_.CreateBr(after);
  builder_.SetInsertPoint(after);
  llvm::PHINode* result = builder_.CreatePHI(a->getType(), 2);
  result->addIncoming(quotient, quick);
  result->addIncoming(divided, exact);
  return result;
}

}  // namespace lathe::codegen
