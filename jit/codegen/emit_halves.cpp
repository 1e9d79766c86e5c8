// Floats of packed elements of four bits: a number that depends on half a byte has sixteen values, which one register holds.
//
//   cast    f32x16(i8x16(select(ramp(0, 1, 16) % 2 == 1, X[...] >> 4, X[...] & 15) ^ 8) - 8)
//           where X[...] are eight bytes, each in two lanes: bytes become words of 64 bits, whose upper half gets the upper four
//           bits by one shift; a permutation of a table looks at the lowest four bits of each lane
//
// Four instructions, whatever is computed of the four bits; taking them apart and extending their sign takes nine.
#include <llvm/IR/IntrinsicsX86.h>

#include <optional>

#include "jit/codegen/emitter.h"
#include "jit/codegen/types.h"

namespace lathe::codegen {

namespace {

constexpr int lanes = 16;
constexpr uint64_t values = 16;

bool is_constant(const Expr& e) { return e.kind() == ExprKind::constant || (e.kind() == ExprKind::broadcast && is_constant(e.arg(0))); }

// The one argument of an operation that is no constant; null where there are several.
const Expr* varying(const Expr& e) {
  const Expr* found = nullptr;
  for (const Expr& arg : e.args()) {
    if (is_constant(arg)) continue;
    if (found) return nullptr;
    found = &arg;
  }
  return found;
}

// What one lane of the expression comes to where `half` has this value: the builder folds constants. Null where it cannot.
llvm::Constant* value_where(llvm::IRBuilder<>& builder, const Expr& e, const Expr& half, uint64_t value) {
  if (e == half) return builder.getInt8(static_cast<uint8_t>(value));
  if (is_constant(e)) return llvm::cast<llvm::Constant>(constant_of(builder.getContext(), e.kind() == ExprKind::broadcast ? e.arg(0) : e));
  std::vector<llvm::Value*> args;
  for (const Expr& arg : e.args()) {
    args.push_back(value_where(builder, arg, half, value));
    if (!args.back()) return nullptr;
  }
  const DType from = e.arg(0).type().dtype;
  llvm::Value* const result = e.kind() == ExprKind::cast ? apply_cast(builder, args[0], from, {e.type().dtype, 1}) : apply_op(builder, e->op, from, args);
  return llvm::dyn_cast<llvm::Constant>(result);
}

bool is_operation(const Expr& e, Op op, int64_t number) {
  int64_t known = 0;
  return e.is_op(op) && is_integer_constant(e.arg(1), &known) && known == number;
}

// A vector in which each of eight bytes stands in two neighbouring lanes; where a mask is off it holds zeros.
struct Pairs {
  llvm::Value *bytes = nullptr, *mask = nullptr;            // null: it is another vector; all lanes are on
};

Pairs pairs_of(llvm::Value* repeated) {
  Pairs pairs;
  if (auto* const select = llvm::dyn_cast<llvm::SelectInst>(repeated)) {
    const auto* off = llvm::dyn_cast<llvm::Constant>(select->getFalseValue());
    if (!off || !off->isNullValue()) return {};
    pairs.mask = select->getCondition();
    repeated = select->getTrueValue();
  }
  auto* const shuffle = llvm::dyn_cast<llvm::ShuffleVectorInst>(repeated);
  if (!shuffle || shuffle->getShuffleMask().size() != lanes) return {};
  for (int lane = 0; lane < lanes; ++lane) if (shuffle->getMaskValue(static_cast<unsigned>(lane)) != lane / 2) return {};
  const auto* type = llvm::cast<llvm::FixedVectorType>(shuffle->getOperand(0)->getType());
  if (type->getNumElements() == lanes / 2 && type->getElementType()->isIntegerTy(8)) pairs.bytes = shuffle->getOperand(0);
  return pairs;
}

}  // namespace

// Whether lanes l, beginning with an even one, are chosen where they are odd.
bool Emitter::chooses_odd_lanes(const Expr& condition) {
  if (condition.kind() == ExprKind::var) {
    const Expr& definition = variables_.at(condition->name).definition;
    return definition.defined() && chooses_odd_lanes(definition);
  }
  if (!is_operation(condition, Op::eq, 1) || !is_operation(condition.arg(0), Op::mod, 2)) return false;
  const std::optional<LaneForm> lane = lane_form_of(condition.arg(0).arg(0));
  if (!lane || lane->stride.as_constant() != 1) return false;
  return std::all_of(lane->base.terms.begin(), lane->base.terms.end(), [](const Term& term) { return term.coefficient % 2 == 0; });
}

// Null where the cast is of something else.
llvm::Value* Emitter::emit_halves(const Expr& e) {
  if (e.type().dtype != DType::f32 || e.type().lanes != lanes || !state_.target.has_feature("avx512f")) return nullptr;
  const Expr* half = &e.arg(0);
  while (half && !half->is_op(Op::select)) half = half->kind() == ExprKind::op || half->kind() == ExprKind::cast ? varying(*half) : nullptr;
  if (!half || !chooses_odd_lanes(half->arg(0))) return nullptr;
  const Expr &upper = half->arg(1), &lower = half->arg(2);
  if (!is_operation(upper, Op::shift_right, 4) || !is_operation(lower, Op::bit_and, 15) || !(upper.arg(0) == lower.arg(0))) return nullptr;
  if (upper.type().dtype != DType::u8) return nullptr;
  const Pairs pairs = pairs_of(emit(upper.arg(0)));
  if (!pairs.bytes) return nullptr;
  std::vector<llvm::Constant*> table;
  for (uint64_t n = 0; n < values; ++n) {
    table.push_back(value_where(builder_, e, *half, n));
    if (!table.back()) return nullptr;
  }
  llvm::Type* const words = llvm::FixedVectorType::get(builder_.getInt64Ty(), lanes / 2);
  llvm::Value* const whole = builder_.CreateZExt(pairs.bytes, words);
  llvm::Value* const both = builder_.CreateOr(whole, builder_.CreateShl(whole, uint64_t{28}));
  llvm::Value* const places = builder_.CreateBitCast(both, llvm::FixedVectorType::get(builder_.getInt32Ty(), lanes));
  llvm::Value* const floats = builder_.CreateIntrinsic(llvm::Intrinsic::x86_avx512_permvar_sf_512, {}, {llvm::ConstantVector::get(table), places});
  if (!pairs.mask) return floats;
  return builder_.CreateSelect(pairs.mask, floats, llvm::ConstantVector::getSplat(llvm::ElementCount::getFixed(lanes), table[0]));
}

}  // namespace lathe::codegen
