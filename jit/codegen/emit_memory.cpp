// Accesses and stores: registers, whole vectors, single elements, masks.
#include <algorithm>

#include "jit/codegen/emitter.h"
#include "jit/codegen/types.h"

namespace lathe::codegen {

namespace {

bool is_true(const Expr& mask) {
  int64_t value = 0;
  return !mask.defined() || (is_integer_constant(mask, &value) && value != 0);
}

int lanes_of(llvm::Value* value) {
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(value->getType());
  return vector ? static_cast<int>(vector->getNumElements()) : 1;
}

}  // namespace

int64_t Emitter::register_number(const Expr& index, int lanes) {
  std::optional<LaneForm> form;
  if (lanes == 1) {
    form = LaneForm{form_of(index), {}};
  } else {
    form = lane_form_of(index);
  }
  const std::optional<int64_t> first = form ? form->base.as_constant() : std::nullopt;
  if (!first || (lanes > 1 && form->stride.as_constant() != 1)) {
    internal_error("codegen", "a register buffer is addressed by something other than constants");
  }
  return *first;
}

llvm::AllocaInst* Emitter::slot_of(BufferState& buffer, int64_t first, int lanes) {
  llvm::AllocaInst*& slot = buffer.slots[{first, lanes}];
  if (!slot) {
    slot = entry_alloca(register_type(context_of_llvm_, {buffer.dtype, lanes}), 64);
    promotable_.push_back(slot);
  }
  return slot;
}

// Lanes as they were stored, or some of those that were stored together, or some of several. Of lanes that stand alone
// some may not have been stored: a mask keeps them out.
llvm::Value* Emitter::load_register(BufferState& buffer, const Expr& index, int lanes) {
  const int64_t first = register_number(index, lanes);
  if (!buffer.slots.count({first, lanes})) {
    if (llvm::Value* part = load_part(buffer, first, lanes)) return part;
    std::vector<llvm::Value*> elements;
    for (int64_t at = first; at < first + lanes; ++at) elements.push_back(load_part(buffer, at, 1));
    const bool stored = std::any_of(elements.begin(), elements.end(), [](llvm::Value* element) { return element; });
    if (lanes > 1 && stored) {
      llvm::Value* whole = llvm::PoisonValue::get(register_type(context_of_llvm_, {buffer.dtype, lanes}));
      for (int l = 0; l < lanes; ++l) {
        llvm::Value* element = elements[l] ? elements[l] : load_slot(slot_of(buffer, first + l, 1));
        whole = builder_.CreateInsertElement(whole, element, builder_.getInt64(l));
      }
      return whole;
    }
  }
  return load_slot(slot_of(buffer, first, lanes));
}

llvm::Value* Emitter::load_slot(llvm::AllocaInst* slot) { return builder_.CreateLoad(slot->getAllocatedType(), slot); }

// Lanes that are part of one register; null where there is none.
llvm::Value* Emitter::load_part(BufferState& buffer, int64_t first, int lanes) {
  for (const auto& [place, slot] : buffer.slots) {
    const auto& [start, width] = place;
    if (first < start || first + lanes > start + width) continue;
    llvm::Value* whole = load_slot(slot);
    if (width == lanes) return whole;
    if (lanes == 1) return builder_.CreateExtractElement(whole, builder_.getInt64(static_cast<uint64_t>(first - start)));
    std::vector<int> taken;
    for (int l = 0; l < lanes; ++l) taken.push_back(static_cast<int>(first - start) + l);
    return builder_.CreateShuffleVector(whole, taken);
  }
  return nullptr;
}

Emitter::Place Emitter::place_of(const BufferState& buffer, const Expr& index, int lanes) {
  Place place{.type = {buffer.dtype, lanes}, .addresses = {}};
  if (lanes == 1) {
    place.addresses = {address(buffer, form_of(index))};
    return place;
  }
  const std::optional<LaneForm> form = lane_form_of(index);
  if (form && form->stride.as_constant() == 1) {
    place.addresses = {address(buffer, form->base)};
    return place;
  }
  place.contiguous = false;
  if (form) {
    for (int lane = 0; lane < lanes; ++lane) {
      place.addresses.push_back(address(buffer, form->base + form->stride * lane));
    }
    return place;
  }
  llvm::Value* offsets = emit_offsets(index);
  llvm::Type* element = memory_type(context_of_llvm_, {buffer.dtype, 1});
  for (int lane = 0; lane < lanes; ++lane) {
    llvm::Value* offset = builder_.CreateExtractElement(offsets, static_cast<uint64_t>(lane));
    place.addresses.push_back(builder_.CreateGEP(element, buffer.pointer, offset));
  }
  return place;
}

llvm::Value* Emitter::emit_access(const Expr& e) {
  BufferState& buffer = buffer_named(e->name);
  if (buffer.space == ir::Space::registers) {
    llvm::Value* value = load_register(buffer, e.arg(0), e.type().lanes);
    if (is_true(e->mask)) return value;
    return builder_.CreateSelect(emit(e->mask), value, llvm::Constant::getNullValue(value->getType()));
  }
  if (auto found = loads_.find(e); found != loads_.end()) return found->second;
  write_waiting_to(e->name);
  llvm::Value* value = load(e, buffer);
  loads_.emplace(e, value);
  return value;
}

llvm::Value* Emitter::load_scalar(llvm::Value* address, DType dtype) {
  llvm::Type* type = memory_type(context_of_llvm_, {dtype, 1});
  return to_register(builder_, builder_.CreateAlignedLoad(type, address, alignment_of(dtype)), dtype);
}

llvm::Value* Emitter::load(const Expr& e, const BufferState& buffer) {
  const Expr& index = e.arg(0);
  const int lanes = e.type().lanes;
  if (const auto repeated = lanes > 1 ? repeat_form_of(index) : std::nullopt; repeated && lanes / repeated->times > 1 && lanes % repeated->times == 0) {
    return load_repeated(e, buffer, *repeated, is_true(e->mask) ? nullptr : emit(e->mask));
  }
  if (!is_true(e->mask)) {
    llvm::Value* mask = emit(e->mask);
    if (lanes > 1 && !lane_form_of(index)) {   // one base: the instruction adds the offsets
      llvm::Type* element = memory_type(context_of_llvm_, {buffer.dtype, 1});
      return gather(builder_.CreateGEP(element, buffer.pointer, emit_offsets(index)), e.type(), mask);
    }
    return load_masked(place_of(buffer, index, lanes), mask);
  }
  const std::optional<LaneForm> form = lanes > 1 ? lane_form_of(index) : std::nullopt;
  if (form && form->stride.is_zero()) {        // one element in all lanes
    llvm::Value* element = load_scalar(address(buffer, form->base), buffer.dtype);
    return builder_.CreateVectorSplat(static_cast<unsigned>(lanes), element);
  }
  if (const int64_t stride = small_stride(form, lanes)) return load_apart(e, buffer, *form, stride);
  const Place place = place_of(buffer, index, lanes);
  if (lanes == 1) return load_scalar(place.addresses[0], buffer.dtype);
  if (place.contiguous) {
    llvm::Type* type = memory_type(context_of_llvm_, place.type);
    llvm::Value* value = builder_.CreateAlignedLoad(type, place.addresses[0], alignment_of(buffer.dtype));
    return to_register(builder_, value, buffer.dtype);
  }
  llvm::Value* value = llvm::PoisonValue::get(register_type(context_of_llvm_, place.type));
  for (size_t lane = 0; lane < place.addresses.size(); ++lane) {
    value = builder_.CreateInsertElement(value, load_scalar(place.addresses[lane], buffer.dtype), lane);
  }
  return value;
}

// Lanes that are off give 0 and touch no memory.
llvm::Value* Emitter::load_masked(const Place& place, llvm::Value* mask) {
  const DType dtype = place.type.dtype;
  llvm::Type* type = memory_type(context_of_llvm_, place.type);
  llvm::Constant* zeros = llvm::Constant::getNullValue(type);
  if (place.type.lanes == 1) {
    llvm::BasicBlock* before = builder_.GetInsertBlock();
    llvm::BasicBlock* read = new_block("read");
    llvm::BasicBlock* after = new_block("after");
    builder_.CreateCondBr(mask, read, after);
    builder_.SetInsertPoint(read);
    llvm::Value* element = builder_.CreateAlignedLoad(type, place.addresses[0], alignment_of(dtype));
    builder_.CreateBr(after);
    builder_.SetInsertPoint(after);
    llvm::PHINode* value = builder_.CreatePHI(type, 2);
    value->addIncoming(element, read);
    value->addIncoming(zeros, before);
    return to_register(builder_, value, dtype);
  }
  if (place.contiguous) {
    llvm::Value* value = builder_.CreateMaskedLoad(type, place.addresses[0], alignment_of(dtype), mask, zeros);
    return to_register(builder_, value, dtype);
  }
  auto* pointers_type = llvm::FixedVectorType::get(builder_.getPtrTy(), static_cast<unsigned>(place.type.lanes));
  llvm::Value* pointers = llvm::PoisonValue::get(pointers_type);
  for (size_t lane = 0; lane < place.addresses.size(); ++lane) {
    pointers = builder_.CreateInsertElement(pointers, place.addresses[lane], lane);
  }
  return gather(pointers, place.type, mask);
}

llvm::Value* Emitter::gather(llvm::Value* pointers, Type type, llvm::Value* mask) {
  llvm::Type* in_memory = memory_type(context_of_llvm_, type);
  llvm::Constant* zeros = llvm::Constant::getNullValue(in_memory);
  return to_register(builder_, builder_.CreateMaskedGather(in_memory, pointers, alignment_of(type.dtype), mask, zeros), type.dtype);
}

// Offsets of lanes as one vector of i64.
llvm::Value* Emitter::emit_offsets(const Expr& index) {
  llvm::Value* offsets = emit(index);
  return index.type().dtype == DType::i64 ? offsets : apply_cast(builder_, offsets, index.type().dtype, {DType::i64, index.type().lanes});
}

void Emitter::emit_store(const ir::StmtNode& s) {
  BufferState& buffer = buffer_named(s.name);
  llvm::Value* value = emit(s.value(0));
  const int lanes = lanes_of(value);
  if (buffer.space == ir::Space::registers) {
    llvm::AllocaInst* slot = slot_of(buffer, register_number(s.value(1), lanes), lanes);
    if (!is_true(s.mask)) {
      llvm::Value* old = load_slot(slot);
      value = builder_.CreateSelect(emit(s.mask), value, old);
    }
    builder_.CreateStore(value, slot);
    return;
  }
  if (!s.streaming.defined()) write_waiting_to(s.name);
  const Place place = place_of(buffer, s.value(1), lanes);
  value = to_memory(builder_, value, buffer.dtype);
  if (!is_true(s.mask)) {
    store_masked(place, value, s.mask);
  } else if (!place.contiguous) {
    store_lanes(place, value, nullptr);
  } else {
    store_lanes_together(place, value, s);
  }
  forget_loads(s.name);
}

static void store_past_caches(llvm::IRBuilder<>& builder, llvm::Value* value, llvm::Value* address, llvm::Align alignment) {
  llvm::Metadata* one = llvm::ConstantAsMetadata::get(builder.getInt32(1));
  llvm::StoreInst* store = builder.CreateAlignedStore(value, address, alignment);
  store->setMetadata(llvm::LLVMContext::MD_nontemporal, llvm::MDNode::get(builder.getContext(), one));
}

void Emitter::store_lanes_together(const Place& place, llvm::Value* value, const ir::StmtNode& s) {
  const auto bytes = static_cast<uint64_t>(bytes_of(place.type.dtype) * place.type.lanes);
  const bool streams = s.streaming.defined() && bytes >= 16 && (bytes & (bytes - 1)) == 0;
  if (!streams) {
    builder_.CreateAlignedStore(value, place.addresses[0], alignment_of(place.type.dtype));
  } else if (is_true(s.streaming)) {
    store_past_caches(builder_, value, place.addresses[0], llvm::Align(bytes));
  } else {
    if (!waiting_.empty() && !(waiting_for_ == s.streaming)) write_waiting();
    waiting_for_ = s.streaming;
    waiting_.push_back({s.name, value, place.addresses[0], llvm::Align(bytes)});
  }
}

void Emitter::write_waiting() {
  if (waiting_.empty()) return;
  llvm::BasicBlock* stream = new_block("stream");
  llvm::BasicBlock* keep = new_block("keep");
  llvm::BasicBlock* after = new_block("after");
  builder_.CreateCondBr(emit(waiting_for_), stream, keep);
  builder_.SetInsertPoint(stream);
  for (const WaitingStore& w : waiting_) store_past_caches(builder_, w.value, w.address, w.alignment);
  builder_.CreateBr(after);
  builder_.SetInsertPoint(keep);
  for (const WaitingStore& w : waiting_) builder_.CreateAlignedStore(w.value, w.address, alignment_of(buffer_named(w.buffer).dtype));
  builder_.CreateBr(after);
  builder_.SetInsertPoint(after);
  waiting_.clear();
}

void Emitter::write_waiting_to(const std::string& buffer) {
  for (const WaitingStore& w : waiting_) {
    if (w.buffer == buffer) return write_waiting();
  }
}

void Emitter::store_masked(const Place& place, llvm::Value* value, const Expr& mask) {
  if (place.type.lanes == 1) {
    llvm::BasicBlock* write = new_block("write");
    llvm::BasicBlock* after = new_block("after");
    builder_.CreateCondBr(emit(mask), write, after);
    builder_.SetInsertPoint(write);
    builder_.CreateAlignedStore(value, place.addresses[0], alignment_of(place.type.dtype));
    builder_.CreateBr(after);
    builder_.SetInsertPoint(after);
    return;
  }
  if (!place.contiguous) return store_lanes(place, value, emit(mask));
  if (state_.target.mask_registers) {
    builder_.CreateMaskedStore(value, place.addresses[0], alignment_of(place.type.dtype), emit(mask));
    return;
  }
  if (llvm::Value* count = prefix_count(mask, place.type.lanes)) return store_prefix(place, value, count);
  store_lanes(place, value, emit(mask));
}

// The first `count` lanes: the vector goes to the stack and elements are copied from there. (The instruction that
// stores some lanes without mask registers takes hundreds of cycles on some processors.)
void Emitter::store_prefix(const Place& place, llvm::Value* value, llvm::Value* count) {
  llvm::AllocaInst* copy = entry_alloca(value->getType(), 64);
  builder_.CreateAlignedStore(value, copy, llvm::Align(64));
  llvm::BasicBlock* before = builder_.GetInsertBlock();
  llvm::BasicBlock* loop = new_block("lanes");
  llvm::BasicBlock* after = new_block("after");
  llvm::Value* address = place.addresses[0];
  builder_.CreateCondBr(builder_.CreateIsNotNull(count), loop, after);
  builder_.SetInsertPoint(loop);
  llvm::PHINode* lane = builder_.CreatePHI(builder_.getInt64Ty(), 2);
  lane->addIncoming(builder_.getInt64(0), before);
  // Elements travel as integers of their size.
  llvm::Type* element = builder_.getIntNTy(static_cast<unsigned>(bits_of(place.type.dtype)));
  llvm::Value* from = builder_.CreateGEP(element, copy, lane);
  llvm::Value* to = builder_.CreateGEP(element, address, lane);
  const llvm::Align alignment = alignment_of(place.type.dtype);
  builder_.CreateAlignedStore(builder_.CreateAlignedLoad(element, from, alignment), to, alignment);
  llvm::Value* next = builder_.CreateAdd(lane, builder_.getInt64(1));
  lane->addIncoming(next, loop);
  builder_.CreateCondBr(builder_.CreateICmpULT(next, count), loop, after);
  builder_.SetInsertPoint(after);
}

// Element by element in the order of lanes; a lane that is off is jumped over.
void Emitter::store_lanes(const Place& place, llvm::Value* value, llvm::Value* mask) {
  const DType dtype = place.type.dtype;
  for (int lane = 0; lane < place.type.lanes; ++lane) {
    llvm::Value* address = place.contiguous ? pointer_plus(place.addresses[0], lane * bytes_of(dtype))
                                            : place.addresses[static_cast<size_t>(lane)];
    llvm::BasicBlock* after = nullptr;
    if (mask) {
      llvm::BasicBlock* write = new_block("write");
      after = new_block("after");
      builder_.CreateCondBr(builder_.CreateExtractElement(mask, static_cast<uint64_t>(lane)), write, after);
      builder_.SetInsertPoint(write);
    }
    builder_.CreateAlignedStore(builder_.CreateExtractElement(value, static_cast<uint64_t>(lane)), address,
                                alignment_of(dtype));
    if (!mask) continue;
    builder_.CreateBr(after);
    builder_.SetInsertPoint(after);
  }
}

void Emitter::forget_loads(const std::string& buffer) {
  std::erase_if(loads_, [&](const auto& entry) {
    bool reads = false;
    visit(entry.first, [&](const Expr& e) { reads = reads || (e.kind() == ExprKind::access && e->name == buffer); });
    return reads;
  });
}

}  // namespace lathe::codegen
