// How many places a window takes along one dimension.
#pragma once

#include "lang/func.h"

namespace lathe::in_cpp {

// Of a window of `terms` elements `dilation` apart, in an extent with `pad` more on both sides.
inline Expr windows(const Size& extent, const Size& terms, const Param& stride, const Param& pad, const Param& dilation) {
  return (extent + 2 * pad - dilation * (terms - 1) - 1) / stride + 1;
}

}  // namespace lathe::in_cpp
