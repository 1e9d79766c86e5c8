// A tensor as everyone outside the compiler sees it: a pointer, an element type, a shape and strides. It owns nothing.
//
// Types of 4 bits lie two in a byte along the last dimension, the element of the even index in the low bits. A row of them
// begins at a byte: the last stride is 1, all others are even.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/dtype.h"

namespace lathe {

struct TensorView {
  void* data = nullptr;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;                               // extents, outermost first
  std::vector<int64_t> strides;                             // in elements, one per dimension
  bool is_read_only = false;                                // an output of no call
  int rank() const { return static_cast<int>(shape.size()); }
  int64_t elements() const;                                 // product of the extents
  bool is_dense() const;                                    // row-major without gaps; packed rows end with their byte
};

// Row-major strides of a dense tensor of this shape, in elements; packed rows are filled up to whole bytes.
std::vector<int64_t> dense_strides(DType dtype, const std::vector<int64_t>& shape);
// Bytes from the one that holds the first element to behind the one that holds the last of so many in a row.
int64_t bytes_in_row(DType dtype, int64_t elements);

// A tensor that owns its storage (64-byte aligned, zeroed, row-major).
class Tensor {
 public:
  Tensor() = default;
  Tensor(DType dtype, std::vector<int64_t> shape);
  const TensorView& view() const { return view_; }
  operator const TensorView&() const { return view_; }
  template <class T> T* as() { return static_cast<T*>(view_.data); }
  template <class T> const T* as() const { return static_cast<const T*>(view_.data); }

 private:
  std::shared_ptr<void> storage_;
  TensorView view_;
};

// One element as a double or as an integer, whatever the dtype; `offset_elems` counts elements from view.data.
double load_as_double(const TensorView& view, int64_t offset_elems);
int64_t load_as_integer(const TensorView& view, int64_t offset_elems);
int load_packed(DType dtype, const void* data, int64_t offset_elems);

// A dense copy. Not of packed types.
Tensor copy_of(const TensorView& view);

std::string describe(const TensorView& view);               // "f32[7, 3] strides [3, 1]"

}  // namespace lathe
