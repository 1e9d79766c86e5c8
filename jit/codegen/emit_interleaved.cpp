// Elements that lie a small constant number apart, as the channels of a picture or the parts of complex numbers do.
//
//   load    X[ramp(b, 3, 16)]    three vectors cover the elements; shuffles pick every third one. Where X[ramp(b + 1, 3,
//                                16)] and X[ramp(b + 2, 3, 16)] are read in the same piece of code, the vectors are
//                                those from b to b + 47 for all of them
//   store   Y[ramp(b, 3, 16)], then Y[ramp(b + 1, 3, 16)], then Y[ramp(b + 2, 3, 16)]: together they fill a contiguous
//           range, so shuffles merge the three vectors, and three whole ones are stored
//
// Element by element both take an instruction or two for each lane. A load touches nothing but what lies between elements
// that are read: the last of its own vectors ends at its last element. Stores are merged only where they follow one another without a mask and no value reads what
// one of them writes.
#include "jit/codegen/emitter.h"
#include "jit/codegen/types.h"

namespace lathe::codegen {

namespace {

constexpr int64_t most_apart = 4;

using Vectors = std::vector<llvm::Value*>;

unsigned lanes_of(const llvm::Value* vector) {
  return llvm::cast<llvm::FixedVectorType>(vector->getType())->getNumElements();
}

// The elements of an even number of vectors in turn. Those of every second vector are put in order first: each step then takes
// the elements of two vectors in turn, for which machines have instructions.
Vectors interleaved_in_steps(llvm::IRBuilder<>& builder, const Vectors& vectors);

// The elements of all vectors in turn, as vectors of as many lanes.
Vectors interleaved(llvm::IRBuilder<>& builder, const Vectors& vectors) {
  const size_t count = vectors.size();
  if (count % 2 == 0) return interleaved_in_steps(builder, vectors);
  const unsigned lanes = lanes_of(vectors[0]);
  Vectors parts;
  for (size_t part = 0; part < count; ++part) {
    llvm::Value* merged = vectors[0];
    for (size_t k = 1; k < count; ++k) {
      std::vector<int> mask(lanes, llvm::PoisonMaskElem);
      for (size_t lane = 0; lane < lanes; ++lane) {
        const size_t element = part * lanes + lane;
        if (element % count == k) mask[lane] = static_cast<int>(lanes + element / count);
        if (element % count < k) mask[lane] = static_cast<int>(k == 1 ? element / count : lane);
      }
      merged = builder.CreateShuffleVector(merged, vectors[k], mask);
    }
    parts.push_back(merged);
  }
  return parts;
}

Vectors interleaved_in_steps(llvm::IRBuilder<>& builder, const Vectors& vectors) {
  Vectors even, odd, parts;
  for (size_t k = 0; k < vectors.size(); ++k) (k % 2 == 0 ? even : odd).push_back(vectors[k]);
  even = interleaved(builder, even), odd = interleaved(builder, odd);
  const int lanes = static_cast<int>(lanes_of(vectors[0]));
  for (size_t k = 0; k < even.size(); ++k) {
    for (const int first : {0, lanes}) {
      std::vector<int> mask;
      for (int element = first; element < first + lanes; ++element) mask.push_back(element / 2 + element % 2 * lanes);
      parts.push_back(builder.CreateShuffleVector(even[k], odd[k], mask));
    }
  }
  return parts;
}

}  // namespace

// Constant strides for which whole vectors and shuffles are cheaper than elements; 0 for all others.
int64_t Emitter::small_stride(const std::optional<LaneForm>& form, int lanes) {
  const std::optional<int64_t> stride = form ? form->stride.as_constant() : std::nullopt;
  return stride && *stride > 1 && *stride <= most_apart && lanes >= most_apart ? *stride : 0;
}

// Accesses of a piece of straight code whose lanes lie a small constant apart. Loops and branches in it are pieces of
// their own.
std::vector<Expr> Emitter::accesses_apart(const ir::Stmt& s) {
  std::vector<Expr> found;
  const std::function<void(const ir::Stmt&)> look = [&](const ir::Stmt& part) {
    if (!part || part->kind == ir::StmtKind::loop || part->kind == ir::StmtKind::branch) return;
    for (const Expr& value : part->values) {
      visit(value, [&](const Expr& e) {
        if (e.kind() != ExprKind::access || e->mask.defined() || e.arg(0).kind() != ExprKind::ramp) return;
        int64_t stride = 0;
        if (is_integer_constant(e.arg(0).arg(1), &stride) && stride > 1 && stride <= most_apart) found.push_back(e);
      });
    }
    if (part->kind == ir::StmtKind::alloc && part->space == ir::Space::heap) return;
    for (const ir::Stmt& child : part->body) look(child);
  };
  look(s);
  return found;
}

// The access of this piece of code with which the elements of a range that holds all those of `e` begin, where the range
// is read from its first to its last element; and how far behind its first element `e` begins.
std::optional<std::pair<Expr, int64_t>> Emitter::whole_range(const Expr& e, const LaneForm& form, int64_t stride) {
  std::map<int64_t, Expr> starts;                           // by distance from the first element of e
  for (const Expr& other : apart_) {
    if (other->name != e->name || !(other.type() == e.type())) continue;
    bool defined = true;
    visit(other.arg(0), [&](const Expr& v) { defined = defined && (v.kind() != ExprKind::var || variables_.count(v->name)); });
    const std::optional<LaneForm> at = defined ? lane_form_of(other.arg(0)) : std::nullopt;
    if (!at || at->stride != form.stride) continue;
    if (const auto distance = (at->base - form.base).as_constant()) starts.emplace(*distance, other);
  }
  // Of several such ranges the one whose constant part is a whole number of elements: all accesses choose alike.
  OffsetForm base = form.base;
  const int64_t constant = base.take_constant(), into = ((constant % stride) + stride) % stride;
  for (int64_t before : {into, int64_t{0}, int64_t{1}, int64_t{2}, int64_t{3}}) {
    if (before >= stride || !starts.count(-before) || !starts.count(stride - 1 - before)) continue;
    return std::pair{starts.at(-before), before};
  }
  return std::nullopt;
}

llvm::Value* Emitter::load_apart(const Expr& e, const BufferState& buffer, const LaneForm& form, int64_t stride) {
  const int lanes = e.type().lanes;
  const auto range = whole_range(e, form, stride);
  const int64_t skipped = range ? range->second : 0;
  llvm::Value* picked = nullptr;
  for (int64_t k = 0; k < stride; ++k) {
    int64_t first = k * lanes;
    llvm::Value* whole = nullptr;
    if (range) {
      Expr from = range->first.arg(0).arg(0) + make_integer(DType::i64, first);
      ExprNode access = *e;
      access.args = {make_ramp(from, make_integer(DType::i64, 1), lanes)};
      whole = emit(make_access(std::move(access)));
    } else {
      first = std::min(first, (lanes - 1) * stride + 1 - lanes);
      llvm::Type* type = memory_type(context_of_llvm_, {buffer.dtype, lanes});
      llvm::Value* from = address(buffer, form.base + OffsetForm::constant(first));
      whole = to_register(builder_, builder_.CreateAlignedLoad(type, from, alignment_of(buffer.dtype)), buffer.dtype);
    }
    std::vector<int> mask(static_cast<size_t>(lanes), llvm::PoisonMaskElem);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      const int64_t at = skipped + lane * stride;
      int& source = mask[static_cast<size_t>(lane)];
      if (at / lanes == k) source = static_cast<int>(at - first + (picked ? lanes : 0));
      if (at / lanes < k) source = static_cast<int>(lane);
    }
    picked = picked ? builder_.CreateShuffleVector(picked, whole, mask) : builder_.CreateShuffleVector(whole, mask);
  }
  return picked;
}

