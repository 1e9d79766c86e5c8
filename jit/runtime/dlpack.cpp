#include "jit/runtime/dlpack.h"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "support/error.h"
#include "support/messages.h"

namespace lathe {

namespace {

static_assert(offsetof(DLTensor, device) == 8 && offsetof(DLTensor, ndim) == 16 && offsetof(DLTensor, dtype) == 20);
static_assert(offsetof(DLTensor, shape) == 24 && offsetof(DLTensor, byte_offset) == 40 && sizeof(DLTensor) == 48);
static_assert(offsetof(DLManagedTensor, deleter) == 56 && sizeof(DLManagedTensor) == 64);
static_assert(offsetof(DLManagedTensorVersioned, deleter) == 16 && offsetof(DLManagedTensorVersioned, dl_tensor) == 32);

enum Code : uint8_t { code_signed = 0, code_unsigned = 1, code_float = 2, code_bfloat = 4, code_bool = 6 };
enum Flag : uint64_t { flag_read_only = 1, flag_unpacked = 4 };
constexpr DLDevice cpu{1, 0};
constexpr DLPackVersion version{1, 1};

DLDataType foreign(DType type) {
  const auto code = [&] {
    switch (kind_of(type)) {
      case DTypeKind::signed_int:
        return code_signed;
      case DTypeKind::unsigned_int:
        return code_unsigned;
      case DTypeKind::floating:
        return type == DType::bf16 ? code_bfloat : code_float;
      case DTypeKind::boolean:
        return code_bool;
    }
    internal_error("dlpack", "a kind of element type without a code");
  }();
  return {code, static_cast<uint8_t>(bits_of(type)), 1};
}

std::optional<DType> own(const DLDataType& type) {
  for (const DType known : {
#define LATHE_DTYPE(name, text, bits, kind, role) DType::name,
#include "support/dtypes.def"
#undef LATHE_DTYPE
       }) {
    const DLDataType same = foreign(known);
    if (type.code == same.code && type.bits == same.bits && type.lanes == 1) return known;
  }
  return std::nullopt;
}

[[noreturn]] void refuse(ErrorCode code, std::string what, std::string got, std::string need, std::string hint = "") {
  throw Error(code, {"dlpack", std::move(what), std::move(got), std::move(need), {}, std::move(hint)});
}

// Memory that the CPU reads as its own.
bool is_host(const DLDevice& device) {
  constexpr int32_t cpu_memory = 1, pinned_by_cuda = 3, pinned_by_rocm = 11;
  return device.device_type == cpu_memory || device.device_type == pinned_by_cuda ||
         device.device_type == pinned_by_rocm;
}

std::string text_of(const DLDataType& type) {
  return fmt::format("code {}, {} bits, {} lanes", type.code, type.bits, type.lanes);
}

std::string all_types() {
  std::string text;
#define LATHE_DTYPE(name, shown, bits, kind, role) text += std::string(text.empty() ? "" : ", ") + shown;
#include "support/dtypes.def"
#undef LATHE_DTYPE
  return text;
}

std::vector<int64_t> strides_of(const DLTensor& tensor) {
  const auto rank = static_cast<size_t>(tensor.ndim);
  if (tensor.strides) return {tensor.strides, tensor.strides + rank};
  std::vector<int64_t> strides(rank);
  uint64_t step = 1;  // may wrap around: a call refuses such extents
  for (size_t d = rank; d-- > 0;) {
    strides[d] = static_cast<int64_t>(step);
    step *= static_cast<uint64_t>(tensor.shape[d]);
  }
  return strides;
}

// Pointers that are with somebody now: what is handed over twice shows.
class Held {
 public:
  bool add(const void* tensor) {
    std::lock_guard lock(mutex_);
    return all_.insert(tensor).second;
  }
  bool remove(const void* tensor) {
    std::lock_guard lock(mutex_);
    return all_.erase(tensor) == 1;
  }

