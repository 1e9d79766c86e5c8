// A .npy file is a magic string, a version, the length of a header, the header (a Python dictionary as text, with the
// keys descr, fortran_order and shape), and the elements without gaps.
#include "tools/npy.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <optional>

#include "support/error.h"
#include "tools/files.h"

namespace lathe::tools {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
static_assert(std::endian::native == std::endian::little);

struct Header {
  std::string descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<int64_t>> shape;
};

// Reads the dictionary: a few kinds of Python literals, nothing more.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& path) : rest_(text), path_(path) {}

  Header read() {
    Header header;
    expect('{');
    while (!accept('}')) {
      std::string key = string();
      expect(':');
      if (key == "descr")
        header.descr = string();
      else if (key == "fortran_order")
        header.fortran_order = boolean();
      else if (key == "shape")
        header.shape = tuple();
      else
        fail(fmt::format("the key '{}'", key), "descr, fortran_order and shape");
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (header.descr.empty() || !header.fortran_order || !header.shape) {
      fail("a header with a key missing", "descr, fortran_order and shape");
    }
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& got, const std::string& need) const {
    throw Error(ErrorCode::bad_file, {.step = "npy", .what = path_ + " has a broken header", .got = got, .need = need});
  }
  void skip_space() {
    size_t space = std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size());
    rest_.remove_prefix(space);
  }
  bool accept(char wanted) {
    skip_space();
    if (rest_.empty() || rest_[0] != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted))
      fail(rest_.empty() ? "its end" : fmt::format("'{}'", rest_.substr(0, 12)), fmt::format("'{}'", wanted));
  }
  std::string string() {
    skip_space();
    char quote = rest_.empty() ? '\0' : rest_[0];
    size_t end = quote == '\'' || quote == '"' ? rest_.find(quote, 1) : std::string_view::npos;
    if (end == std::string_view::npos) fail(fmt::format("'{}'", rest_.substr(0, 12)), "a quoted string");
    std::string text(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return text;
  }
  bool boolean() {
    skip_space();
    for (std::string_view word : {"True", "False"}) {
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(word.size());
      return word == "True";
    }
    fail(fmt::format("'{}'", rest_.substr(0, 12)), "True or False");
  }
  std::vector<int64_t> tuple() {
    std::vector<int64_t> extents;
    expect('(');
    while (!accept(')')) {
      skip_space();
      int64_t extent = -1;
      auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), extent);
      if (error != std::errc() || extent < 0)
        fail(fmt::format("'{}'", rest_.substr(0, 12)), "an extent, 0 to 2^63 - 1");
      rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
      extents.push_back(extent);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return extents;
  }

  std::string_view rest_;
  const std::string& path_;
};

// "<f4" and its like; the letter before the size is NumPy's kind.
struct ElementType {
  DType dtype;
  bool swapped;
};
ElementType element_type(const std::string& descr, const std::string& path) {
  struct Row {
    std::string_view kind;
    DType dtype;
  };
  // NumPy has no bf16; arrays of the package ml_dtypes are written as two bytes of any kind.
  static constexpr Row rows[] = {{"V2", bf16},
                                 {"b1", DType::boolean},
                                 {"i1", i8},
                                 {"i2", i16},
                                 {"i4", i32},
                                 {"i8", i64},
                                 {"u1", u8},
                                 {"u2", u16},
                                 {"u4", u32},
                                 {"u8", u64},
                                 {"f2", f16},
                                 {"f4", f32},
                                 {"f8", f64}};
  std::string_view order = std::string_view(descr).substr(0, 1);
  for (const Row& row : rows) {
    if (descr.substr(1) != row.kind || std::string_view("<>|=").find(order) == std::string_view::npos) continue;
    return {row.dtype, order == ">"};
  }
  throw Error(ErrorCode::bad_file, {.step = "npy",
                                    .what = path + " has elements of a type that Lathe has not",
                                    .got = fmt::format("'{}'", descr),
                                    .need = "bool, i8 to i64, u8 to u64, f16, bf16, f32 or f64",
                                    .hint = "convert it in NumPy: numpy.save(path, array.astype('float32'))"});
}

std::string descr_of(DType type) {
  if (type == DType::bf16) return "<V2";
  char kind = type == DType::boolean ? 'b' : is_float(type) ? 'f' : is_signed(type) ? 'i' : 'u';
  return fmt::format("{}{}{}", bytes_of(type) == 1 ? '|' : '<', kind, bytes_of(type));
}

// Bytes of the elements; Error where they are more than 2^63.
int64_t data_bytes(const std::vector<int64_t>& shape, DType type, const std::string& path) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  int64_t bytes = bytes_of(type);
  for (int64_t extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) {
      throw Error(ErrorCode::bad_file, {.step = "npy",
                                        .what = path + " has too many elements",
                                        .got = fmt::format("shape ({})", fmt::join(shape, ", ")),
                                        .need = "fewer than 2^63 bytes"});
    }
  }
  return bytes;
}

void swap_bytes(Tensor& tensor) {
  size_t width = static_cast<size_t>(bytes_of(tensor.view().dtype));
  char* element = tensor.as<char>();
  for (int64_t n = tensor.view().elements(); n > 0; n--, element += width) std::reverse(element, element + width);
}

// Calls `each` with the element offset of every element in row-major order.
template <class Each>
void for_each_offset(const TensorView& view, int dimension, int64_t offset, const Each& each) {
  if (dimension == view.rank()) return each(offset);
  for (int64_t i = 0; i < view.shape[dimension]; i++) {
    for_each_offset(view, dimension + 1, offset + i * view.strides[dimension], each);
  }
}

}  // namespace

