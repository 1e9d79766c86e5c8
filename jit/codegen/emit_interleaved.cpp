// Elements that lie a small constant number apart, as the channels of a picture or the parts of complex numbers do.
//
//   load    X[ramp(b, 3, 16)]    three vectors cover the elements; shuffles pick every third one
//   store   Y[ramp(b, 3, 16)], then Y[ramp(b + 1, 3, 16)], then Y[ramp(b + 2, 3, 16)]: together they fill a contiguous
//           range, so shuffles merge the three vectors, and three whole ones are stored
//
// Element by element both take an instruction or two for each lane. A load touches nothing behind its last element: the
// last vector ends there. Stores are merged only where they follow one another without a mask and no value reads what
// one of them writes.
#include "jit/codegen/emitter.h"
#include "jit/codegen/types.h"

namespace lathe::codegen {

namespace {

constexpr int64_t most_apart = 4;

}  // namespace

// Constant strides for which whole vectors and shuffles are cheaper than elements; 0 for all others.
int64_t Emitter::small_stride(const std::optional<LaneForm>& form, int lanes) {
  const std::optional<int64_t> stride = form ? form->stride.as_constant() : std::nullopt;
  return stride && *stride > 1 && *stride <= most_apart && lanes >= most_apart ? *stride : 0;
}

llvm::Value* Emitter::load_apart(const BufferState& buffer, const OffsetForm& base, int64_t stride, int lanes) {
  llvm::Type* type = memory_type(context_of_llvm_, {buffer.dtype, lanes});
  llvm::Value* picked = nullptr;
  for (int64_t k = 0; k < stride; ++k) {
    const int64_t first = std::min(k * lanes, (lanes - 1) * stride + 1 - lanes);
    llvm::Value* from = address(buffer, base + OffsetForm::constant(first));
    llvm::Value* whole = builder_.CreateAlignedLoad(type, from, alignment_of(buffer.dtype));
    std::vector<int> mask(static_cast<size_t>(lanes), llvm::PoisonMaskElem);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      const int64_t at = lane * stride;
      int& source = mask[static_cast<size_t>(lane)];
      if (at / lanes == k) source = static_cast<int>(at - first + (picked ? lanes : 0));
      if (at / lanes < k) source = static_cast<int>(lane);
    }
    picked = picked ? builder_.CreateShuffleVector(picked, whole, mask) : builder_.CreateShuffleVector(whole, mask);
  }
  return to_register(builder_, picked, buffer.dtype);
}

// The stride of the stores from statements[at] on that can be merged, which is their number; 0 if they cannot.
int64_t Emitter::mergeable_stores(const std::vector<ir::Stmt>& statements, size_t at) {
  std::optional<LaneForm> first;
  int64_t stride = 1;
  for (int64_t k = 0; k < stride; ++k) {
    const size_t i = at + static_cast<size_t>(k);
    if (i >= statements.size() || !statements[i] || statements[i]->kind != ir::StmtKind::store) return 0;
    const ir::StmtNode& s = *statements[i];
    if (s.name != statements[at]->name || s.mask.defined() || s.streaming) return 0;
    if (buffer_named(s.name).space == ir::Space::registers) return 0;
    const Expr &value = s.value(0), &index = s.value(1);
    const std::optional<LaneForm> form = index.type().lanes > 1 ? lane_form_of(index) : std::nullopt;
    if (k == 0) {
      stride = small_stride(form, index.type().lanes);
      first = form;
    } else if (!form || form->stride != first->stride || form->base != first->base + OffsetForm::constant(k)) {
      return 0;
    }
    if (value.type().lanes != statements[at]->value(0).type().lanes) return 0;
    bool reads_it = false;
    visit(value, [&](const Expr& e) { reads_it = reads_it || (e.kind() == ExprKind::access && e->name == s.name); });
    if (reads_it) return 0;
  }
  return stride;
}

void Emitter::emit_merged_stores(const std::vector<ir::Stmt>& statements, size_t at, int64_t stride) {
  const ir::StmtNode& s = *statements[at];
  const BufferState& buffer = buffer_named(s.name);
  const int lanes = s.value(1).type().lanes;
  std::vector<llvm::Value*> values;
  for (int64_t k = 0; k < stride; ++k) {
    llvm::Value* value = emit(statements[at + static_cast<size_t>(k)]->value(0));
    values.push_back(to_memory(builder_, value, buffer.dtype));
  }
  const OffsetForm base = lane_form_of(s.value(1))->base;
  for (int64_t part = 0; part < stride; ++part) {
    llvm::Value* merged = values[0];
    for (int64_t k = 1; k < stride; ++k) {
      std::vector<int> mask(static_cast<size_t>(lanes), llvm::PoisonMaskElem);
      for (int64_t lane = 0; lane < lanes; ++lane) {
        const int64_t element = part * lanes + lane;
        int& source = mask[static_cast<size_t>(lane)];
        if (element % stride == k) source = static_cast<int>(lanes + element / stride);
        if (element % stride < k) source = static_cast<int>(k == 1 ? element / stride : lane);
      }
      merged = builder_.CreateShuffleVector(merged, values[static_cast<size_t>(k)], mask);
    }
    llvm::Value* to = address(buffer, base + OffsetForm::constant(part * lanes));
    builder_.CreateAlignedStore(merged, to, alignment_of(buffer.dtype));
  }
  forget_loads(s.name);
}

}  // namespace lathe::codegen
