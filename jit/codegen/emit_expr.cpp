// Expressions that are not accesses, and where they are emitted.
#include "jit/codegen/emitter.h"
#include "jit/codegen/small_floats.h"
#include "jit/codegen/types.h"

namespace lathe::codegen {

int Emitter::level_of(const Expr& e) const {
  switch (e.kind()) {
    case ExprKind::constant: return 0;
    case ExprKind::access: return reads_memory;
    case ExprKind::var: {
      auto found = variables_.find(e->name);
      if (found == variables_.end()) internal_error("codegen", "the variable " + e->name + " is not defined here");
      return found->second.level;
    }
    default: {
      int level = 0;
      for (const Expr& arg : e.args()) level = std::max(level, level_of(arg));
      return level;
    }
  }
}

llvm::Value* Emitter::hoist(int level, const std::function<llvm::Value*()>& emit_here) {
  level = std::max(level, floor_);
  if (level >= depth_) return emit_here();
  llvm::IRBuilder<>::InsertPointGuard guard(builder_);
  const int depth_before = std::exchange(depth_, level);
  const LoopState& loop = loops_[static_cast<size_t>(level)];
  const size_t frame_before = std::exchange(frame_, loop.outer_frame);
  builder_.SetInsertPoint(loop.preheader->getTerminator());
  llvm::Value* value = emit_here();
  depth_ = depth_before;
  frame_ = frame_before;
  return value;
}

llvm::Value* Emitter::known(const Expr& e) const {
  for (size_t i = frame_ + 1; i-- > 0;) {
    auto found = frames_[i].values.find(e);
    if (found != frames_[i].values.end()) return found->second;
  }
  return nullptr;
}

llvm::Value* Emitter::emit(const Expr& e) {
  if (e.kind() == ExprKind::constant) return constant_of(context_of_llvm_, e);
  if (e.kind() == ExprKind::access) return emit_access(e);
  const int level = level_of(e);
  if (e.kind() == ExprKind::var) return variables_.at(e->name).value;
  if (level == reads_memory) return emit_node(e);
  return hoist(level, [&] {
    if (llvm::Value* value = known(e)) return value;
    llvm::Value* value = emit_node(e);
    frames_[frame_].values.emplace(e, value);
    return value;
  });
}

llvm::Value* Emitter::emit_node(const Expr& e) {
  switch (e.kind()) {
    case ExprKind::op: return emit_op(e);
    case ExprKind::cast: return emit_cast(e);
    case ExprKind::ramp: return emit_ramp(e);
    case ExprKind::broadcast: {
      llvm::Value* scalar = emit(e.arg(0));
      return builder_.CreateVectorSplat(static_cast<unsigned>(e.type().lanes), scalar);
    }
    case ExprKind::instruction: return emit_instruction(e);
    default: internal_error("codegen", "an expression that is not of the loop IR");
  }
}

llvm::Value* Emitter::emit_cast(const Expr& e) {
  if (llvm::Value* floats = emit_halves(e)) return floats;
  llvm::Value* value = emit(e.arg(0));
  DType from = e.arg(0).type().dtype;
  const DType to = e.type().dtype;
  if (from == to) return value;
  const bool instructions = state_.target.has_feature("f16c");
  if (is_storage(from)) {
    value = from_small_float(builder_, value, from, instructions);
    from = DType::f32;
  }
  if (is_storage(to)) return to_small_float(builder_, value, to, instructions);
  return apply_cast(builder_, value, from, e.type());
}

namespace {

bool calls_library(const Expr& e) { return e.kind() == ExprKind::op && info_of(e->op).pipe == Pipe::math; }

}  // namespace

llvm::Value* Emitter::emit_op(const Expr& e) {
  if (e->op == Op::lt || e->op == Op::gt) {
    if (llvm::Value* prefix = emit_prefix(e)) return prefix;
  }
  if (e->op == Op::div) {
    if (llvm::Value* quotient = emit_division(e)) return quotient;
  }
  if (e->op == Op::mod && !is_float(e.type().dtype) && !is_integer_constant(e.arg(1))) {
    // Where the quotient is there already, the rest is a product away. The remainder of a division by 0 is 0.
    if (llvm::Value* quotient = known(make_op(Op::div, e.args()))) {
      llvm::Value *a = emit(e.arg(0)), *b = emit(e.arg(1));
      llvm::Value* rest = builder_.CreateSub(a, builder_.CreateMul(quotient, b));
      llvm::Value* zero = llvm::Constant::getNullValue(a->getType());
      return builder_.CreateSelect(builder_.CreateICmpEQ(b, zero), zero, rest);
    }
  }
  std::vector<llvm::Value*> args;
  // A call of the C library for lanes that seldom want it is jumped over where none does. Code that is hoisted ends with
  // the branch of its block already and cannot.
  const bool at_end = builder_.GetInsertPoint() == builder_.GetInsertBlock()->end();
  if (e.is_op(Op::select) && at_end && calls_library(e.arg(1))) {
    for (const Expr& arg : e.arg(1).args()) args.push_back(emit(arg));
    llvm::Value *condition = emit(e.arg(0)), *otherwise = emit(e.arg(2));
    return apply_where(builder_, e.arg(1)->op, e.type().dtype, args, condition, otherwise);
  }
  for (const Expr& arg : e.args()) args.push_back(emit(arg));
  const DType dtype = e.arg(e->op == Op::select ? 1 : 0).type().dtype;
  const bool orders = e->op == Op::min || e->op == Op::max || e->op == Op::min_number || e->op == Op::max_number;
  if (orders && is_float(dtype)) {
    return emit_number_order(builder_, e->op, args[0], args[1], never_nan_.holds(e.arg(0)), never_nan_.holds(e.arg(1)));
  }
  return apply_op(builder_, e->op, dtype, args);
}

llvm::Value* Emitter::emit_ramp(const Expr& e) {
  const auto lanes = static_cast<unsigned>(e.type().lanes);
  const DType dtype = e.type().dtype;
  llvm::Value* base = builder_.CreateVectorSplat(lanes, emit(e.arg(0)));
  llvm::Value* stride = builder_.CreateVectorSplat(lanes, emit(e.arg(1)));
  llvm::Value* lane = apply_cast(builder_, iota(context_of_llvm_, 64, e.type().lanes), DType::i64, e.type());
  return apply_op(builder_, Op::add, dtype, {base, apply_op(builder_, Op::mul, dtype, {lane, stride})});
}

// The lanes l with a + l < bound are the first max(0, bound - a): a comparison of lane numbers with one count, in
// integers as wide as the elements such a mask is likely to be used with.
llvm::Value* Emitter::emit_prefix(const Expr& e) {
  const int lanes = e.type().lanes;
  llvm::Value* count = prefix_count(e, lanes);
  if (!count) return nullptr;
  const int narrowest = state_.target.mask_registers ? 8 : 32;
  int bits = 32;
  while (bits > narrowest && bits * lanes > 8 * state_.target.vector_bytes) bits /= 2;
  if (bits < 32 && lanes >= 1 << (bits - 1)) bits = 32;
  llvm::Value* narrow = builder_.CreateTrunc(count, builder_.getIntNTy(static_cast<unsigned>(bits)));
  llvm::Value* bound = builder_.CreateVectorSplat(static_cast<unsigned>(lanes), narrow);
  // Signed: x86 compares signed integers without help, and a count is less than 2^(bits - 1).
  return builder_.CreateICmpSLT(iota(context_of_llvm_, bits, lanes), bound);
}

llvm::Value* Emitter::prefix_count(const Expr& mask, int lanes) {
  if (mask.kind() == ExprKind::var) {
    const Expr& definition = variables_.at(mask->name).definition;
    return definition.defined() ? prefix_count(definition, lanes) : nullptr;
  }
  const bool less = mask.is_op(Op::lt);
  if (lanes == 1 || (!less && !mask.is_op(Op::gt))) return nullptr;
  if (mask.arg(0).type().dtype != DType::i64 || level_of(mask) == reads_memory) return nullptr;
  std::optional<LaneForm> lane = lane_form_of(mask.arg(less ? 0 : 1));
  std::optional<LaneForm> bound = lane_form_of(mask.arg(less ? 1 : 0));
  if (!lane || !bound || (lane->stride - bound->stride).as_constant() != 1) return nullptr;
  if (!bound->stride.is_zero()) return nullptr;
  return hoist(std::max(level_of(lane->base), level_of(bound->base)), [&] {
    const auto key = std::tuple(lane->base, bound->base, lanes);
    for (size_t i = frame_ + 1; i-- > 0;) {
      auto found = frames_[i].counts.find(key);
      if (found != frames_[i].counts.end()) return found->second;
    }
    llvm::Value* first = emit_form(lane->base);
    llvm::Value* end = emit_form(bound->base);
    // Unsigned, the difference is right even where it exceeds the signed range.
    llvm::Value* all = builder_.getInt64(static_cast<uint64_t>(lanes));
    llvm::Value* count = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, builder_.CreateSub(end, first), all);
    count = builder_.CreateSelect(builder_.CreateICmpSGT(end, first), count, builder_.getInt64(0));
    frames_[frame_].counts.emplace(key, count);
    return count;
  });
}

}  // namespace lathe::codegen
