// Tensors from and for other libraries: no copy, one release, and refusals.
#include "jit/runtime/dlpack.h"

#include <atomic>
#include <vector>

#include "helpers.h"
#include "support/messages.h"

using namespace lathe;
using namespace lathe::test;

namespace {

constexpr DLDataType foreign_f32{2, 32, 1};

// Another library's tensor of floats, with a count of its releases.
template <class Managed>
struct Producer {
  std::vector<float> memory = std::vector<float>(64);
  std::vector<int64_t> shape, strides;
  int released = 0;
  Managed managed{};

  Producer(std::vector<int64_t> given_shape, std::vector<int64_t> given_strides)
      : shape(std::move(given_shape)), strides(std::move(given_strides)) {
    for (size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<float>(i);
    managed.dl_tensor = {memory.data(),
                         {1, 0},
                         static_cast<int32_t>(shape.size()),
                         foreign_f32,
                         shape.data(),
                         strides.empty() ? nullptr : strides.data(),
                         0};
    managed.manager_ctx = this;
    managed.deleter = [](Managed* self) { ++static_cast<Producer*>(self->manager_ctx)->released; };
  }
};
using Older = Producer<DLManagedTensor>;

struct Versioned : Producer<DLManagedTensorVersioned> {
  Versioned() : Producer({2, 3}, {3, 1}) { managed.version = {1, 0}; }
};

// X[N] -> Y[N]: Y = 2 X.
Kernel doubling() {
  KernelSignature s;
  s.name = "twice";
  s.sizes = {{"M"}, {"N"}};
  s.arguments = {{"X", f32, false, {size(0, "M"), size(1, "N")}}, {"Y", f32, true, {size(0, "M"), size(1, "N")}}};
  const auto entry = [](LatheContext*, void* const* buffers, const int64_t* scalars) -> int32_t {
    const auto* x = static_cast<const float*>(buffers[0]);
    auto* y = static_cast<float*>(buffers[1]);
    for (int64_t i = 0; i < scalars[0]; ++i) {
      for (int64_t j = 0; j < scalars[1]; ++j)
        y[i * scalars[4] + j * scalars[5]] = 2 * x[i * scalars[2] + j * scalars[3]];
    }
    return 0;
  };
  return Kernel(std::move(s), {entry, nullptr}, {});
}

struct Messages {
  std::shared_ptr<std::string> text = std::make_shared<std::string>();
  Messages() {
    set_message_hook([text = text](std::string_view message) { *text += message; });
  }
  ~Messages() { set_message_hook({}); }
};

}  // namespace

TEST_CASE("a kernel reads and writes the memory of another library's tensors, with their strides and offsets") {
  Older x({2, 3}, {1, 2}), y({2, 3}, {});
  x.managed.dl_tensor.byte_offset = 4 * sizeof(float);
  {
    const ForeignTensor in = from_dlpack(&x.managed), out = from_dlpack(&y.managed);
    CHECK(in.view.data == x.memory.data() + 4);
    CHECK(out.view.strides == std::vector<int64_t>{3, 1});  // none given: no gaps
    doubling()(in, out);
  }
  CHECK(std::vector<float>(y.memory.begin(), y.memory.begin() + 6) == std::vector<float>{8, 12, 16, 10, 14, 18});
  CHECK(y.memory[6] == 6);
}

TEST_CASE("a tensor that was taken over is released once, when its last copy is gone") {
  Older x({2, 3}, {});
  Versioned y;
  {
    ForeignTensor one = from_dlpack(&x.managed), other = from_dlpack(&y.managed);
    const ForeignTensor copy = one;
    one = {};
    CHECK(x.released == 0);
  }
  CHECK(x.released == 1);
  CHECK(y.released == 1);
  x.managed.deleter = nullptr;
  from_dlpack(&x.managed);
}

TEST_CASE("a tensor that is taken over twice is refused while it is held") {
  Older x({2, 3}, {});
  {
    const ForeignTensor held = from_dlpack(&x.managed);
    CHECK_ERROR(from_dlpack(&x.managed), bad_foreign_tensor, "taken over twice");
    CHECK(x.released == 0);
  }
  CHECK(x.released == 1);
}

TEST_CASE("tensors of other devices, types and versions are refused and stay with their owner") {
  Older x({2, 3}, {});
  x.managed.dl_tensor.device = {2, 1};
  CHECK_ERROR(from_dlpack(&x.managed), wrong_device, "device type 2, number 1", "copy it there first");
  x.managed.dl_tensor.device = {3, 0};  // pinned memory
  CHECK(from_dlpack(&x.managed).view.rank() == 2);
  x.released = 0;
  for (const DLDataType type :
       {DLDataType{5, 64, 1}, DLDataType{2, 32, 4}, DLDataType{2, 128, 1}, DLDataType{9, 8, 1}}) {
    x.managed.dl_tensor.dtype = type;
    CHECK_ERROR(from_dlpack(&x.managed), wrong_dtype, "element type", "bf16");
  }
  x.managed.dl_tensor.dtype = foreign_f32;
  x.managed.dl_tensor.ndim = -1;
  CHECK_ERROR(from_dlpack(&x.managed), bad_foreign_tensor, "-1 dimensions");
  x.managed.dl_tensor.ndim = 2;
  x.managed.dl_tensor.shape = nullptr;
  CHECK_ERROR(from_dlpack(&x.managed), bad_foreign_tensor, "no shape");
  Versioned y;
  y.managed.version = {2, 0};
  CHECK_ERROR(from_dlpack(&y.managed), bad_foreign_tensor, "version 2.0", "1.x");
  y.managed.version = {1, 9};
  y.managed.flags = 4;  // floats are not packed in any case
  from_dlpack(&y.managed);
  y.managed.dl_tensor.dtype = {0, 4, 1};
  CHECK_ERROR(from_dlpack(&y.managed), wrong_dtype, "not packed");
  CHECK(x.released == 0);
  CHECK(y.released == 1);
}

TEST_CASE("a tensor that may only be read is an input, and refused as an output") {
  Versioned x;
  x.managed.flags = 1;
  Tensor y(f32, {2, 3});
  const ForeignTensor read_only = from_dlpack(&x.managed);
  doubling()(read_only, y);
  CHECK(y.as<float>()[5] == 10);
  CHECK_ERROR(doubling()(y, read_only), read_only_output, "output 'Y'", "may only be read");
  CHECK(x.memory[1] == 1);
}

TEST_CASE("another library gets a tensor's own memory and keeps it alive") {
  DLManagedTensor* older = nullptr;
  DLManagedTensorVersioned* newer = nullptr;
  {
    Tensor x(f32, {2, 3});
    for (int i = 0; i < 6; ++i) x.as<float>()[i] = static_cast<float>(i);
    older = to_dlpack(x);
    newer = to_dlpack_versioned(x);
    CHECK(older->dl_tensor.data == x.view().data);
  }
  CHECK(newer->version.major == 1);
  CHECK(newer->flags == 0);
  CHECK(older->dl_tensor.strides[0] == 3);
  const ForeignTensor back = from_dlpack(newer);  // by ourselves, too
  older->deleter(older);
  CHECK(static_cast<const float*>(back.view.data)[5] == 5);
}

TEST_CASE("a deleter that is called twice releases once and says so") {
  Messages messages;
  Tensor x(f32, {2, 3});
  DLManagedTensor* tensor = to_dlpack(x);
  void (*deleter)(DLManagedTensor*) = tensor->deleter;
  deleter(tensor);
  CHECK(messages.text->empty());
  deleter(tensor);
  CHECK(contains(*messages.text, "called twice"));
  CHECK(x.as<float>()[0] == 0);
}

TEST_CASE("every element type comes back from another library as it went") {
  for (const DType type : {DType::boolean, i4, i8, i16, i32, i64, u4, u8, u16, u32, u64, f16, bf16, f32, f64}) {
    const Tensor x(type, {3, 5});
    const ForeignTensor back = from_dlpack(to_dlpack(x));
    CHECK(back.view.dtype == type);
    CHECK(back.view.data == x.view().data);
    CHECK(back.view.shape == x.view().shape);
    CHECK(back.view.strides == x.view().strides);
  }
}
