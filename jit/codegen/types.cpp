#include "jit/codegen/types.h"

#include <llvm/IR/Constants.h>

#include "support/small_float.h"

namespace lathe::codegen {

namespace {

llvm::Type* element_type(llvm::LLVMContext& context, DType dtype, bool in_memory) {
  if (dtype == DType::f32) return llvm::Type::getFloatTy(context);
  if (dtype == DType::f64) return llvm::Type::getDoubleTy(context);
  if (dtype == DType::boolean && !in_memory) return llvm::Type::getInt1Ty(context);
  return llvm::Type::getIntNTy(context, static_cast<unsigned>(bits_of(dtype)));
}

llvm::Type* with_lanes(llvm::Type* element, int lanes) {
  return lanes == 1 ? element : llvm::FixedVectorType::get(element, static_cast<unsigned>(lanes));
}

}  // namespace

llvm::Type* register_type(llvm::LLVMContext& context, Type type) {
  return with_lanes(element_type(context, type.dtype, false), type.lanes);
}

llvm::Type* memory_type(llvm::LLVMContext& context, Type type) {
  return with_lanes(element_type(context, type.dtype, true), type.lanes);
}

llvm::Value* to_register(llvm::IRBuilder<>& builder, llvm::Value* from_memory, DType dtype) {
  if (dtype != DType::boolean) return from_memory;
  return builder.CreateICmpNE(from_memory, llvm::Constant::getNullValue(from_memory->getType()));
}

llvm::Value* to_memory(llvm::IRBuilder<>& builder, llvm::Value* value, DType dtype) {
  if (dtype != DType::boolean) return value;
  llvm::Type* byte = builder.getInt8Ty();
  if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(value->getType())) {
    byte = with_lanes(byte, static_cast<int>(vector->getNumElements()));
  }
  return builder.CreateZExt(value, byte);
}

llvm::Constant* constant_of(llvm::LLVMContext& context, const Expr& constant) {
  llvm::Type* type = register_type(context, constant.type());
  const DType dtype = constant.type().dtype;
  if (dtype == DType::f16) return llvm::ConstantInt::get(type, Float16(constant->float_value).bits);
  if (dtype == DType::bf16) return llvm::ConstantInt::get(type, BFloat16(constant->float_value).bits);
  if (is_float(dtype)) {
    // The value is exact in the type, so the conversion rounds nothing away but a NaN's payload.
    return llvm::ConstantFP::get(type, constant->float_value);
  }
  return llvm::ConstantInt::get(type, static_cast<uint64_t>(constant->integer_value), true);
}

llvm::Constant* iota(llvm::LLVMContext& context, int bits, int lanes) {
  std::vector<llvm::Constant*> values;
  llvm::Type* element = llvm::Type::getIntNTy(context, static_cast<unsigned>(bits));
  for (int lane = 0; lane < lanes; ++lane) values.push_back(llvm::ConstantInt::get(element, uint64_t(lane)));
  return llvm::ConstantVector::get(values);
}

}  // namespace lathe::codegen
