// Serial loops.
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

}  // namespace lathe::codegen
