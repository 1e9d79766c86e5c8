// Statements other than loops and stores.
#include <llvm/IR/Dominators.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include <utility>

#include "jit/codegen/emitter.h"
#include "jit/codegen/types.h"

namespace lathe::codegen {

namespace {

constexpr int64_t line_bytes = 64;
constexpr uint32_t first_level = 3, second_level = 2;      // of llvm.prefetch

// Whether code does nothing but choose what to call.
bool only_calls(const ir::Stmt& s) {
  bool calls = false, works = false;
  ir::visit(s, [&](const ir::StmtNode& node) {
    calls = calls || node.kind == ir::StmtKind::call;
    works = works || node.kind == ir::StmtKind::store || node.kind == ir::StmtKind::trace;
  });
  return calls && !works;
}

}  // namespace

Emitter::Emitter(ModuleState& state, llvm::Function* function, const NeverNan& never_nan, bool returns_status)
    : state_(state),
      context_of_llvm_(state.module.getContext()),
      function_(function),
      never_nan_(never_nan),
      returns_status_(returns_status),
      builder_(llvm::BasicBlock::Create(context_of_llvm_, "entry", function)),
      frames_(1) {
  if (!returns_status_) return;
  status_ = entry_alloca(builder_.getInt32Ty(), 4);
  promotable_.push_back(status_);
  leave_ = new_block("leave");
  llvm::IRBuilder<> leave(leave_);
  leave.CreateRet(leave.CreateLoad(leave.getInt32Ty(), status_));
}

void Emitter::add_buffer(const std::string& name, DType dtype, llvm::Value* pointer) {
  buffers_[name] = {.dtype = dtype, .space = ir::Space::argument, .pointer = pointer, .level = 0, .slots = {}};
}

void Emitter::add_variable(const std::string& name, Type type, llvm::Value* value) {
  Variable& variable = variables_[name] = {.type = type, .value = value, .level = depth_, .form = {}, .definition = {}};
  if (type == Type{DType::i64, 1}) variable.form = atom_of(make_var(name, type));
}

void Emitter::run(const ir::Stmt& body) {
  emit_body(body);
  finish();
}

void Emitter::finish() {
  if (returns_status_) {
    builder_.CreateStore(builder_.getInt32(0), status_);
    builder_.CreateBr(leave_);
  } else {
    builder_.CreateRetVoid();
  }
  llvm::DominatorTree dominators(*function_);
  llvm::PromoteMemToReg(promotable_, dominators);
}

// A piece of straight code, loops and branches in it included, to its end.
void Emitter::emit_body(const ir::Stmt& s) {
  auto apart_outside = std::exchange(apart_, accesses_apart(s));
  auto prefetched_outside = std::exchange(prefetched_, {});
  emit(s);
  write_waiting();
  apart_ = std::move(apart_outside);
  prefetched_ = std::move(prefetched_outside);
}

void Emitter::emit(const ir::Stmt& s) {
  if (!s) return;
  const bool straight = s->kind == ir::StmtKind::block || s->kind == ir::StmtKind::let || s->kind == ir::StmtKind::store ||
                        s->kind == ir::StmtKind::prefetch;
  if (!straight) write_waiting();
  switch (s->kind) {
    case ir::StmtKind::block:
      for (size_t i = 0; i < s->body.size(); ++i) {
        if (const int64_t count = mergeable_stores(s->body, i)) {
          emit_merged_stores(s->body, i, count);
          i += static_cast<size_t>(count) - 1;
        } else if (const size_t rows = transposable_stores(s->body, i)) {
          emit_transposed_stores(s->body, i, rows);
          i += rows - 1;
        } else {
          emit(s->body[i]);
        }
      }
      return;
    case ir::StmtKind::let: return emit_let(*s);
    case ir::StmtKind::loop:
      switch (s->loop) {
        case ir::LoopKind::serial: return emit_serial(*s);
        case ir::LoopKind::parallel: return emit_parallel(*s);
        default: internal_error("codegen", "the loop " + s->name + " is neither serial nor parallel");
      }
    case ir::StmtKind::branch: return emit_branch(*s);
    case ir::StmtKind::alloc: return emit_alloc(*s);
    case ir::StmtKind::store: return emit_store(*s);
    case ir::StmtKind::prefetch: return emit_prefetch(*s);
    case ir::StmtKind::trace: return emit_trace(*s);
    case ir::StmtKind::call: return emit_call(*s);
  }
}

void Emitter::emit_let(const ir::StmtNode& s) {
  const Expr& e = s.value(0);
  const int level = level_of(e);
  llvm::Value* value = emit(e);
  Variable& variable = variables_[s.name] = {
      .type = e.type(), .value = value, .level = std::min(level, depth_), .form = {}, .definition = {}};
  if (level != reads_memory) variable.definition = e;
  if (e.type() == Type{DType::i64, 1}) {
    // What reads memory keeps the value it had here.
    OffsetForm form = level == reads_memory ? atom_of(make_var(s.name, e.type())) : form_of(e);
    variables_[s.name].form = std::move(form);
  }
  emit(s.body[0]);
}

void Emitter::emit_branch(const ir::StmtNode& s) {
  const bool has_else = s.body.size() > 1 && s.body[1];
  llvm::Value* condition = emit(s.value(0));
  llvm::BasicBlock* yes = new_block("then");
  llvm::BasicBlock* after = new_block("after");
  llvm::BasicBlock* no = has_else ? new_block("else") : after;
  builder_.CreateCondBr(condition, yes, no);
  const auto loads_before = loads_;
  for (size_t arm = 0; arm < (has_else ? 2 : 1); ++arm) {
    builder_.SetInsertPoint(arm == 0 ? yes : no);
    loads_ = loads_before;
    frames_.emplace_back();
    frame_ = frames_.size() - 1;
    // What one choice needs is worth nothing to the others, and is dear to keep across their calls.
    const bool arranges = only_calls(s.body[arm]);
    const int floor_outside = std::exchange(floor_, arranges ? depth_ : floor_);
    emit_body(s.body[arm]);
    floor_ = floor_outside;
    frames_.pop_back();
    frame_ = frames_.size() - 1;
    arranges ? go_to(after) : void(builder_.CreateBr(after));
  }
  loads_.clear();
  builder_.SetInsertPoint(after);
}

// Ends the block. One that nothing stands in is not needed: what leads to it leads to `next`.
void Emitter::go_to(llvm::BasicBlock* next) {
  llvm::BasicBlock* block = builder_.GetInsertBlock();
  if (!block->empty() || llvm::pred_empty(block)) {
    builder_.CreateBr(next);
  } else {
    block->replaceAllUsesWith(next);
    block->eraseFromParent();
  }
}

void Emitter::emit_alloc(const ir::StmtNode& s) {
  if (s.space == ir::Space::heap) return emit_heap(s);
  BufferState& buffer = buffers_[s.name];
  buffer = {.dtype = s.dtype, .space = s.space, .pointer = nullptr, .level = 0, .slots = {}};
  if (s.space == ir::Space::stack) {
    int64_t bytes = bytes_of(s.dtype);
    for (const Expr& extent : s.values) {
      int64_t value = 0;
      if (!is_integer_constant(extent, &value)) internal_error("codegen", "a stack buffer of unknown size: " + s.name);
      bytes *= std::max<int64_t>(value, 1);
    }
    buffer.pointer = entry_alloca(llvm::ArrayType::get(builder_.getInt8Ty(), static_cast<uint64_t>(bytes)), static_cast<uint64_t>(s.align_bytes));
  }
  emit(s.body[0]);
}

// As a comparison and a choice: LLVM's quick selection of instructions knows no maximum.
llvm::Value* Emitter::at_least_one(llvm::Value* extent) {
  llvm::Value* one = builder_.getInt64(1);
  return builder_.CreateSelect(builder_.CreateICmpSGT(extent, one), extent, one);
}

void Emitter::emit_heap(const ir::StmtNode& s) {
  llvm::Value* bytes = builder_.getInt64(static_cast<uint64_t>(bytes_of(s.dtype)));
  for (const Expr& extent : s.values) {
    bytes = builder_.CreateMul(bytes, at_least_one(emit(extent)));
  }
  llvm::Type* pointer = builder_.getPtrTy();
  auto* allocate_type = llvm::FunctionType::get(pointer, {pointer, builder_.getInt64Ty()}, false);
  auto* release_type = llvm::FunctionType::get(builder_.getVoidTy(), {pointer, pointer}, false);
  llvm::Value* allocate = load_context_field(builder_, context_, ContextField::allocate);
  const int64_t more = s.align_bytes > line_bytes ? s.align_bytes - line_bytes : 0;   // what moving it up to a multiple may take
  if (more > 0) bytes = builder_.CreateAdd(bytes, builder_.getInt64(static_cast<uint64_t>(more)));
  llvm::Value* memory = builder_.CreateCall(allocate_type, allocate, {context_, bytes});
  leave_unless_zero(builder_.CreateZExt(builder_.CreateIsNull(memory), builder_.getInt32Ty()));

  const auto release = [&](llvm::IRBuilder<>& builder) {
    llvm::Value* function = load_context_field(builder, context_, ContextField::release);
    builder.CreateCall(release_type, function, {context_, memory});
  };
  llvm::BasicBlock* leave_before = leave_;
  leave_ = new_block("release");
  llvm::IRBuilder<> on_failure(leave_);
  release(on_failure);
  on_failure.CreateBr(leave_before);

  llvm::Value* first = memory;
  if (more > 0) {
    llvm::Value* above = builder_.CreateConstGEP1_64(builder_.getInt8Ty(), memory, static_cast<uint64_t>(more));
    llvm::Value* mask = builder_.getInt64(static_cast<uint64_t>(-s.align_bytes));
    first = builder_.CreateIntrinsic(llvm::Intrinsic::ptrmask, {pointer, builder_.getInt64Ty()}, {above, mask});
  }
  buffers_[s.name] = {.dtype = s.dtype, .space = s.space, .pointer = first, .level = depth_, .slots = {}};
  emit_body(s.body[0]);
  release(builder_);
  if (llvm::pred_empty(leave_)) leave_->eraseFromParent();
  leave_ = leave_before;
}

void Emitter::leave_unless_zero(llvm::Value* status) {
  builder_.CreateStore(status, status_);
  llvm::BasicBlock* next = new_block("next");
  llvm::MDNode* unlikely = llvm::MDBuilder(context_of_llvm_).createBranchWeights(1, 1 << 20);
  builder_.CreateCondBr(builder_.CreateIsNotNull(status), leave_, next, unlikely);
  builder_.SetInsertPoint(next);
}

// Whether a call of a variant is with the arguments of this function, each in its place.
bool Emitter::passes_all_on(const ir::StmtNode& call) const {
  if (!from_arrays_ || call.buffers.size() != from_arrays_->buffers.size() ||
      call.values.size() != from_arrays_->params.size())
    return false;
  const auto is_own = [&](const std::string& name, llvm::Value* value) {
    auto found = origins_.find(name);
    return found != origins_.end() && found->second.value == value;
  };
  for (size_t i = 0; i < call.buffers.size(); ++i) {
    const std::string& name = call.buffers[i].name;
    int64_t offset = -1;
    if (!is_integer_constant(call.buffers[i].offset, &offset) || offset != 0) return false;
    if (name != from_arrays_->buffers[i].name || !is_own(name, buffers_.at(name).pointer)) return false;
  }
  for (size_t i = 0; i < call.values.size(); ++i) {
    const Expr& value = call.values[i];
    const std::string& name = from_arrays_->params[i].name;
    if (value.kind() != ExprKind::var || value->name != name || !is_own(name, variables_.at(name).value)) return false;
  }
  return true;
}

// The two arrays that LatheEntry takes: those that this function got, or new ones.
std::pair<llvm::Value*, llvm::Value*> Emitter::arrays_for(const ir::StmtNode& call) {
  if (passes_all_on(call)) return {function_->getArg(1), function_->getArg(2)};
  const auto array = [&](llvm::Type* type, size_t count) {
    return entry_alloca(llvm::ArrayType::get(type, std::max<size_t>(count, 1)), 8);
  };
  llvm::Type *pointer = builder_.getPtrTy(), *i64 = builder_.getInt64Ty();
  llvm::Value *buffers = array(pointer, call.buffers.size()), *scalars = array(i64, call.values.size());
  for (size_t i = 0; i < call.buffers.size(); ++i) {
    llvm::Value* first = address(buffer_named(call.buffers[i].name), form_of(call.buffers[i].offset));
    builder_.CreateStore(first, builder_.CreateConstGEP1_64(pointer, buffers, i));
  }
  for (size_t i = 0; i < call.values.size(); ++i) {
    llvm::Value* value = emit(call.values[i]);
    if (value->getType()->isIntegerTy(1)) value = builder_.CreateZExt(value, i64);
    builder_.CreateStore(value, builder_.CreateConstGEP1_64(i64, scalars, i));
  }
  return {buffers, scalars};
}

void Emitter::emit_call(const ir::StmtNode& s) {
  auto found = state_.functions.find(s.name);
  if (found == state_.functions.end()) internal_error("codegen", "a call of " + s.name + " before it is defined");
  const EmittedFunction& callee = found->second;
  std::vector<llvm::Value*> args = {context_};
  if (callee.source->kind == ir::FunctionKind::unit) {
    for (const ir::BufferArgument& argument : s.buffers) {
      args.push_back(address(buffer_named(argument.name), form_of(argument.offset)));
    }
    for (const Expr& value : s.values) args.push_back(emit(value));
  } else {
    const auto [buffers, scalars] = arrays_for(s);
    args.insert(args.end(), {buffers, scalars});
  }
  llvm::CallInst* call = builder_.CreateCall(callee.function, args);
  call->setCallingConv(callee.function->getCallingConv());
  loads_.clear();
  if (callee.returns_status) leave_unless_zero(call);
}

// Once for requests nearer to each other than a line.
void Emitter::emit_prefetch(const ir::StmtNode& s) {
  const BufferState& buffer = buffer_named(s.name);
  const OffsetForm at = form_of(s.value(0));
  for (const auto& [name, asked] : prefetched_) {
    const std::optional<int64_t> distance = name == s.name ? (at - asked).as_constant() : std::nullopt;
    if (distance && std::abs(*distance) * bytes_of(buffer.dtype) < line_bytes) return;
  }
  prefetched_.emplace_back(s.name, at);
  llvm::Value* pointer = address(buffer, at);
  const uint32_t level = s.request == ir::Request::soon ? first_level : second_level;
  llvm::Value* args[] = {pointer, builder_.getInt32(s.request == ir::Request::write ? 1 : 0), builder_.getInt32(level),
                         builder_.getInt32(1)};
  builder_.CreateIntrinsic(llvm::Intrinsic::prefetch, {pointer->getType()}, args);
}

// Only where the context has a hook.
void Emitter::emit_trace(const ir::StmtNode& s) {
  llvm::Type* pointer = builder_.getPtrTy();
  llvm::Value* hook = load_context_field(builder_, context_, ContextField::trace);
  llvm::Value* value = emit(s.value(0));
  std::vector<llvm::Value*> indices;
  for (size_t i = 1; i < s.values.size(); ++i) indices.push_back(emit(s.value(i)));
  const DType dtype = s.value(0).type().dtype;
  llvm::BasicBlock* ask = new_block("trace");
  llvm::BasicBlock* after = new_block("after");
  builder_.CreateCondBr(builder_.CreateIsNull(hook), after, ask);
  builder_.SetInsertPoint(ask);
  llvm::AllocaInst* element = entry_alloca(memory_type(context_of_llvm_, {dtype, 1}), 8);
  builder_.CreateStore(to_memory(builder_, value, dtype), element);
  llvm::AllocaInst* place = entry_alloca(llvm::ArrayType::get(builder_.getInt64Ty(), std::max<size_t>(indices.size(), 1)), 8);
  for (size_t i = 0; i < indices.size(); ++i) builder_.CreateStore(indices[i], builder_.CreateConstGEP1_64(builder_.getInt64Ty(), place, i));
  auto* type = llvm::FunctionType::get(builder_.getVoidTy(), {pointer, pointer, pointer, pointer, builder_.getInt64Ty(), pointer}, false);
  builder_.CreateCall(type, hook, {context_, builder_.CreateGlobalStringPtr(s.name), builder_.CreateGlobalStringPtr(std::string(name_of(dtype))), element, builder_.getInt64(indices.size()), place});
  builder_.CreateBr(after);
  builder_.SetInsertPoint(after);
  loads_.clear();
}

BufferState& Emitter::buffer_named(const std::string& name) {
  auto found = buffers_.find(name);
  if (found == buffers_.end()) internal_error("codegen", "the buffer " + name + " is not defined here");
  return found->second;
}

llvm::AllocaInst* Emitter::entry_alloca(llvm::Type* type, uint64_t align_bytes) {
  llvm::BasicBlock& entry = function_->getEntryBlock();
  llvm::IRBuilder<> builder(&entry, entry.begin());
  llvm::AllocaInst* memory = builder.CreateAlloca(type);
  memory->setAlignment(llvm::Align(align_bytes));
  return memory;
}

llvm::BasicBlock* Emitter::new_block(const char* name) {
  return llvm::BasicBlock::Create(context_of_llvm_, name, function_);
}

llvm::Value* load_context_field(llvm::IRBuilder<>& builder, llvm::Value* context, ContextField field) {
  llvm::Value* place = builder.CreateConstGEP1_64(builder.getPtrTy(), context, static_cast<uint64_t>(field));
  return builder.CreateLoad(builder.getPtrTy(), place);
}

}  // namespace lathe::codegen
