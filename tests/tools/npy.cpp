// Arrays in .npy files: what NumPy writes is read, what is written reads back, broken files are refused with a reason.
#include "tools/npy.h"

#include <doctest/doctest.h>

#include <cstring>

#include "tests/tools/helpers.h"
#include "tools/files.h"

namespace {
using namespace lathe;
using namespace lathe::tools;

// A .npy file of version 1 or 2 with this header and these bytes behind it.
std::string npy_bytes(const std::string& header, const std::string& data, int version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes +=
      {static_cast<char>(version), '\0', static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  if (version > 1) bytes += std::string(2, '\0');
  return bytes + header + data;
}

template <class T>
std::string raw(std::initializer_list<T> values) {
  return std::string(reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T));
}

Array read_bytes(const std::string& bytes) {
  TemporaryFolder folder;
  const std::string file = folder.path("in.npy");
  write_file(file, bytes, "test");
  return read_npy(file);
}

std::string refusal(const std::string& bytes) {
  return failure_of([&] { read_bytes(bytes); });
}

TEST_CASE("every dtype survives a round trip through .npy") {
  for (DType type : {DType::boolean, i8, i16, i32, i64, u8, u16, u32, u64, f16, bf16, f32, f64}) {
    CAPTURE(name_of(type));
    Tensor tensor(type, {3, 2});
    for (int64_t n = 0; n < 6; n++) tensor.as<char>()[n * bytes_of(type)] = static_cast<char>(n % 2);
    TemporaryFolder folder;
    const std::string file = folder.path("round.npy");
    write_npy(file, tensor);
    Array back = read_npy(file);
    CHECK(back.view.dtype == type);
    CHECK(back.view.shape == std::vector<int64_t>{3, 2});
    CHECK(std::memcmp(back.view.data, tensor.view().data, static_cast<size_t>(6 * bytes_of(type))) == 0);
  }
}

TEST_CASE("elements of four bits are whole bytes in a file") {
  TemporaryFolder folder;
  const std::string file = folder.path("packed.npy");
  Tensor bytes(i8, {2, 3});
  for (int n = 0; n < 6; n++) bytes.as<int8_t>()[n] = static_cast<int8_t>(n - 8);
  write_npy(file, bytes);
  const Array four = packed(read_npy(file), i4, file);
  CHECK(four.view.dtype == i4);
  CHECK(four.view.strides == std::vector<int64_t>{4, 1});
  CHECK(load_as_integer(four.view, 0) == -8);
  CHECK(load_as_integer(four.view, 6) == -3);
  write_npy(file, four.view);
  const Array back = read_npy(file);
  CHECK(back.view.dtype == i8);
  CHECK(load_as_integer(back.view, 5) == -3);
  bytes.as<int8_t>()[4] = 9;
  write_npy(file, bytes);
  CHECK(failure_of([&] { packed(read_npy(file), i4, file); }).find("got 9, need values from -8 to 7") != std::string::npos);
  CHECK(failure_of([&] { packed(read_npy(file), u4, file); }).find("got i8, need u8") != std::string::npos);
}

TEST_CASE("0-d, empty and strided tensors survive a round trip") {
  TemporaryFolder folder;
  const std::string file = folder.path("odd.npy");
  Tensor scalar(f64, {});
  *scalar.as<double>() = 2.5;
  write_npy(file, scalar);
  Array zero_d = read_npy(file);
  CHECK(zero_d.view.rank() == 0);
  CHECK(load_as_double(zero_d.view, 0) == 2.5);

  write_npy(file, Tensor(f32, {0, 7}));
  CHECK(read_npy(file).view.shape == std::vector<int64_t>{0, 7});

  Tensor square(i32, {2, 3});
  for (int n = 0; n < 6; n++) square.as<int32_t>()[n] = n;
  TensorView transposed = square.view();
  transposed.shape = {3, 2};
  transposed.strides = {1, 3};
  write_npy(file, transposed);
  Array back = read_npy(file);
  CHECK(back.view.shape == std::vector<int64_t>{3, 2});
  CHECK(load_as_integer(back.view, 1) == 3);  // element [0, 1]
}

TEST_CASE("the elements of a written file begin at a multiple of 64 bytes") {
  TemporaryFolder folder;
  const std::string file = folder.path("aligned.npy");
  write_npy(file, Tensor(u8, {5}));
  CHECK((read_file(file, "test").size() - 5) % 64 == 0);
}

TEST_CASE("Fortran order gives ascending strides over the bytes as they are") {
  Array array = read_bytes(
      npy_bytes("{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }\n", raw<int16_t>({1, 2, 3, 4, 5, 6})));
  CHECK(array.view.shape == std::vector<int64_t>{2, 3});
  CHECK(array.view.strides == std::vector<int64_t>{1, 2});
  CHECK(load_as_integer(array.view, array.view.strides[1]) == 3);
}

TEST_CASE("big-endian elements, version 2 and keys in any order are read") {
  Array array = read_bytes(npy_bytes("{\"shape\": (2,), 'fortran_order': False, 'descr': '>i4'}",
                                     std::string("\0\0\0\x05\xff\xff\xff\xff", 8), 2));
  CHECK(load_as_integer(array.view, 0) == 5);
  CHECK(load_as_integer(array.view, 1) == -1);
}

TEST_CASE("a boolean that is not 0 or 1 reads as 1") {
  Array array =
      read_bytes(npy_bytes("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", std::string("\x07\0", 2)));
  CHECK(load_as_integer(array.view, 0) == 1);
}

TEST_CASE("broken .npy files are refused with what is wrong") {
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  CHECK(refusal("hello").find(
            "is not a .npy file: got 5 bytes without its magic string, need a file made by numpy.save") !=
        std::string::npos);
  CHECK(refusal(npy_bytes(header, raw({1.f}))).find("is torn: got 4 bytes of elements, need 8 for shape (2)") !=
        std::string::npos);
  CHECK(refusal(npy_bytes(header, raw({1.f, 2.f, 3.f}))).find("has bytes behind its elements: got 12 bytes") !=
        std::string::npos);
  CHECK(refusal(npy_bytes(header, "").substr(0, 20)).find("is torn: got 20 bytes, need a header of 57 bytes") !=
        std::string::npos);
  CHECK(refusal(npy_bytes(header, "", 9)).find("has an unknown version: got 9, need 1, 2 or 3") != std::string::npos);
  CHECK(refusal(npy_bytes("{'descr': '<c8', 'fortran_order': False, 'shape': (), }", ""))
            .find("elements of a type that Lathe has not: got '<c8'") != std::string::npos);
  CHECK(refusal(npy_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", ""))
            .find("got '-2,), }', need an extent") != std::string::npos);
  CHECK(refusal(npy_bytes("{'descr': '<f4', 'shape': (2,), }", "")).find("a header with a key missing") !=
        std::string::npos);
  CHECK(refusal(npy_bytes("{'descr': '<f4', 'fortran_order': Maybe", "")).find("got 'Maybe', need True or False") !=
        std::string::npos);
  CHECK(refusal(npy_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", ""))
            .find("need fewer than 2^63 bytes") != std::string::npos);
}

TEST_CASE("a file that does not exist is named with the system's reason") {
  std::string text = failure_of([] { read_npy("/nonexistent/a.npy"); });
  CHECK(text.find("/nonexistent/a.npy cannot be read: got No such file or directory") != std::string::npos);
}

}  // namespace
