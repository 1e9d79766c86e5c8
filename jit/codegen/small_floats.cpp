// Conversions round to nearest, ties to even, and keep NaN. Without instructions for f16 they are done on the bits, lane
// by lane in the same way:
//
//   f16 -> f32   the mantissa moves up by 13 bits and the exponent is biased anew; 2^-14 is taken off numbers without a
//                leading one, which the bias has given one
//   f32 -> f16   half a unit of the last place less a bit is added, and the bit itself where the kept mantissa is odd;
//                numbers below 2^-14 are added to 1/2, whose last place is theirs: the addition rounds
//   bf16         the upper half of an f32, with the same rounding
#include "jit/codegen/small_floats.h"

#include "jit/codegen/types.h"

namespace lathe::codegen {

namespace {

using llvm::Value;

constexpr uint32_t f32_infinity = 0x7f800000, sign_bit = 0x80000000;
constexpr uint32_t bias_step = (127 - 15) << 23;            // between the exponents of f16 and f32

class Converter {
 public:
  Converter(llvm::IRBuilder<>& builder, Value* like) : b_(builder) {
    auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(like->getType());
    lanes_ = vector ? static_cast<int>(vector->getNumElements()) : 1;
  }

  llvm::Type* type(DType dtype) const { return register_type(b_.getContext(), {dtype, lanes_}); }
  llvm::Type* half_type() const {
    llvm::Type* half = llvm::Type::getHalfTy(b_.getContext());
    return lanes_ == 1 ? half : llvm::FixedVectorType::get(half, static_cast<unsigned>(lanes_));
  }
  Value* word(uint32_t value) const { return llvm::ConstantInt::get(type(DType::u32), value); }
  Value* widened(Value* bits) const { return b_.CreateZExt(bits, type(DType::u32)); }
  Value* narrowed(Value* bits) const { return b_.CreateTrunc(bits, type(DType::u16)); }
  Value* as_float(Value* bits) const { return b_.CreateBitCast(bits, type(DType::f32)); }
  Value* as_bits(Value* value) const { return b_.CreateBitCast(value, type(DType::u32)); }

  Value* from_f16(Value* small) const {
    Value* bits = widened(small);
    Value* shifted = b_.CreateShl(b_.CreateAnd(bits, word(0x7fff)), word(13));
    Value* exponent = b_.CreateAnd(shifted, word(0x1f << 23));
    Value* biased = b_.CreateAdd(shifted, word(bias_step));
    Value* special = b_.CreateAdd(biased, word(bias_step));
    Value* tiny = b_.CreateFSub(as_float(b_.CreateAdd(biased, word(1 << 23))), as_float(word(bias_step + (1 << 23))));
    Value* size = b_.CreateSelect(b_.CreateICmpEQ(exponent, word(0x1f << 23)), special, biased);
    size = b_.CreateSelect(b_.CreateICmpEQ(exponent, word(0)), as_bits(tiny), size);
    Value* sign = b_.CreateShl(b_.CreateAnd(bits, word(0x8000)), word(16));
    return as_float(b_.CreateOr(size, sign));
  }

  Value* to_f16(Value* value) const {
    Value* bits = as_bits(value);
    Value* sign = b_.CreateAnd(bits, word(sign_bit));
    Value* size = b_.CreateXor(bits, sign);
    Value* odd = b_.CreateAnd(b_.CreateLShr(size, word(13)), word(1));
    Value* normal = b_.CreateAdd(b_.CreateAdd(size, word(0xfff - bias_step)), odd);
    normal = b_.CreateLShr(normal, word(13));
    Value* half = word(126 << 23);
    Value* tiny = b_.CreateSub(as_bits(b_.CreateFAdd(as_float(size), as_float(half))), half);
    Value* is_nan = b_.CreateICmpSGT(size, word(f32_infinity));
    Value* special = b_.CreateSelect(is_nan, word(0x7e00), word(0x7c00));
    Value* result = b_.CreateSelect(b_.CreateICmpSLT(size, word((127 - 14) << 23)), tiny, normal);
    result = b_.CreateSelect(b_.CreateICmpSLT(size, word((127 + 16) << 23)), result, special);
    return narrowed(b_.CreateOr(result, b_.CreateLShr(sign, word(16))));
  }

  Value* from_bf16(Value* small) const { return as_float(b_.CreateShl(widened(small), word(16))); }

  Value* to_bf16(Value* value) const {
    Value* bits = as_bits(value);
    Value* odd = b_.CreateAnd(b_.CreateLShr(bits, word(16)), word(1));
    Value* rounded = b_.CreateAdd(b_.CreateAdd(bits, word(0x7fff)), odd);
    Value* is_nan = b_.CreateFCmpUNO(value, value);
    return narrowed(b_.CreateLShr(b_.CreateSelect(is_nan, b_.CreateOr(bits, word(1 << 22)), rounded), word(16)));
  }

 private:
  llvm::IRBuilder<>& b_;
  int lanes_ = 1;
};

}  // namespace

Value* from_small_float(llvm::IRBuilder<>& builder, Value* bits, DType dtype, bool instructions) {
  const Converter convert(builder, bits);
  if (dtype == DType::bf16) return convert.from_bf16(bits);
  if (!instructions) return convert.from_f16(bits);
  return builder.CreateFPExt(builder.CreateBitCast(bits, convert.half_type()), convert.type(DType::f32));
}

Value* to_small_float(llvm::IRBuilder<>& builder, Value* value, DType dtype, bool instructions) {
  const Converter convert(builder, value);
  if (dtype == DType::bf16) return convert.to_bf16(value);
  if (!instructions) return convert.to_f16(value);
  return builder.CreateBitCast(builder.CreateFPTrunc(value, convert.half_type()), convert.type(DType::u16));
}

}  // namespace lathe::codegen