Array read_npy(const std::string& path) {
  std::string bytes = read_file(path, "npy");
  auto fail = [&](const std::string& what, const std::string& got, const std::string& need) {
    throw Error(ErrorCode::bad_file, {.step = "npy", .what = path + what, .got = got, .need = need});
  };
  if (!bytes.starts_with(magic) || bytes.size() < magic.size() + 4) {
    fail(" is not a .npy file", fmt::format("{} bytes without its magic string", bytes.size()),
         "a file made by numpy.save");
  }
  int version = static_cast<unsigned char>(bytes[magic.size()]);
  if (version < 1 || version > 3) fail(" has an unknown version", fmt::format("{}", version), "1, 2 or 3");
  size_t length_bytes = version == 1 ? 2 : 4, begin = magic.size() + 2 + length_bytes;
  uint32_t length = 0;
  if (bytes.size() >= begin) std::memcpy(&length, &bytes[magic.size() + 2], length_bytes);
  if (bytes.size() < begin || bytes.size() - begin < length) {
    fail(" is torn", fmt::format("{} bytes", bytes.size()), fmt::format("a header of {} bytes", length));
  }
  Header header = HeaderReader(std::string_view(bytes).substr(begin, length), path).read();
  auto [dtype, swapped] = element_type(header.descr, path);
  int64_t need = data_bytes(*header.shape, dtype, path), got = static_cast<int64_t>(bytes.size() - begin - length);
  if (got != need) {
    fail(got < need ? " is torn" : " has bytes behind its elements", fmt::format("{} bytes of elements", got),
         fmt::format("{} for shape ({})", need, fmt::join(*header.shape, ", ")));
  }

  std::vector<int64_t> shape = *header.shape;
  if (*header.fortran_order) std::reverse(shape.begin(), shape.end());
  Array array{.storage = Tensor(dtype, shape), .view = {}};
  if (need > 0) std::memcpy(array.storage.as<char>(), bytes.data() + begin + length, static_cast<size_t>(need));
  if (swapped) swap_bytes(array.storage);
  if (dtype == DType::boolean) std::for_each_n(array.storage.as<char>(), need, [](char& flag) { flag = flag != 0; });
  array.view = array.storage.view();
  if (*header.fortran_order) {
    std::reverse(array.view.shape.begin(), array.view.shape.end());
    std::reverse(array.view.strides.begin(), array.view.strides.end());
  }
  return array;
}

Array packed(const Array& array, DType type, const std::string& path) {
  const TensorView& from = array.view;
  const DType bytes = unpacked_type_of(type);
  const auto fail = [&](const std::string& got, const std::string& need) {
    throw Error(ErrorCode::bad_file, {.step = "npy", .what = fmt::format("{} cannot be packed into {}", path, name_of(type)),
                                      .got = got, .need = need});
  };
  if (from.dtype != bytes) fail(std::string(name_of(from.dtype)), fmt::format("{}, one element a byte", name_of(bytes)));
  Array result{.storage = Tensor(type, from.shape), .view = {}};
  result.view = result.storage.view();
  const int64_t lowest = is_signed(type) ? -8 : 0, highest = lowest + 15;
  const int64_t row = from.rank() > 0 ? from.shape.back() : 1, filled = row + row % 2;
  auto* to = result.storage.as<uint8_t>();
  int64_t n = 0;
  for_each_offset(from, 0, 0, [&](int64_t offset) {
    const int64_t value = load_as_integer(from, offset), at = n / row * filled + n % row;
    if (value < lowest || value > highest) fail(fmt::format("{}", value), fmt::format("values from {} to {}", lowest, highest));
    to[at / 2] = static_cast<uint8_t>(to[at / 2] | (value & 15) << (at % 2 * 4));
    ++n;
  });
  return result;
}

static Tensor unpacked(const TensorView& view) {
  Tensor whole(unpacked_type_of(view.dtype), view.shape);
  auto* to = whole.as<uint8_t>();
  for_each_offset(view, 0, 0, [&](int64_t offset) { *to++ = static_cast<uint8_t>(load_as_integer(view, offset)); });
  return whole;
}

void write_npy(const std::string& path, const TensorView& view) {
  if (is_packed(view.dtype)) return write_npy(path, unpacked(view));
  std::string shape = fmt::format("{}{}", fmt::join(view.shape, ", "), view.rank() == 1 ? "," : "");
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr_of(view.dtype), shape);
  size_t unpadded = magic.size() + 4 + header.size() + 1;
  header += std::string((64 - unpadded % 64) % 64, ' ') + "\n";  // elements begin at a multiple of 64 bytes
  uint16_t length = static_cast<uint16_t>(header.size());

  std::string bytes(magic);
  bytes += {'\x01', '\x00', static_cast<char>(length & 255), static_cast<char>(length >> 8)};
  bytes += header;
  size_t width = static_cast<size_t>(bytes_of(view.dtype));
  const char* data = static_cast<const char*>(view.data);
  if (view.is_dense()) {
    bytes.append(data, static_cast<size_t>(view.elements()) * width);
  } else {
    for_each_offset(view, 0, 0,
                    [&](int64_t offset) { bytes.append(data + offset * static_cast<int64_t>(width), width); });
  }
  write_file(path, bytes, "npy");
}

}  // namespace lathe::tools
