// Packed elements in the loop IR: a buffer of bytes, each with two elements of the last dimension.
//
//   W[i, j], an i4    i8((W[i, j/2] & 15 where j is even, else W[i, j/2] >> 4) ^ 8) - 8
//
// From here on nobody knows of packed types: an index that is halved is a pattern of lanes as any other, and values are of
// the type in a byte.
#pragma once

#include "lang/expr.h"

namespace lathe {

// The element of that index along the last dimension; `byte` holds it.
Expr unpacked(DType dtype, const Expr& byte, const Expr& index_is_odd);

}  // namespace lathe
