// Scalar operators and casts as LLVM instructions: the meaning column of lang/ops.def, total for every operand. LLVM's
// own division and shifts are undefined for some operands; each use here is guarded or proved by a constant.
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>

#include <bit>
#include <cmath>

#include "jit/codegen/types.h"

namespace lathe::codegen {

namespace {

using llvm::ConstantInt;
using llvm::Value;
using Builder = llvm::IRBuilder<>;

Value* integer(Value* like, int64_t value) {
  return ConstantInt::get(like->getType(), static_cast<uint64_t>(value), true);
}

// The value of a constant scalar or of a vector of equal constants.
const llvm::APInt* constant_value(Value* v) {
  auto* constant = llvm::dyn_cast<llvm::Constant>(v);
  if (constant && v->getType()->isVectorTy()) constant = constant->getSplatValue();
  auto* scalar = llvm::dyn_cast_or_null<ConstantInt>(constant);
  return scalar ? &scalar->getValue() : nullptr;
}

// The quotient and remainder of floor division where b is neither 0 nor -1.
struct FloorDivision {
  Value* quotient;
  Value* remainder;
};
FloorDivision divide_floor(Builder& builder, Value* a, Value* b) {
  Value* quotient = builder.CreateSDiv(a, b);
  Value* remainder = builder.CreateSub(a, builder.CreateMul(quotient, b));
  Value* inexact = builder.CreateICmpNE(remainder, integer(a, 0));
  Value* signs_differ = builder.CreateICmpSLT(builder.CreateXor(remainder, b), integer(a, 0));
  Value* down = builder.CreateAnd(inexact, signs_differ);
  return {builder.CreateAdd(quotient, builder.CreateSExt(down, a->getType())),
          builder.CreateAdd(remainder, builder.CreateSelect(down, b, integer(a, 0)))};
}

Value* divide_by_constant(Builder& builder, bool wants_quotient, bool is_signed, Value* a, const llvm::APInt& by) {
  if (by.isZero()) return integer(a, 0);
  if (is_signed && by.isAllOnes()) return wants_quotient ? builder.CreateNeg(a) : integer(a, 0);
  if (by.isPowerOf2() && !(is_signed && by.isNegative())) {
    Value* shift = integer(a, by.logBase2());
    Value* mask = ConstantInt::get(a->getType(), by - 1);
    if (!wants_quotient) return builder.CreateAnd(a, mask);
    return is_signed ? builder.CreateAShr(a, shift) : builder.CreateLShr(a, shift);
  }
  Value* b = ConstantInt::get(a->getType(), by);
  if (!is_signed) return wants_quotient ? builder.CreateUDiv(a, b) : builder.CreateURem(a, b);
  FloorDivision division = divide_floor(builder, a, b);
  return wants_quotient ? division.quotient : division.remainder;
}

Value* divide_integers(Builder& builder, Op op, bool is_signed, Value* a, Value* b) {
  const bool wants_quotient = op == Op::div;
  if (const llvm::APInt* by = constant_value(b)) return divide_by_constant(builder, wants_quotient, is_signed, a, *by);
  Value* is_zero = builder.CreateICmpEQ(b, integer(b, 0));
  if (!is_signed) {
    Value* safe = builder.CreateSelect(is_zero, integer(b, 1), b);
    if (!wants_quotient) return builder.CreateSelect(is_zero, integer(a, 0), builder.CreateURem(a, safe));
    return builder.CreateSelect(is_zero, integer(a, 0), builder.CreateUDiv(a, safe));
  }
  // Division by 1 has remainder 0, which is also the answer for 0 and -1; the smallest integer / -1 would trap.
  Value* is_minus_one = builder.CreateICmpEQ(b, integer(b, -1));
  Value* safe = builder.CreateSelect(builder.CreateOr(is_zero, is_minus_one), integer(b, 1), b);
  FloorDivision division = divide_floor(builder, a, safe);
  if (!wants_quotient) return division.remainder;
  Value* quotient = builder.CreateSelect(is_minus_one, builder.CreateNeg(a), division.quotient);
  return builder.CreateSelect(is_zero, integer(a, 0), quotient);
}

Value* shift(Builder& builder, Op op, bool is_signed, Value* a, Value* b) {
  Value* width = integer(b, b->getType()->getScalarSizeInBits());
  Value* in_range = builder.CreateICmpULT(b, width);
  // The unselected arm may be poison: select does not let it through.
  if (op == Op::shift_left) return builder.CreateSelect(in_range, builder.CreateShl(a, b), integer(a, 0));
  if (!is_signed) return builder.CreateSelect(in_range, builder.CreateLShr(a, b), integer(a, 0));
  Value* last = integer(b, b->getType()->getScalarSizeInBits() - 1);
  Value* by = builder.CreateBinaryIntrinsic(llvm::Intrinsic::umin, b, last);
  Value* is_negative = builder.CreateICmpSLT(b, integer(b, 0));
  return builder.CreateSelect(is_negative, integer(a, 0), builder.CreateAShr(a, by));
}

Value* compare(Builder& builder, Op op, DType dtype, Value* a, Value* b) {
  using P = llvm::CmpInst::Predicate;
  struct Row {
    Op op;
    P of_floats, of_signed, of_unsigned;
  };
  static constexpr Row rows[] = {
      {Op::eq, P::FCMP_OEQ, P::ICMP_EQ, P::ICMP_EQ},   {Op::ne, P::FCMP_UNE, P::ICMP_NE, P::ICMP_NE},
      {Op::lt, P::FCMP_OLT, P::ICMP_SLT, P::ICMP_ULT}, {Op::le, P::FCMP_OLE, P::ICMP_SLE, P::ICMP_ULE},
      {Op::gt, P::FCMP_OGT, P::ICMP_SGT, P::ICMP_UGT}, {Op::ge, P::FCMP_OGE, P::ICMP_SGE, P::ICMP_UGE},
  };
  for (const Row& row : rows) {
    if (row.op != op) continue;
    if (is_float(dtype)) return builder.CreateFCmp(row.of_floats, a, b);
    return builder.CreateICmp(is_signed(dtype) ? row.of_signed : row.of_unsigned, a, b);
  }
  internal_error("codegen", "a comparison that is none");
}

// A call of the C library for each lane.
Value* call_library(Builder& builder, const std::string& name, DType dtype, const std::vector<Value*>& args) {
  llvm::Type* element = register_type(builder.getContext(), {dtype, 1});
  std::vector<llvm::Type*> parameters(args.size(), element);
  llvm::Module* module = builder.GetInsertBlock()->getModule();
  llvm::FunctionCallee callee = module->getOrInsertFunction(name + (dtype == DType::f32 ? "f" : ""),
                                                            llvm::FunctionType::get(element, parameters, false));
  auto* function = llvm::cast<llvm::Function>(callee.getCallee());
  function->setDoesNotThrow();
  function->setDoesNotAccessMemory();
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(args[0]->getType());
  if (!vector) return builder.CreateCall(callee, args);
  Value* result = llvm::PoisonValue::get(vector);
  for (unsigned lane = 0; lane < vector->getNumElements(); ++lane) {
    std::vector<Value*> scalars;
    for (Value* arg : args) scalars.push_back(builder.CreateExtractElement(arg, lane));
    result = builder.CreateInsertElement(result, builder.CreateCall(callee, scalars), lane);
  }
  return result;
}

Value* reinterpreted(Builder& builder, Value* a, DType as) {
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(a->getType());
  const int lanes = vector ? static_cast<int>(vector->getNumElements()) : 1;
  return builder.CreateBitCast(a, register_type(builder.getContext(), {as, lanes}));
}

Value* apply_float_op(Builder& builder, Op op, DType dtype, const std::vector<Value*>& args) {
  Value* a = args[0];
  const auto unary = [&](llvm::Intrinsic::ID id) { return builder.CreateUnaryIntrinsic(id, a); };
  switch (op) {
    case Op::add: return builder.CreateFAdd(a, args[1]);
    case Op::sub: return builder.CreateFSub(a, args[1]);
    case Op::mul: return builder.CreateFMul(a, args[1]);
    case Op::div: return builder.CreateFDiv(a, args[1]);
    case Op::mod: {
      Value* whole = builder.CreateUnaryIntrinsic(llvm::Intrinsic::floor, builder.CreateFDiv(a, args[1]));
      return builder.CreateFSub(a, builder.CreateFMul(whole, args[1]));
    }
    case Op::fma: return builder.CreateIntrinsic(llvm::Intrinsic::fma, {a->getType()}, args);
    case Op::neg: return builder.CreateFNeg(a);
    case Op::abs: return unary(llvm::Intrinsic::fabs);
    case Op::floor: return unary(llvm::Intrinsic::floor);
    case Op::ceil: return unary(llvm::Intrinsic::ceil);
    case Op::round: return unary(llvm::Intrinsic::roundeven);
    case Op::sqrt: return unary(llvm::Intrinsic::sqrt);
    case Op::bits_of: return reinterpreted(builder, a, result_of(op, dtype));
    case Op::exp: case Op::exp2: case Op::log: case Op::log2: case Op::sin: case Op::cos: case Op::tanh: case Op::erf:
    case Op::pow:
      return call_library(builder, std::string(info_of(op).name), dtype, args);
    default: internal_error("codegen", std::string(info_of(op).name) + " does not exist for floats");
  }
}

Value* apply_integer_op(Builder& builder, Op op, DType dtype, const std::vector<Value*>& args) {
  Value* a = args[0];
  const bool is_signed_type = is_signed(dtype);
  const auto order = [&](llvm::Intrinsic::ID of_signed, llvm::Intrinsic::ID of_unsigned) {
    return builder.CreateBinaryIntrinsic(is_signed_type ? of_signed : of_unsigned, a, args[1]);
  };
  switch (op) {
    case Op::add: return builder.CreateAdd(a, args[1]);
    case Op::sub: return builder.CreateSub(a, args[1]);
    case Op::mul: return builder.CreateMul(a, args[1]);
    case Op::fma: return builder.CreateAdd(builder.CreateMul(a, args[1]), args[2]);
    case Op::div: case Op::mod: return divide_integers(builder, op, is_signed_type, a, args[1]);
    case Op::min: case Op::min_number: return order(llvm::Intrinsic::smin, llvm::Intrinsic::umin);
    case Op::max: case Op::max_number: return order(llvm::Intrinsic::smax, llvm::Intrinsic::umax);
    case Op::neg: return builder.CreateNeg(a);
    case Op::abs:
      if (!is_signed_type) return a;
      return builder.CreateBinaryIntrinsic(llvm::Intrinsic::abs, a, builder.getFalse());
    case Op::bit_and: return builder.CreateAnd(a, args[1]);
    case Op::bit_or: return builder.CreateOr(a, args[1]);
    case Op::bit_xor: return builder.CreateXor(a, args[1]);
    case Op::bit_not: return builder.CreateNot(a);
    case Op::shift_left: case Op::shift_right: return shift(builder, op, is_signed_type, a, args[1]);
    case Op::popcount: return builder.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, a);
    case Op::floor: case Op::ceil: case Op::round: return a;
    case Op::float_of_bits: return reinterpreted(builder, a, result_of(op, dtype));
    default: internal_error("codegen", std::string(info_of(op).name) + " does not exist for integers");
  }
}

}  // namespace

