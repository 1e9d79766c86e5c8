// Tensors from and for other libraries without a copy, by the DLPack ABI. The structures have that ABI's layout, in
// both of its forms: with a version, and the older one without. A pointer to a library's own structure is cast to
// these.
#pragma once

#include <cstdint>
#include <memory>

#include "support/tensor_view.h"

namespace lathe {

struct DLDevice {
  int32_t device_type;  // 1: memory of the CPU
  int32_t device_id;
};

struct DLDataType {
  uint8_t code;  // 0 signed, 1 unsigned, 2 float, 4 bfloat, 6 bool
  uint8_t bits;  // of an element
  uint16_t lanes;
};

struct DLTensor {
  void* data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t* shape;
  int64_t* strides;      // in elements; null: row-major without gaps
  uint64_t byte_offset;  // of the first element from data
};

struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(DLManagedTensor* self);  // called once by whoever took the tensor over; null: nothing to do
};

struct DLPackVersion {
  uint32_t major;  // another one has another layout
  uint32_t minor;
};

struct DLManagedTensorVersioned {
  DLPackVersion version;
  void* manager_ctx;
  void (*deleter)(DLManagedTensorVersioned* self);
  uint64_t flags;  // 1: read only; 2: copied; 4: elements of less than a byte have bytes of their own
  DLTensor dl_tensor;
};

// Memory of another library, until the last copy of `owner` is gone.
struct ForeignTensor {
  TensorView view;
  std::shared_ptr<void> owner;
  operator const TensorView&() const { return view; }
};

// Takes a tensor over: its deleter is called when the last copy of the result is gone, on that thread. Of a tensor that
// is refused nothing was taken: Error{wrong_device}, Error{wrong_dtype}, Error{bad_foreign_tensor}, the last also for
// one that was taken over before and is still held.
ForeignTensor from_dlpack(DLManagedTensor* tensor);
ForeignTensor from_dlpack(DLManagedTensorVersioned* tensor);
// The same memory, of which the caller stays the owner.
TensorView view_of(const DLTensor& tensor);

// The tensor for another library, which shares its memory and calls the deleter once, on any thread. A second call does
// nothing but send a message.
DLManagedTensor* to_dlpack(const Tensor& tensor);
DLManagedTensorVersioned* to_dlpack_versioned(const Tensor& tensor);

}  // namespace lathe
