// Addresses, strength-reduced by construction.
//
// An offset is a sum of products (offset_form.h), split by the loop that changes each term. For an access in a loop
// over k with the offset  base + k * stride + rest  (base and stride known before the loop):
//   - pointer + base is emitted before the loop, split further in the same way by the loops around;
//   - all accesses of the loop with one buffer and stride are decided together, when the loop's body is complete:
//       stride of 1, 2, 4 or 8 bytes, few bases   [base_r + k * stride]: the counter is the index of all of them
//       else                                      one pointer p that advances by the stride each time, and
//                                                 [p + d * 1, 2, 4 or 8], d = base_r - base_0, known before the loop.
//         Rows r * la of a matrix then need la, 3 * la, 5 * la ... in registers: half as many as there are rows;
//   - the constant of the offset becomes the displacement, so that accesses that differ by a constant share the rest;
//   - rest, which changes in the loop but not linearly, is added at the access.
// Every address is computed in the block of its access: instruction selection folds addresses within a block only.
#include "jit/codegen/emitter.h"
#include "jit/codegen/types.h"

namespace lathe::codegen {

namespace {

// So many bases of accesses that use the counter as index may occupy a register each.
constexpr size_t most_indexed_bases = 8;

bool is_index(Type type) { return type == Type{DType::i64, 1}; }

}  // namespace

OffsetForm Emitter::atom_of(const Expr& e) {
  auto [found, is_new] = atom_numbers_.emplace(e, static_cast<int>(atoms_.size()));
  if (is_new) atoms_.push_back({e, level_of(e)});
  return OffsetForm::atom(found->second);
}

OffsetForm Emitter::form_of(const Expr& e) {
  if (!is_index(e.type())) internal_error("codegen", "an index that is not a scalar i64");
  if (e.kind() == ExprKind::constant) return OffsetForm::constant(e->integer_value);
  if (e.kind() == ExprKind::var) {
    auto found = variables_.find(e->name);
    if (found == variables_.end()) internal_error("codegen", "the variable " + e->name + " is not defined here");
    return found->second.form;
  }
  if (e.is_op(Op::neg)) return form_of(e.arg(0)) * -1;
  if (!e.is_op(Op::add) && !e.is_op(Op::sub) && !e.is_op(Op::mul)) return atom_of(e);
  // One after the other: atoms are numbered alike, whichever compiler built this.
  const OffsetForm a = form_of(e.arg(0)), b = form_of(e.arg(1));
  if (e.is_op(Op::add)) return a + b;
  if (e.is_op(Op::sub)) return a - b;
  const std::optional<OffsetForm> product = multiply(a, b);
  return product ? *product : atom_of(e);
}

std::optional<LaneForm> Emitter::lane_form_of(const Expr& e) {
  if (e.type().dtype != DType::i64) return std::nullopt;
  if (e.kind() == ExprKind::ramp) return LaneForm{form_of(e.arg(0)), form_of(e.arg(1))};
  if (e.kind() == ExprKind::broadcast) return LaneForm{form_of(e.arg(0)), {}};
  if (e.kind() == ExprKind::constant) return LaneForm{OffsetForm::constant(e->integer_value), {}};
  if (e.kind() == ExprKind::var) {
    const Expr& definition = variables_.at(e->name).definition;
    return definition.defined() ? lane_form_of(definition) : std::nullopt;
  }
  if (!e.is_op(Op::add) && !e.is_op(Op::sub) && !e.is_op(Op::mul)) return std::nullopt;
  const std::optional<LaneForm> a = lane_form_of(e.arg(0)), b = lane_form_of(e.arg(1));
  if (!a || !b) return std::nullopt;
  if (e.is_op(Op::add)) return LaneForm{a->base + b->base, a->stride + b->stride};
  if (e.is_op(Op::sub)) return LaneForm{a->base - b->base, a->stride - b->stride};
  if (!a->stride.is_zero() && !b->stride.is_zero()) return std::nullopt;
  const LaneForm& varying = a->stride.is_zero() ? *b : *a;
  const OffsetForm& factor = a->stride.is_zero() ? a->base : b->base;
  const auto base = multiply(varying.base, factor), stride = multiply(varying.stride, factor);
  if (!base || !stride) return std::nullopt;
  return LaneForm{*base, *stride};
}

int Emitter::level_of(const OffsetForm& form) const {
  int level = 0;
  for (const Term& term : form.terms) {
    for (int atom : term.atoms) level = std::max(level, atoms_[static_cast<size_t>(atom)].level);
  }
  return level;
}

llvm::Value* Emitter::emit_form(const OffsetForm& form) {
  if (const std::optional<int64_t> constant = form.as_constant()) {
    return builder_.getInt64(static_cast<uint64_t>(*constant));
  }
  const int level = level_of(form);
  return hoist(level, [&]() -> llvm::Value* {
    if (level != reads_memory) {
      for (size_t i = frame_ + 1; i-- > 0;) {
        auto found = frames_[i].forms.find(form);
        if (found != frames_[i].forms.end()) return found->second;
      }
    }
    OffsetForm top, lower;
    for (const Term& term : form.terms) {
      const bool is_top = !term.atoms.empty() && level_of(OffsetForm{{term}}) >= std::min(level, depth_);
      (is_top ? top : lower).terms.push_back(term);
    }
    llvm::Value* value = emit_top_terms(top, std::min(level, depth_));
    if (!lower.is_zero()) value = builder_.CreateAdd(value, emit_form(lower));
    if (level != reads_memory) frames_[frame_].forms.emplace(form, value);
    return value;
  });
}

// The sum of terms of one level, each with an atom of it. What multiplies the loop variable is summed up first.
llvm::Value* Emitter::emit_top_terms(const OffsetForm& top, int level) {
  llvm::Value* sum = nullptr;
  const auto add = [&](llvm::Value* value) { sum = sum ? builder_.CreateAdd(sum, value) : value; };
  const int loop_atom = level > 0 ? loops_[static_cast<size_t>(level - 1)].atom : -1;
  OffsetForm stride;
  for (const Term& term : top.terms) {
    Term rest{{}, term.coefficient};
    std::vector<int> here;
    for (int atom : term.atoms) {
      (atoms_[static_cast<size_t>(atom)].level >= level ? here : rest.atoms).push_back(atom);
    }
    if (here.size() == 1 && here[0] == loop_atom) {
      stride = stride + OffsetForm{{rest}};
      continue;
    }
    // At level 0 the coefficient is all that is left; the bare product is shared by its multiples.
    if (here.size() > 1 && term.coefficient != 1 && level_of(top) != reads_memory) {
      add(builder_.CreateMul(emit_form(OffsetForm{{{term.atoms, 1}}}), builder_.getInt64(uint64_t(term.coefficient))));
      continue;
    }
    llvm::Value* product = nullptr;
    for (int atom : here) {
      const Expr expr = atoms_[static_cast<size_t>(atom)].expr;   // emitting what it reads may add atoms
      llvm::Value* factor = emit(expr);
      product = product ? builder_.CreateMul(product, factor) : factor;
    }
    const OffsetForm factor{{rest}};
    add(factor.as_constant() == 1 ? product : builder_.CreateMul(product, emit_form(factor)));
  }
  if (!stride.is_zero()) {
    llvm::Value* counter = loops_[static_cast<size_t>(level - 1)].counter;
    add(stride.as_constant() == 1 ? counter : builder_.CreateMul(counter, emit_form(stride)));
  }
  return sum;
}

llvm::Value* Emitter::pointer_plus(llvm::Value* pointer, int64_t bytes) {
  if (bytes == 0) return pointer;
  return builder_.CreateGEP(builder_.getInt8Ty(), pointer, builder_.getInt64(static_cast<uint64_t>(bytes)));
}

llvm::Value* Emitter::address(const BufferState& buffer, const OffsetForm& offset_elems) {
  if (!buffer.pointer) internal_error("codegen", "a register has no address");
  OffsetForm bytes = offset_elems * bytes_of(buffer.dtype);
  const int64_t displacement = bytes.take_constant();
  return pointer_plus(varying_address(buffer, bytes), displacement);
}

llvm::Value* Emitter::varying_address(const BufferState& buffer, const OffsetForm& bytes) {
  if (depth_ <= std::max(floor_, buffer.level)) return invariant_pointer(buffer, bytes);
  LoopState& loop = loops_.back();
  OffsetForm base, stride, rest;
  for (const Term& term : bytes.terms) {
    Term cofactor{{}, term.coefficient};
    int uses = 0;
    for (int atom : term.atoms) {
      if (atom == loop.atom) {
        ++uses;
      } else {
        cofactor.atoms.push_back(atom);
      }
    }
    if (level_of(OffsetForm{{term}}) < depth_) {
      base.terms.push_back(term);
    } else if (uses == 1 && level_of(OffsetForm{{cofactor}}) < depth_) {
      stride = stride + OffsetForm{{cofactor}};
    } else {
      rest.terms.push_back(term);
    }
  }
  llvm::Value* pointer = nullptr;
  if (stride.is_zero()) {
    pointer = invariant_pointer(buffer, base);
  } else {
    llvm::Value* none = llvm::PoisonValue::get(builder_.getPtrTy());
    auto* placeholder = llvm::cast<llvm::Instruction>(builder_.CreateFreeze(none));
    loop.pending.push_back({placeholder, &buffer, base, stride});
    pointer = placeholder;
  }
  return rest.is_zero() ? pointer : builder_.CreateGEP(builder_.getInt8Ty(), pointer, emit_form(rest));
}

// The buffer's pointer plus bytes without a constant term, computed as far outside as it can be.
llvm::Value* Emitter::invariant_pointer(const BufferState& buffer, const OffsetForm& bytes) {
  if (bytes.is_zero()) return buffer.pointer;
  const int level = std::max(buffer.level, level_of(bytes));
  return hoist(level, [&]() -> llvm::Value* {
    const auto key = std::pair(&buffer, bytes);
    if (level != reads_memory) {
      for (size_t i = frame_ + 1; i-- > 0;) {
        auto found = frames_[i].pointers.find(key);
        if (found != frames_[i].pointers.end()) return found->second;
      }
    }
    const int here = std::min(level, depth_);
    OffsetForm top, lower;
    for (const Term& term : bytes.terms) {
      const bool is_top = buffer.level >= here || level_of(OffsetForm{{term}}) >= here;
      (is_top ? top : lower).terms.push_back(term);
    }
    llvm::Value* pointer = invariant_pointer(buffer, lower);
    pointer = builder_.CreateGEP(builder_.getInt8Ty(), pointer, emit_form(top));
    if (level != reads_memory) frames_[frame_].pointers.emplace(key, pointer);
    return pointer;
  });
}

void Emitter::resolve_addresses() {
  llvm::IRBuilder<>::InsertPointGuard guard(builder_);
  std::vector<PendingAddress> pending = std::exchange(loops_.back().pending, {});
  while (!pending.empty()) {
    const BufferState* buffer = pending.front().buffer;
    const OffsetForm stride = pending.front().stride;
    std::vector<PendingAddress> group, others;
    for (PendingAddress& address : pending) {
      const bool same = address.buffer == buffer && address.stride == stride;
      (same ? group : others).push_back(std::move(address));
    }
    resolve_group(group);
    pending = std::move(others);
  }
}

void Emitter::resolve_group(const std::vector<PendingAddress>& group) {
  const BufferState& buffer = *group.front().buffer;
  const OffsetForm& first = group.front().base;
  const OffsetForm& stride = group.front().stride;
  std::set<OffsetForm> bases;
  int unit = 62;                               // the power of 2 in every distance from the first base
  for (const PendingAddress& address : group) {
    bases.insert(address.base);
    unit = std::min(unit, trailing_zeros(address.base - first));
  }
  const int64_t step = stride.as_constant().value_or(0);
  const bool indexed = (step == 1 || step == 2 || step == 4 || step == 8) && bases.size() <= most_indexed_bases;
  llvm::IRBuilder<>::InsertPointGuard guard(builder_);       // the builder must not stay at an erased placeholder
  llvm::PHINode* pointer = indexed ? nullptr : make_pointer(buffer, first, stride);
  std::map<std::pair<llvm::BasicBlock*, OffsetForm>, llvm::Value*>
      in_block;  // indexed; those of a block in their order
  for (const PendingAddress& address : group) {
    builder_.SetInsertPoint(address.placeholder);
    llvm::Value* value = pointer;
    if (indexed) {
      llvm::Type* scale = builder_.getIntNTy(static_cast<unsigned>(8 * step));
      llvm::Value*& known = in_block[{address.placeholder->getParent(), address.base}];
      if (!known) known = builder_.CreateGEP(scale, invariant_pointer(buffer, address.base), loops_.back().counter);
      value = known;
    } else if (const OffsetForm distance = address.base - first; !distance.is_zero()) {
      const int shift = std::min(3, trailing_zeros(distance) - unit);
      llvm::Type* scale = builder_.getIntNTy(8u << shift);
      value = builder_.CreateGEP(scale, pointer, emit_form(divide_exactly(distance, int64_t{1} << shift)));
    }
    address.placeholder->replaceAllUsesWith(value);
    address.placeholder->eraseFromParent();
  }
}

// A pointer that stands at base in the first iteration and advances by stride.
llvm::PHINode* Emitter::make_pointer(const BufferState& buffer, const OffsetForm& base, const OffsetForm& stride) {
  LoopState& loop = loops_.back();
  llvm::Value* start = hoist(depth_ - 1, [&]() -> llvm::Value* {
    llvm::Value* origin = invariant_pointer(buffer, base);
    if (loop.min.is_zero()) return origin;
    const std::optional<OffsetForm> skipped = multiply(loop.min, stride);
    llvm::Value *bytes = emit_form(skipped ? *skipped : loop.min), *step = skipped ? nullptr : emit_form(stride);
    if (step) bytes = builder_.CreateMul(bytes, step);
    return builder_.CreateGEP(builder_.getInt8Ty(), origin, bytes);
  });
  llvm::Value* advance = emit_form(stride);
  builder_.SetInsertPoint(loop.header, loop.header->begin());
  llvm::PHINode* pointer = builder_.CreatePHI(builder_.getPtrTy(), 2);
  pointer->addIncoming(start, loop.preheader);
  loop.pointers.emplace_back(pointer, advance);
  return pointer;
}

}  // namespace lathe::codegen
