// Serial loops, and parallel loops as tasks with a closure.
#include <algorithm>

#include "jit/codegen/emitter.h"
#include "jit/codegen/types.h"

namespace lathe::codegen {

void Emitter::emit_serial(const ir::StmtNode& s) {
  int64_t extent = 0;
  const bool is_constant = is_integer_constant(s.value(1), &extent);
  if (is_constant && extent < 1) return;
  if (is_constant && extent == 1) {
    const int level = level_of(s.value(0));
    const bool fixed = level == reads_memory;
    llvm::Value* min = emit(s.value(0));
    variables_[s.name] = {.type = s.value(0).type(),
                          .value = min,
                          .level = std::min(level, depth_),
                          .form = {},
                          .definition = fixed ? Expr() : s.value(0)};
    OffsetForm form = fixed ? atom_of(make_var(s.name, s.value(0).type())) : form_of(s.value(0));
    variables_[s.name].form = std::move(form);
    emit(s.body[0]);
    return;
  }
  llvm::Value* min = emit(s.value(0));
  OffsetForm min_form = form_of(s.value(0));
  if (level_of(min_form) == reads_memory) {    // keeps the value it has now
    add_variable(s.name + ".min", {DType::i64, 1}, min);
    min_form = variables_.at(s.name + ".min").form;
  }
  llvm::Value* end = builder_.CreateAdd(min, emit(s.value(1)));
  emit_counted(s, min_form, min, end, !is_constant);
}

// Tested at the bottom, behind a guard:
//   preheader: hoisted code; if min < end goto loop else after
//   loop:      counter = min or counter + 1; body; if counter + 1 < end goto loop
void Emitter::emit_counted(const ir::StmtNode& s, const OffsetForm& min_form, llvm::Value* min, llvm::Value* end,
                           bool guarded) {
  llvm::BasicBlock* preheader = builder_.GetInsertBlock();
  llvm::BasicBlock* header = new_block("loop");
  llvm::BasicBlock* after = new_block("after");
  if (guarded) {
    builder_.CreateCondBr(builder_.CreateICmpSLT(min, end), header, after);
  } else {
    builder_.CreateBr(header);
  }
  builder_.SetInsertPoint(header);
  llvm::PHINode* counter = builder_.CreatePHI(builder_.getInt64Ty(), 2, s.name);
  counter->addIncoming(min, preheader);

  const size_t outer_frame = frame_;
  ++depth_;
  add_variable(s.name, {DType::i64, 1}, counter);
  loops_.push_back({.preheader = preheader,
                    .header = header,
                    .counter = counter,
                    .atom = atom_numbers_.at(make_var(s.name)),
                    .min = min_form,
                    .outer_frame = outer_frame,
                    .pending = {},
                    .pointers = {}});
  frames_.emplace_back();
  frame_ = frames_.size() - 1;
  loads_.clear();
  emit_body(s.body[0]);
  resolve_addresses();

  llvm::BasicBlock* latch = builder_.GetInsertBlock();
  for (const auto& [pointer, bytes] : loops_.back().pointers) {
    pointer->addIncoming(builder_.CreateGEP(builder_.getInt8Ty(), pointer, bytes), latch);
  }
  llvm::Value* next = builder_.CreateAdd(counter, builder_.getInt64(1), "", false, true);
  counter->addIncoming(next, latch);
  builder_.CreateCondBr(builder_.CreateICmpSLT(next, end), header, after);

  frames_.pop_back();
  frame_ = outer_frame;
  loops_.pop_back();
  --depth_;
  loads_.clear();
  builder_.SetInsertPoint(after);
}

// The iterations [begin, end) of a parallel loop, one after the other. Storage at the top of the body that no iteration shapes
// serves all of them.
void Emitter::run_task(const ir::StmtNode& loop, llvm::Value* min, llvm::Value* begin, llvm::Value* end) {
  std::vector<const ir::StmtNode*> storage;
  ir::Stmt body = loop.body[0];
  const auto depends = [&](const Expr& extent) { return uses_var(extent, loop.name); };
  while (body && body->kind == ir::StmtKind::alloc && std::none_of(body->values.begin(), body->values.end(), depends)) {
    storage.push_back(body.get());
    body = body->body[0];
  }
  const std::string first = loop.name + ".begin", count = loop.name + ".count";
  add_variable(first, {DType::i64, 1}, builder_.CreateAdd(min, begin));
  add_variable(count, {DType::i64, 1}, builder_.CreateSub(end, begin));
  ir::Stmt s = ir::make_loop(loop.name, make_var(first), make_var(count), ir::LoopKind::serial, body);
  for (size_t i = storage.size(); i-- > 0;) {
    ir::StmtNode node = *storage[i];
    node.body = {s};
    s = std::make_shared<const ir::StmtNode>(std::move(node));
  }
  emit(s);
  finish();
}

FreeNames free_names(const ir::StmtNode& s) {
  FreeNames used, defined;
  const auto on_expr = [&](const Expr& whole) {
    visit(whole, [&](const Expr& e) {
      if (e.kind() == ExprKind::var) used.variables.insert(e->name);
      if (e.kind() == ExprKind::access) used.buffers.insert(e->name);
    });
  };
  const auto on_stmt = [&](const ir::StmtNode& node) {
    if (node.kind == ir::StmtKind::let || node.kind == ir::StmtKind::loop) defined.variables.insert(node.name);
    if (node.kind == ir::StmtKind::alloc) defined.buffers.insert(node.name);
    if (node.kind == ir::StmtKind::store || node.kind == ir::StmtKind::prefetch) used.buffers.insert(node.name);
    for (const ir::BufferArgument& argument : node.buffers) used.buffers.insert(argument.name);
  };
  if (s.kind == ir::StmtKind::loop) defined.variables.insert(s.name);
  for (const ir::Stmt& child : s.body) {
    if (child) ir::visit(child, on_stmt, on_expr);
  }
  for (const std::string& name : defined.variables) used.variables.erase(name);
  for (const std::string& name : defined.buffers) used.buffers.erase(name);
  return used;
}

// The closure holds the first value of the loop variable, then the values and pointers that the body uses.
void Emitter::emit_parallel(const ir::StmtNode& s) {
  const FreeNames names = free_names(s);
  std::vector<llvm::Value*> values = {emit(s.value(0))};
  for (const std::string& name : names.variables) values.push_back(variables_.at(name).value);
  for (const std::string& name : names.buffers) {
    BufferState& buffer = buffer_named(name);
    if (!buffer.pointer) {
      internal_error("codegen", "the parallel loop " + s.name + " uses registers around it: " + name);
    }
    values.push_back(buffer.pointer);
  }
  std::vector<llvm::Type*> fields;
  for (llvm::Value* value : values) fields.push_back(value->getType());
  auto* closure_type = llvm::StructType::get(context_of_llvm_, fields);
  llvm::AllocaInst* closure = entry_alloca(closure_type, 64);
  for (unsigned i = 0; i < values.size(); ++i) {
    builder_.CreateStore(values[i], builder_.CreateStructGEP(closure_type, closure, i));
  }

  llvm::Type* pointer = builder_.getPtrTy();
  llvm::Type* i64 = builder_.getInt64Ty();
  auto* task_type = llvm::FunctionType::get(builder_.getInt32Ty(), {pointer, pointer, i64, i64}, false);
  auto* task = llvm::Function::Create(task_type, llvm::GlobalValue::InternalLinkage,
                                      function_->getName() + "." + s.name, state_.module);
  task->setAttributes(task->getAttributes().addFnAttributes(
      context_of_llvm_, llvm::AttrBuilder(context_of_llvm_, function_->getAttributes().getFnAttrs())));
  Emitter inner(state_, task, never_nan_, true);
  inner.set_context(task->getArg(0));
  std::vector<llvm::Value*> captured;
  for (unsigned i = 0; i < values.size(); ++i) {
    llvm::Value* field = inner.builder_.CreateStructGEP(closure_type, task->getArg(1), i);
    captured.push_back(inner.builder_.CreateLoad(fields[i], field));
  }
  size_t next = 1;
  for (const std::string& name : names.variables) inner.add_variable(name, variables_.at(name).type, captured[next++]);
  for (const std::string& name : names.buffers) inner.add_buffer(name, buffer_named(name).dtype, captured[next++]);
  inner.run_task(s, captured[0], task->getArg(2), task->getArg(3));

  auto* run_type = llvm::FunctionType::get(builder_.getInt32Ty(), {pointer, i64, pointer, pointer}, false);
  llvm::Value* run = load_context_field(builder_, context_, ContextField::parallel_for);
  llvm::Value* count = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, emit(s.value(1)), builder_.getInt64(0));
  llvm::Value* status = nullptr;
  if (s.values.size() > 2) {                                // elsewhere one call of the task is the whole loop
    llvm::Value* when = emit(s.value(2));
    llvm::BasicBlock* threads = new_block("threads");
    llvm::BasicBlock* here = new_block("here");
    llvm::BasicBlock* after = new_block("after");
    builder_.CreateCondBr(when, threads, here);
    builder_.SetInsertPoint(threads);
    llvm::Value* by_threads = builder_.CreateCall(run_type, run, {context_, count, task, closure});
    builder_.CreateBr(after);
    builder_.SetInsertPoint(here);
    llvm::Value* by_this = builder_.CreateCall(task_type, task, {context_, closure, builder_.getInt64(0), count});
    builder_.CreateBr(after);
    builder_.SetInsertPoint(after);
    llvm::PHINode* either = builder_.CreatePHI(builder_.getInt32Ty(), 2);
    either->addIncoming(by_threads, threads);
    either->addIncoming(by_this, here);
    status = either;
  } else {
    status = builder_.CreateCall(run_type, run, {context_, count, task, closure});
  }
  loads_.clear();
  leave_unless_zero(status);
}

}  // namespace lathe::codegen
