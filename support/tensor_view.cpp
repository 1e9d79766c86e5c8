// Shapes, strides and single elements of tensors in memory.
#include "support/tensor_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "support/copy_elements.h"
#include <type_traits>

#include "support/error.h"
#include "support/large_pages.h"
#include "support/small_float.h"

namespace lathe {
namespace {

constexpr size_t align_bytes = 64;

int64_t in_whole_bytes(DType dtype, int64_t elements) { return is_packed(dtype) ? elements + (elements & 1) : elements; }

// Bytes of a dense tensor; refuses shapes that no memory holds.
size_t checked_bytes(DType dtype, const std::vector<int64_t>& shape) {
  int64_t elements = 1, bytes = 0;
  bool empty = false, overflow = false;
  for (size_t d = shape.size(); d-- > 0;) {
    if (shape[d] < 0) {
      throw Error(ErrorCode::wrong_shape, {.step = "tensor",
                                           .what = "a tensor has a negative extent",
                                           .got = fmt::format("[{}]", fmt::join(shape, ", ")),
                                           .need = "extents of 0 or more"});
    }
    if (shape[d] == 0) empty = true;
    const int64_t here = d + 1 == shape.size() ? in_whole_bytes(dtype, shape[d]) : shape[d];
    if (!overflow) overflow = __builtin_mul_overflow(elements, here, &elements);
  }
  if (empty) return 0;
  overflow = overflow || __builtin_mul_overflow(elements, bytes_of(dtype), &bytes);
  if (overflow || bytes > std::numeric_limits<int64_t>::max() - static_cast<int64_t>(align_bytes)) {
    throw Error(ErrorCode::wrong_shape, {.step = "tensor",
                                         .what = "a tensor is larger than the address space",
                                         .got = fmt::format("{}[{}]", name_of(dtype), fmt::join(shape, ", ")),
                                         .need = "fewer than 2^63 bytes"});
  }
  return static_cast<size_t>(bytes_in_row(dtype, elements));
}

template <class To, class From>
To converted(From value) {
  if constexpr (std::is_class_v<From>) {
    return converted<To>(static_cast<double>(value));
  } else {
    if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
      if (std::isnan(value)) return To{0};
      if (value >= 0x1p63) return std::numeric_limits<To>::max();
      if (value < -0x1p63) return std::numeric_limits<To>::min();
    }
    return static_cast<To>(value);
  }
}

template <class To>
To load_as(const TensorView& view, int64_t offset_elems) {
  const char* at = static_cast<const char*>(view.data) + offset_elems * bytes_of(view.dtype);
  auto read = [at]<class From>(From value) {
    std::memcpy(&value, at, sizeof value);
    return converted<To>(value);
  };
  switch (view.dtype) {
    case DType::i4:
    case DType::u4:
      return converted<To>(load_packed(view.dtype, view.data, offset_elems));
    case DType::boolean:
      return read(uint8_t{}) != 0 ? To{1} : To{0};
    case DType::i8:
      return read(int8_t{});
    case DType::i16:
      return read(int16_t{});
    case DType::i32:
      return read(int32_t{});
    case DType::i64:
      return read(int64_t{});
    case DType::u8:
      return read(uint8_t{});
    case DType::u16:
      return read(uint16_t{});
    case DType::u32:
      return read(uint32_t{});
    case DType::u64:
      return read(uint64_t{});
    case DType::f16:
      return read(Float16{});
    case DType::bf16:
      return read(BFloat16{});
    case DType::f32:
      return read(float{});
    case DType::f64:
      return read(double{});
  }
  internal_error("tensor", "an element type without a load");
}

}  // namespace

int64_t bytes_in_row(DType dtype, int64_t elements) {
  return is_packed(dtype) ? elements / 2 + elements % 2 : elements * bytes_of(dtype);
}

int load_packed(DType dtype, const void* data, int64_t offset_elems) {
  const int byte = static_cast<const uint8_t*>(data)[offset_elems >> 1];
  const int value = (offset_elems & 1 ? byte >> 4 : byte) & 15;
  return is_signed(dtype) ? (value ^ 8) - 8 : value;
}

int64_t TensorView::elements() const {
  int64_t product = 1;
  bool overflow = false;
  for (int64_t extent : shape) {
    if (extent == 0) return 0;
    overflow = overflow || __builtin_mul_overflow(product, extent, &product);
  }
  return overflow ? std::numeric_limits<int64_t>::max() : product;
}

bool TensorView::is_dense() const {
  if (strides.size() != shape.size()) return false;
  int64_t expected = 1;
  bool dense = true;
  for (size_t d = shape.size(); d-- > 0;) {
    if (shape[d] == 0) return true;
    if (shape[d] != 1 && strides[d] != expected) dense = false;  // the stride of a single element is never used
    const int64_t here = d + 1 == shape.size() ? in_whole_bytes(dtype, shape[d]) : shape[d];
    if (__builtin_mul_overflow(expected, here, &expected)) return false;
  }
  return dense;
}

std::vector<int64_t> dense_strides(DType dtype, const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t step = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    strides[d] = step;
    // An empty dimension keeps the other strides positive; they are never used.
    const int64_t here = d + 1 == shape.size() ? in_whole_bytes(dtype, shape[d]) : shape[d];
    if (here > 0 && __builtin_mul_overflow(step, here, &step)) step = std::numeric_limits<int64_t>::max();
  }
  return strides;
}

Tensor::Tensor(DType dtype, std::vector<int64_t> shape) {
  size_t bytes = checked_bytes(dtype, shape);
  size_t padded = (bytes / align_bytes + 1) * align_bytes;
  void* data = allocate_aligned(align_bytes, padded);
  if (data == nullptr) {
    throw Error(ErrorCode::out_of_memory, {.step = "tensor",
                                           .what = "storage for a tensor could not be had",
                                           .got = fmt::format("{}[{}]", name_of(dtype), fmt::join(shape, ", ")),
                                           .need = fmt::format("{} free bytes", padded)});
  }
  std::memset(data, 0, padded);
  storage_ = std::shared_ptr<void>(data, std::free);
  view_.data = data;
  view_.dtype = dtype;
  view_.strides = dense_strides(dtype, shape);
  view_.shape = std::move(shape);
}

double load_as_double(const TensorView& view, int64_t offset_elems) { return load_as<double>(view, offset_elems); }
int64_t load_as_integer(const TensorView& view, int64_t offset_elems) { return load_as<int64_t>(view, offset_elems); }

void copy_elements(const TensorView& from, const TensorView& to) {
  const int64_t bytes = bytes_of(from.dtype);
  std::vector<int64_t> point(from.shape.size(), 0);
  for (int64_t left = from.elements(); left > 0; --left) {
    int64_t at = 0, to_at = 0;
    for (size_t d = 0; d < point.size(); ++d) at += point[d] * from.strides[d], to_at += point[d] * to.strides[d];
    std::memcpy(static_cast<char*>(to.data) + to_at * bytes, static_cast<const char*>(from.data) + at * bytes, static_cast<size_t>(bytes));
    for (size_t d = point.size(); d-- > 0;) {
      if (++point[d] < from.shape[d]) break;
      point[d] = 0;
    }
  }
}

Tensor copy_of(const TensorView& view) {
  Tensor copy(view.dtype, view.shape);
  copy_elements(view, copy.view());
  return copy;
}

std::string describe(const TensorView& view) {
  return fmt::format("{}[{}] strides [{}]", name_of(view.dtype), fmt::join(view.shape, ", "),
                     fmt::join(view.strides, ", "));
}

}  // namespace lathe
