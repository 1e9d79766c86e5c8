// Elements in which two tensors differ.
#pragma once

#include <vector>

#include "support/tensor_view.h"

namespace lathe {

struct FarElement {
  std::vector<int64_t> at;
  double distance = 0;
};

// Elements that differ by more than `within`, the farthest first, at most so many. NaN lies infinitely far from
// everything but NaN. Of two tensors of one type, none that is packed, and one shape, the second dense.
std::vector<FarElement> far_elements(const TensorView& got, const TensorView& need, double within, size_t most);

}  // namespace lathe