Value* apply_op(Builder& builder, Op op, DType dtype, const std::vector<Value*>& args) {
  if (op == Op::select) return builder.CreateSelect(args[0], args[1], args[2]);
  if (info_of(op).boolean_result) return compare(builder, op, dtype, args[0], args[1]);
  if (is_float(dtype)) return apply_float_op(builder, op, dtype, args);
  return apply_integer_op(builder, op, dtype, args);
}

Value* apply_where(Builder& builder, Op op, DType dtype, const std::vector<Value*>& args, Value* condition,
                   Value* otherwise) {
  llvm::LLVMContext& context = builder.getContext();
  llvm::BasicBlock* before = builder.GetInsertBlock();
  auto* seldom = llvm::BasicBlock::Create(context, "seldom", before->getParent());
  auto* after = llvm::BasicBlock::Create(context, "after", before->getParent());
  Value* any = condition->getType()->isVectorTy() ? builder.CreateOrReduce(condition) : condition;
  builder.CreateCondBr(any, seldom, after, llvm::MDBuilder(context).createUnlikelyBranchWeights());
  builder.SetInsertPoint(seldom);
  Value* chosen = builder.CreateSelect(condition, apply_op(builder, op, dtype, args), otherwise);
  builder.CreateBr(after);
  builder.SetInsertPoint(after);
  llvm::PHINode* value = builder.CreatePHI(otherwise->getType(), 2);
  value->addIncoming(otherwise, before);
  value->addIncoming(chosen, seldom);
  return value;
}