// The stride of the stores from statements[at] on that can be merged, which is their number; 0 if they cannot.
int64_t Emitter::mergeable_stores(const std::vector<ir::Stmt>& statements, size_t at) {
  std::optional<LaneForm> first;
  int64_t stride = 1;
  for (int64_t k = 0; k < stride; ++k) {
    const size_t i = at + static_cast<size_t>(k);
    if (i >= statements.size() || !statements[i] || statements[i]->kind != ir::StmtKind::store) return 0;
    const ir::StmtNode& s = *statements[i];
    if (s.name != statements[at]->name || s.mask.defined() || s.streaming.defined()) return 0;
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
  write_waiting_to(s.name);
  std::vector<llvm::Value*> values;
  for (int64_t k = 0; k < stride; ++k) {
    llvm::Value* value = emit(statements[at + static_cast<size_t>(k)]->value(0));
    values.push_back(to_memory(builder_, value, buffer.dtype));
  }
  const OffsetForm base = lane_form_of(s.value(1))->base;
  const std::vector<llvm::Value*> merged = interleaved(builder_, values);
  for (int64_t part = 0; part < stride; ++part) {
    llvm::Value* to = address(buffer, base + OffsetForm::constant(part * lanes));
    builder_.CreateAlignedStore(merged[static_cast<size_t>(part)], to, alignment_of(buffer.dtype));
  }
  forget_loads(s.name);
}

}  // namespace lathe::codegen
