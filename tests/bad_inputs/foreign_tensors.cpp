// Tensors of other libraries that are refused: they stay with their owner.
#include <doctest/doctest.h>

#include <functional>
#include <vector>

#include "jit/compile.h"
#include "jit/runtime/dlpack.h"
#include "lang/text.h"
#include "tests/bad_inputs/kinds.h"
#include "tests/errors.h"

namespace lathe {
namespace {

// A tensor as another library hands it over, and how often it was released.
struct Given {
  float memory[8] = {};
  int64_t shape[1] = {8};
  int released = 0;
  DLManagedTensorVersioned managed{};

  Given() {
    managed.version = {1, 0};
    managed.manager_ctx = this;
    managed.deleter = [](DLManagedTensorVersioned* self) { ++static_cast<Given*>(self->manager_ctx)->released; };
    managed.dl_tensor = {memory, {1, 0}, 1, {2, 32, 1}, shape, nullptr, 0};
  }
};

struct BadTensor {
  std::string kind;
  std::function<void(DLManagedTensorVersioned&)> spoil;
  std::string answer;
};

const std::string types = "bool, i4, i8, i16, i32, i64, u4, u8, u16, u32, u64, f16, bf16, f32, f64";

std::vector<BadTensor> cases() {
  return {
      {"tensor of another device", [](auto& t) { t.dl_tensor.device = {2, 1}; },
       "L510 lathe: dlpack: a tensor is in the memory of another device: got device type 2, number 1, need type 1, "
       "memory "
       "of the CPU\n  hint: copy it there first"},
      {"tensor of another device", [](auto& t) { t.dl_tensor.device = {10, 0}; },
       "L510 lathe: dlpack: a tensor is in the memory of another device: got device type 10, number 0, need type 1, "
       "memory "
       "of the CPU\n  hint: copy it there first"},
      {"tensor of a type that there is not", [](auto& t) { t.dl_tensor.dtype = {5, 64, 1}; },
       "L502 lathe: dlpack: an element type that there is not: got code 5, 64 bits, 1 lanes, need one of " + types},
      {"tensor of a type that there is not", [](auto& t) { t.dl_tensor.dtype = {2, 32, 4}; },
       "L502 lathe: dlpack: an element type that there is not: got code 2, 32 bits, 4 lanes, need one of " + types},
      {"tensor of a type that there is not", [](auto& t) { t.dl_tensor.dtype = {0, 4, 1}, t.flags = 4; },
       "L502 lathe: dlpack: elements of less than a byte are not packed: got code 0, 4 bits, 1 lanes, need two "
       "elements in "
       "a byte"},
      {"tensor of a form that there is not", [](auto& t) { t.version = {2, 0}; },
       "L512 lathe: dlpack: a tensor of a version with another layout: got version 2.0, need 1.x\n"
       "  hint: ask its library for the older form"},
      {"tensor of a form that there is not", [](auto& t) { t.dl_tensor.ndim = -1; },
       "L512 lathe: dlpack: a tensor has no shape: got -1 dimensions, need an extent for each of at least 0 "
       "dimensions"},
      {"tensor of a form that there is not", [](auto& t) { t.dl_tensor.shape = nullptr; },
       "L512 lathe: dlpack: a tensor has no shape: got 1 dimensions, need an extent for each of at least 0 dimensions"},
  };
}

const char* const twice =
    "L512 lathe: dlpack: a tensor is taken over twice: got one that is still held from the first time, need each to be "
    "taken "
    "once\n  hint: copy the result of the first time instead";
const char* const read_only =
    "L511 lathe: call: same: output 'Y' (argument 2) may only be read: got a tensor that its owner gave for reading, "
    "need "
    "memory that a call may write\n  at same.lathe:1:1";

}  // namespace

std::vector<BadInput> bad_foreign_tensors() {
  std::vector<BadInput> list;
  for (const BadTensor& bad : cases()) list.push_back({bad.kind, "", bad.answer});
  list.push_back({"tensor taken over twice", "", twice});
  list.push_back({"read-only tensor as an output", "", read_only});
  return list;
}

TEST_CASE("bad tensors of other libraries are answered with code and words, and stay with their owner") {
  for (const BadTensor& bad : cases()) {
    Given given;
    bad.spoil(given.managed);
    CHECK(error_of([&] { from_dlpack(&given.managed); }) == bad.answer);
    CHECK(given.released == 0);
  }
  Given given;
  {
    const ForeignTensor held = from_dlpack(&given.managed);
    CHECK(error_of([&] { from_dlpack(&given.managed); }) == twice);
  }
  CHECK(given.released == 1);
}

TEST_CASE("a tensor that its owner gave for reading is not written") {
  const Kernel kernel =
      compile(parse_file_text("same(X: f32[N]) -> Y: f32[N]\n  Y[i] = X[i] + 1\n", "same.lathe").operators.at(0));
  Given given;
  given.managed.flags = 1;
  const Tensor x(f32, {8});
  const ForeignTensor y = from_dlpack(&given.managed);
  CHECK(error_of([&] { kernel(x, y); }) == read_only);
  CHECK(given.memory[0] == 0);
}

}  // namespace lathe
