// Elements from one place to another, whatever the strides.
#pragma once

#include "support/tensor_view.h"

namespace lathe {

// Of one shape and type, not a packed one; the memory does not overlap.
void copy_elements(const TensorView& from, const TensorView& to);

}  // namespace lathe
