// A tensor for checks, in memory of its own between two pages that fault when touched. Every byte starts as poison (NaN
// for floats, 0xA5 for the rest). An access beyond the tensor's end (or before its start) stops the program; a write
// into a gap between its elements is found afterwards.
#pragma once

#include <memory>
#include <optional>

#include "support/tensor_view.h"

namespace lathe {

enum class Placement : uint8_t { at_start, at_end };        // which end touches a guard page

class GuardedTensor {
 public:
  // Strides in elements, none negative. Throws Error{out_of_memory}.
  GuardedTensor(DType dtype, std::vector<int64_t> shape, std::vector<int64_t> strides, Placement placement);

  const TensorView& view() const { return view_; }
  void make_read_only();                                    // a write stops the program from now on
  void poison();                                            // every byte, as at the start
  // The memory between the guard pages, and these with it.
  struct Range {
    const std::byte *begin, *end;
  };
  Range memory() const;

  // The offset, in elements from view().data, of poison that was overwritten outside of every element.
  std::optional<int64_t> damage() const;

 private:
  std::shared_ptr<std::byte> mapping_;                      // the usable pages
  int64_t bytes_ = 0;
  TensorView view_;
};

}  // namespace lathe
