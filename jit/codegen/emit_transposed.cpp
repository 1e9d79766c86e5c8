// Vectors whose lanes are stored apart, one after the other beside each other, as where a matrix is transposed.
//
//   store   Y[ramp(b, s, 16)], then Y[ramp(b + 1, s, 16)], ... Y[ramp(b + 15, s, 16)]: the first lanes of all of them are a
//           contiguous range, as are the second ones, so the square of lanes is transposed in registers, and sixteen whole
//           vectors are stored
//
// Element by element that takes two instructions for each lane. Lanes first change places within units of 128 bits, where
// one instruction interleaves two vectors, then units change places (Eklundh, A Fast Computer Method for Matrix Transposing,
// 1972). Stores are taken together only where they follow one another under one mask, or none, and no value reads what one of
// them writes.
#include <algorithm>
#include <bit>

#include "jit/codegen/emitter.h"
#include "jit/codegen/types.h"

namespace lathe::codegen {

namespace {

constexpr size_t most_rows = 16, fewest_rows = 4;
constexpr int unit_bytes = 16;

using Rows = std::vector<llvm::Value*>;

int lanes_of(llvm::Value* row) { return static_cast<int>(llvm::cast<llvm::FixedVectorType>(row->getType())->getNumElements()); }

// Of each unit of `unit` lanes the lower half, or the upper half, of two vectors, lane by lane in turn.
llvm::Value* interleaved(llvm::IRBuilder<>& builder, llvm::Value* a, llvm::Value* b, int unit, bool upper) {
  const int lanes = lanes_of(a);
  std::vector<int> from;
  for (int first = upper ? unit / 2 : 0; first < lanes; first += unit) {
    for (int l = 0; l < unit / 2; ++l) from.insert(from.end(), {first + l, lanes + first + l});
  }
  return builder.CreateShuffleVector(a, b, from);
}

// So many vectors as a unit has lanes: each unit becomes its transpose.
Rows transposed_in_units(llvm::IRBuilder<>& builder, Rows rows) {
  const size_t count = rows.size();
  for (size_t step = 1; step < count; step *= 2) {
    Rows next;
    for (size_t r = 0; r < count / 2; ++r) {
      for (const bool upper : {false, true}) next.push_back(interleaved(builder, rows[r], rows[r + count / 2], static_cast<int>(count), upper));
    }
    rows = std::move(next);
  }
  return rows;
}

// Units of both vectors by their numbers; those of the second begin after the first's.
llvm::Value* units_of(llvm::IRBuilder<>& builder, llvm::Value* a, llvm::Value* b, const std::vector<int>& numbers, int unit) {
  std::vector<int> from;
  for (int n : numbers) for (int l = 0; l < unit; ++l) from.push_back(n * unit + l);
  return builder.CreateShuffleVector(a, b, from);
}

// Unit h of all rows beside each other, for each h.
Rows transposed_units(llvm::IRBuilder<>& builder, const Rows& rows, int unit) {
  const int units = lanes_of(rows[0]) / unit;
  Rows result;
  if (rows.size() == 4 && units == 4) {                     // two steps, of two units each
    for (const int half : {0, 2}) {
      llvm::Value* first = units_of(builder, rows[0], rows[1], {half, half + 1, 4 + half, 5 + half}, unit);
      llvm::Value* second = units_of(builder, rows[2], rows[3], {half, half + 1, 4 + half, 5 + half}, unit);
      for (const int of : {0, 1}) result.push_back(units_of(builder, first, second, {of, 2 + of, 4 + of, 6 + of}, unit));
    }
    return result;
  }
  for (int h = 0; h < units; ++h) {
    Rows parts;
    for (size_t r = 0; r < rows.size(); r += 2) {
      const bool pair = r + 1 < rows.size();
      parts.push_back(units_of(builder, rows[r], rows[pair ? r + 1 : r], pair ? std::vector<int>{h, units + h} : std::vector<int>{h}, unit));
    }
    while (parts.size() > 1) {
      Rows joined;
      for (size_t p = 0; p < parts.size(); p += 2) {
        std::vector<int> all(static_cast<size_t>(2 * lanes_of(parts[p])));
        for (size_t l = 0; l < all.size(); ++l) all[l] = static_cast<int>(l);
        joined.push_back(builder.CreateShuffleVector(parts[p], parts[p + 1], all));
      }
      parts = std::move(joined);
    }
    result.push_back(parts[0]);
  }
  return result;
}

// Row l of the result: lane l of each of the rows.
Rows transposed(llvm::IRBuilder<>& builder, const Rows& rows, int64_t element_bytes) {
  const size_t lanes = static_cast<size_t>(lanes_of(rows[0]));
  const size_t unit = std::min({static_cast<size_t>(std::max<int64_t>(unit_bytes / element_bytes, 1)), lanes, rows.size()});
  std::vector<Rows> groups;                                 // by group of rows: unit by unit transposed
  for (size_t r = 0; r < rows.size(); r += unit) {
    groups.push_back(transposed_in_units(builder, {rows.begin() + static_cast<ptrdiff_t>(r), rows.begin() + static_cast<ptrdiff_t>(r + unit)}));
  }
  Rows result(lanes);
  for (size_t i = 0; i < unit; ++i) {
    Rows same;
    for (const Rows& group : groups) same.push_back(group[i]);
    const Rows columns = transposed_units(builder, same, static_cast<int>(unit));
    for (size_t h = 0; h < columns.size(); ++h) result[h * unit + i] = columns[h];
  }
  return result;
}

}  // namespace

// The number of stores from statements[at] on that are rows of a square, or of part of one; 0: they are not.
size_t Emitter::transposable_stores(const std::vector<ir::Stmt>& statements, size_t at) {
  std::optional<LaneForm> first;
  size_t count = 0;
  for (; count < most_rows && at + count < statements.size(); ++count) {
    if (!statements[at + count] || statements[at + count]->kind != ir::StmtKind::store) break;
    const ir::StmtNode& s = *statements[at + count];
    const Expr& mask = statements[at]->mask;
    const bool same_lanes = s.mask.defined() == mask.defined() && (!mask.defined() || s.mask == mask);
    if (s.name != statements[at]->name || !same_lanes || s.streaming.defined()) break;
    const Expr &value = s.value(0), &index = s.value(1);
    const int lanes = index.type().lanes;
    if (lanes < static_cast<int>(fewest_rows) || !std::has_single_bit(static_cast<unsigned>(lanes)) || !(value.type() == statements[at]->value(0).type())) break;
    if (value.type().lanes != lanes || buffer_named(s.name).space == ir::Space::registers) break;
    const std::optional<LaneForm> form = lane_form_of(index);
    if (!form || form->stride.as_constant() == 1 || form->stride.is_zero()) break;
    if (count == 0) first = form;
    if (form->stride != first->stride || form->base != first->base + OffsetForm::constant(static_cast<int64_t>(count))) break;
    bool reads_it = false;
    visit(value, [&](const Expr& e) { reads_it = reads_it || (e.kind() == ExprKind::access && e->name == s.name); });
    if (reads_it) break;
  }
  return count < fewest_rows ? 0 : std::bit_floor(count);
}

void Emitter::emit_transposed_stores(const std::vector<ir::Stmt>& statements, size_t at, size_t count) {
  const ir::StmtNode& s = *statements[at];
  const BufferState& buffer = buffer_named(s.name);
  write_waiting_to(s.name);
  Rows rows;
  for (size_t r = 0; r < count; ++r) {
    rows.push_back(to_memory(builder_, emit(statements[at + r]->value(0)), buffer.dtype));
  }
  const LaneForm form = *lane_form_of(s.value(1));
  const Rows columns = transposed(builder_, rows, bytes_of(buffer.dtype));
  llvm::Value* mask = s.mask.defined() ? emit(s.mask) : nullptr;
  for (size_t l = 0; l < columns.size(); ++l) {
    llvm::Value* to = address(buffer, form.base + form.stride * static_cast<int64_t>(l));
    if (!mask) {
      builder_.CreateAlignedStore(columns[l], to, alignment_of(buffer.dtype));
      continue;
    }
    llvm::BasicBlock *write = new_block("write"), *after = new_block("after");
    builder_.CreateCondBr(builder_.CreateExtractElement(mask, static_cast<uint64_t>(l)), write, after);
    builder_.SetInsertPoint(write);
    builder_.CreateAlignedStore(columns[l], to, alignment_of(buffer.dtype));
    builder_.CreateBr(after);
    builder_.SetInsertPoint(after);
  }
  forget_loads(s.name);
}

}  // namespace lathe::codegen
