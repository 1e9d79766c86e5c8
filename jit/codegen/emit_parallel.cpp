// Parallel loops as tasks with a closure.
//
// A closure holds the first value of the loop variable, then what the body uses: a pointer to where it lies already,
// such as the arrays of LatheEntry or the closure of a loop around this one, or else the value itself.
#include <algorithm>

#include "jit/codegen/emitter.h"
#include "jit/codegen/types.h"

namespace lathe::codegen {

// The iterations [begin, end) of a parallel loop, one after the other. Storage at the top of the body that no iteration
// shapes serves all of them.
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

std::vector<Emitter::Capture> Emitter::captures_of(const ir::StmtNode& s) {
  const FreeNames names = free_names(s);
  std::vector<Capture> captures;
  for (const std::string& name : names.variables) {
    captures.push_back({name, variables_.at(name).value, variables_.at(name).type});
  }
  for (const std::string& name : names.buffers) {
    const BufferState& buffer = buffer_named(name);
    if (!buffer.pointer) {
      internal_error("codegen", "the parallel loop " + s.name + " uses registers around it: " + name);
    }
    captures.push_back({name, buffer.pointer, std::nullopt});
  }
  return captures;
}

// Not where the name has come to stand for something else.
std::optional<Emitter::Origin> Emitter::origin_of(const Capture& capture) const {
  auto found = origins_.find(capture.name);
  if (found == origins_.end() || found->second.value != capture.value) return std::nullopt;
  return found->second;
}

llvm::Value* Emitter::load_from(llvm::Value* base, uint64_t offset_bytes, llvm::Type* type) {
  return builder_.CreateLoad(type, builder_.CreateConstGEP1_64(builder_.getInt8Ty(), base, offset_bytes));
}

void Emitter::add_captured(const Capture& capture, DType buffer_dtype, const Origin& place) {
  Origin origin = place;
  origin.value = load_from(origin.base, origin.offset_bytes, origin.type);
  if (capture.type && *capture.type == Type{DType::boolean, 1} && !origin.type->isIntegerTy(1)) {
    origin.value = builder_.CreateTrunc(origin.value, builder_.getInt1Ty());
  }
  if (capture.type) {
    add_variable(capture.name, *capture.type, origin.value);
  } else {
    add_buffer(capture.name, buffer_dtype, origin.value);
  }
  origins_[capture.name] = origin;
}

// LatheEntry gives the values of scalars in the low bits of an i64 each.
void Emitter::add_arrays(const ir::Function& source, llvm::Value* buffers, llvm::Value* scalars) {
  constexpr uint64_t place_bytes = 8;
  from_arrays_ = &source;
  for (size_t i = 0; i < source.buffers.size(); ++i) {
    const Capture buffer{source.buffers[i].name, nullptr, std::nullopt};
    add_captured(buffer, source.buffers[i].dtype, {buffers, place_bytes * i, builder_.getPtrTy(), nullptr});
  }
  for (size_t i = 0; i < source.params.size(); ++i) {
    const ir::Param& param = source.params[i];
    llvm::Type* type =
        param.type.dtype == DType::boolean ? builder_.getInt64Ty() : register_type(context_of_llvm_, param.type);
    add_captured({param.name, nullptr, param.type}, {}, {scalars, place_bytes * i, type, nullptr});
  }
}

void Emitter::emit_parallel(const ir::StmtNode& s) {
  const std::vector<Capture> captures = captures_of(s);
  std::vector<llvm::Value*> fields = {emit(s.value(0))};
  const auto field_of = [&](llvm::Value* value) {
    const auto at = static_cast<size_t>(std::find(fields.begin() + 1, fields.end(), value) - fields.begin());
    if (at == fields.size()) fields.push_back(value);
    return at;
  };
  std::vector<std::optional<Origin>> origins;
  std::vector<size_t> field;
  for (const Capture& capture : captures) {
    origins.push_back(origin_of(capture));
    field.push_back(field_of(origins.back() ? origins.back()->base : capture.value));
  }
  std::vector<llvm::Type*> types;
  for (llvm::Value* value : fields) types.push_back(value->getType());
  auto* closure_type = llvm::StructType::get(context_of_llvm_, types);
  llvm::AllocaInst* closure = entry_alloca(closure_type, 64);
  for (unsigned i = 0; i < fields.size(); ++i) {
    builder_.CreateStore(fields[i], builder_.CreateStructGEP(closure_type, closure, i));
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
  const llvm::StructLayout* layout = state_.module.getDataLayout().getStructLayout(closure_type);
  const auto offset_of = [&](size_t i) { return layout->getElementOffset(static_cast<unsigned>(i)).getFixedValue(); };
  llvm::Value* min = inner.load_from(task->getArg(1), 0, i64);
  std::map<size_t, llvm::Value*> bases;
  for (size_t i = 0; i < captures.size(); ++i) {
    const DType dtype = captures[i].type ? DType{} : buffer_named(captures[i].name).dtype;
    Origin place{task->getArg(1), offset_of(field[i]), captures[i].value->getType(), nullptr};
    if (origins[i]) {
      llvm::Value*& base = bases[field[i]];
      if (!base) base = inner.load_from(task->getArg(1), place.offset_bytes, pointer);
      place = {base, origins[i]->offset_bytes, origins[i]->type, nullptr};
    }
    inner.add_captured(captures[i], dtype, place);
  }
  inner.run_task(s, min, task->getArg(2), task->getArg(3));

  auto* run_type = llvm::FunctionType::get(builder_.getInt32Ty(), {pointer, i64, pointer, pointer}, false);
  llvm::Value* run = load_context_field(builder_, context_, ContextField::parallel_for);
  llvm::Value* count = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, emit(s.value(1)), builder_.getInt64(0));
  llvm::Value* status = nullptr;
  if (s.values.size() > 2) {  // elsewhere one call of the task is the whole loop
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