// A number to the nearest integer towards zero that the type holds, NaN to 0. LLVM's saturating conversion takes lanes one by
// one; here they stay together: what is outside of the range is moved to its ends beforehand, where these are numbers of
// the float type, and chosen afterwards where the greatest one is not. Null: not one of these types.
static Value* saturated(Builder& builder, Value* value, DType from, Type to) {
  const int64_t bits = 8 * bytes_of(to.dtype);
  const bool exact = from == DType::f64 || bits < 32;       // the ends are numbers of the float type
  if (to.lanes == 1 || bits > 32 || (bits == 32 && !is_signed(to.dtype))) return nullptr;
  const double low = is_signed(to.dtype) ? -std::ldexp(1, static_cast<int>(bits) - 1) : 0;
  const double high = std::ldexp(1, static_cast<int>(bits) - (is_signed(to.dtype) ? 1 : 0)) - 1;
  const double highest = exact ? high : 2147483520.0;       // the greatest f32 below 2^31
  llvm::Type* floats = value->getType();
  const auto number = [&](double x) { return llvm::ConstantFP::get(floats, x); };
  Value* inside = builder.CreateSelect(builder.CreateFCmpOGT(value, number(low)), value, number(low));
  inside = builder.CreateSelect(builder.CreateFCmpOLT(inside, number(highest)), inside, number(highest));
  llvm::Type* words = llvm::VectorType::get(builder.getInt32Ty(), llvm::cast<llvm::VectorType>(floats));
  Value* whole = builder.CreateFPToSI(inside, words);
  if (!exact) {
    Value* beyond = builder.CreateFCmpOGT(value, number(highest));
    whole = builder.CreateSelect(beyond, llvm::ConstantInt::get(words, static_cast<uint64_t>(high)), whole);
  }
  if (low != 0) whole = builder.CreateSelect(builder.CreateFCmpUNO(value, value), llvm::Constant::getNullValue(words), whole);
  return builder.CreateTrunc(whole, register_type(builder.getContext(), to));
}

Value* apply_cast(Builder& builder, Value* value, DType from, Type to) {
  llvm::Type* type = register_type(builder.getContext(), to);
  if (from == to.dtype) return value;
  if (to.dtype == DType::boolean) {
    llvm::Constant* zero = llvm::Constant::getNullValue(value->getType());
    return is_float(from) ? builder.CreateFCmpUNE(value, zero) : builder.CreateICmpNE(value, zero);
  }
  if (is_float(from)) {
    if (is_float(to.dtype)) return builder.CreateFPCast(value, type);
    if (Value* lanes = saturated(builder, value, from, to)) return lanes;
    const auto id = is_signed(to.dtype) ? llvm::Intrinsic::fptosi_sat : llvm::Intrinsic::fptoui_sat;
    return builder.CreateIntrinsic(id, {type, value->getType()}, {value});
  }
  if (is_float(to.dtype)) {
    return is_signed(from) ? builder.CreateSIToFP(value, type) : builder.CreateUIToFP(value, type);
  }
  return is_signed(from) ? builder.CreateSExtOrTrunc(value, type) : builder.CreateZExtOrTrunc(value, type);
}

}  // namespace lathe::codegen
