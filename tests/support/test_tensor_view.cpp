#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

#include "support/error.h"
#include "support/large_pages.h"
#include "support/tensor_view.h"

using namespace lathe;

TEST_CASE("element types are found by name and know their size") {
  CHECK(name_of(f32) == "f32");
  CHECK(dtype_named("bool") == DType::boolean);
  CHECK(dtype_named("f33") == std::nullopt);
  CHECK(bits_of(u16) == 16);
  CHECK(is_integer(u8));
  CHECK_FALSE(is_integer(DType::boolean));
  CHECK(to_string(Type{f32, 16}) == "f32x16");
  CHECK(to_string(Type{i8, 1}) == "i8");
}

TEST_CASE("a tensor owns aligned zeros") {
  Tensor t(f32, {3, 5});
  CHECK(reinterpret_cast<uintptr_t>(t.view().data) % 64 == 0);
  CHECK(t.view().elements() == 15);
  CHECK(t.view().strides == std::vector<int64_t>{5, 1});
  CHECK(t.view().is_dense());
  for (int i = 0; i < 15; ++i) CHECK(t.as<float>()[i] == 0);
  CHECK(describe(t) == "f32[3, 5] strides [5, 1]");
}

TEST_CASE("a tensor of a large page or more begins at one") {
  const Tensor large(DType::f32, {1024, 513});
  CHECK(reinterpret_cast<uintptr_t>(large.view().data) % large_page_bytes == 0);
  CHECK(load_as_double(large.view(), 1024 * 513 - 1) == 0);
}

TEST_CASE("empty and scalar tensors are dense") {
  CHECK(Tensor(f32, {4, 0, 3}).view().elements() == 0);
  CHECK(Tensor(f32, {4, 0, 3}).view().is_dense());
  CHECK(Tensor(i32, {}).view().elements() == 1);
}

TEST_CASE("gaps and other orders are not dense, strides of single elements do not count") {
  TensorView v{nullptr, f32, {2, 3}, {4, 1}};
  CHECK_FALSE(v.is_dense());
  v.strides = {1, 2};
  CHECK_FALSE(v.is_dense());
  v = {nullptr, f32, {1, 3}, {99, 1}};
  CHECK(v.is_dense());
}

TEST_CASE("impossible shapes are refused") {
  CHECK_THROWS_WITH_AS(Tensor(f32, {2, -1}),
                       "lathe: tensor: a tensor has a negative extent: got [2, -1], need extents of 0 or more", Error);
  CHECK_THROWS_WITH_AS(
      Tensor(f64, {int64_t{1} << 40, int64_t{1} << 40}),
      "lathe: tensor: a tensor is larger than the address space: got f64[1099511627776, 1099511627776], need fewer "
      "than 2^63 bytes",
      Error);
}

TEST_CASE("elements load as doubles and integers, floats saturate") {
  Tensor t(f32, {3});
  t.as<float>()[0] = 1.5f;
  t.as<float>()[1] = 1e30f;
  t.as<float>()[2] = std::numeric_limits<float>::quiet_NaN();
  CHECK(load_as_double(t, 0) == 1.5);
  CHECK(load_as_integer(t, 0) == 1);
  CHECK(load_as_integer(t, 1) == std::numeric_limits<int64_t>::max());
  CHECK(load_as_integer(t, 2) == 0);
  Tensor b(DType::boolean, {1});
  b.as<uint8_t>()[0] = 3;
  CHECK(load_as_integer(b, 0) == 1);
  Tensor u(u64, {1});
  u.as<uint64_t>()[0] = ~uint64_t{0};
  CHECK(load_as_integer(u, 0) == -1);
}

TEST_CASE("elements of four bits lie two in a byte, the even one in the low bits") {
  Tensor t(i4, {2, 3});
  CHECK(t.view().strides == std::vector<int64_t>{4, 1});
  CHECK(t.view().is_dense());
  CHECK(t.view().elements() == 6);
  t.as<uint8_t>()[0] = 0xE7;                                // 7, -2
  t.as<uint8_t>()[2] = 0x98;                                // second row: -8, -7
  CHECK(load_as_integer(t, 0) == 7);
  CHECK(load_as_integer(t, 1) == -2);
  CHECK(load_as_double(t, 4) == -8);
  CHECK(load_as_double(t, 5) == -7);
  TensorView unsigned_view = t.view();
  unsigned_view.dtype = u4;
  CHECK(load_as_integer(unsigned_view, 1) == 14);
  CHECK(bytes_in_row(u4, 5) == 3);
  CHECK(bytes_in_row(f16, 5) == 10);
  CHECK(dense_strides(u4, {2, 5, 1}) == std::vector<int64_t>{10, 2, 1});
}