 private:
  std::mutex mutex_;
  std::unordered_set<const void*> all_;
};

// Never freed: deleters may run after static objects are gone.
Held& taken() {
  static auto* const held = new Held;
  return *held;
}
Held& given() {
  static auto* const held = new Held;
  return *held;
}

template <class Managed>
ForeignTensor take(Managed* tensor) {
  ForeignTensor result{view_of(tensor->dl_tensor), nullptr};
  if (!taken().add(tensor)) {
    refuse(ErrorCode::bad_foreign_tensor, "a tensor is taken over twice", "one that is still held from the first time",
           "each to be taken once", "copy the result of the first time instead");
  }
  result.owner = std::shared_ptr<void>(static_cast<void*>(tensor), [tensor](void*) {
    taken().remove(tensor);
    if (tensor->deleter) tensor->deleter(tensor);
  });
  return result;
}

template <class Managed>
struct Export {
  Managed managed{};
  Tensor tensor;  // keeps the memory
  std::vector<int64_t> shape, strides;
};

template <class Managed>
void delete_export(Managed* managed) {
  if (!given().remove(managed)) {
    return send_message(
        "lathe: dlpack: the deleter of a tensor is called twice: got one that is deleted, need one call");
  }
  delete static_cast<Export<Managed>*>(managed->manager_ctx);
}

template <class Managed>
Managed* give(const Tensor& tensor) {
  auto result = std::make_unique<Export<Managed>>();
  const TensorView& view = tensor.view();
  result->tensor = tensor;
  result->shape = view.shape;
  result->strides = view.strides;
  result->managed.dl_tensor = {
      view.data, cpu, view.rank(), foreign(view.dtype), result->shape.data(), result->strides.data(), 0};
  result->managed.manager_ctx = result.get();
  result->managed.deleter = delete_export<Managed>;
  given().add(&result->managed);
  return &result.release()->managed;
}

}  // namespace

TensorView view_of(const DLTensor& tensor) {
  if (!is_host(tensor.device)) {
    refuse(ErrorCode::wrong_device, "a tensor is in the memory of another device",
           fmt::format("device type {}, number {}", tensor.device.device_type, tensor.device.device_id),
           "type 1, memory of the CPU", "copy it there first");
  }
  const std::optional<DType> type = own(tensor.dtype);
  if (!type)
    refuse(ErrorCode::wrong_dtype, "an element type that there is not", text_of(tensor.dtype), "one of " + all_types());
  if (tensor.ndim < 0 || (tensor.ndim > 0 && !tensor.shape)) {
    refuse(ErrorCode::bad_foreign_tensor, "a tensor has no shape", fmt::format("{} dimensions", tensor.ndim),
           "an extent for each of at least 0 dimensions");
  }
  auto* data = static_cast<char*>(tensor.data);
  return {data ? data + tensor.byte_offset : nullptr,
          *type,
          {tensor.shape, tensor.shape + tensor.ndim},
          strides_of(tensor)};
}

ForeignTensor from_dlpack(DLManagedTensor* tensor) { return take(tensor); }

ForeignTensor from_dlpack(DLManagedTensorVersioned* tensor) {
  if (tensor->version.major != version.major) {
    refuse(ErrorCode::bad_foreign_tensor, "a tensor of a version with another layout",
           fmt::format("version {}.{}", tensor->version.major, tensor->version.minor),
           fmt::format("{}.x", version.major), "ask its library for the older form");
  }
  const std::optional<DType> type = own(tensor->dl_tensor.dtype);
  if ((tensor->flags & flag_unpacked) && type && is_packed(*type)) {
    refuse(ErrorCode::wrong_dtype, "elements of less than a byte are not packed", text_of(tensor->dl_tensor.dtype),
           "two elements in a byte");
  }
  ForeignTensor result = take(tensor);
  result.view.is_read_only = (tensor->flags & flag_read_only) != 0;
  return result;
}

DLManagedTensor* to_dlpack(const Tensor& tensor) { return give<DLManagedTensor>(tensor); }

DLManagedTensorVersioned* to_dlpack_versioned(const Tensor& tensor) {
  DLManagedTensorVersioned* result = give<DLManagedTensorVersioned>(tensor);
  result->version = version;
  return result;
}

}  // namespace lathe
