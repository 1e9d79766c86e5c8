// Scalar values without a type tag, for programs that know the types beforehand: the interpreter's inner loop. The
// functions here are the meaning that evaluate() and convert() of interpret.h give to tagged values.
#pragma once

#include "lang/expr.h"

namespace lathe {

// An integer or boolean in `i` (signed: sign-extended; unsigned: zero-extended; u64: its bits; boolean: 0 or 1), or a
// float in `f` (an f32 is exact in a double).
union Cell {
  int64_t i = 0;
  double f;
};

using CellFunction = Cell (*)(Cell a, Cell b, Cell c);
using CellLoad = Cell (*)(const void* data, int64_t offset_elems);
using CellStore = void (*)(void* data, int64_t offset_elems, Cell value);

// The operator on operands of this type (for select: the type of the two choices); null where the type has it not.
CellFunction cell_function(Op op, DType operands);
CellFunction cell_conversion(DType to, DType from);         // takes its first argument only
CellLoad cell_load(DType type);
CellStore cell_store(DType type);

}  // namespace lathe
