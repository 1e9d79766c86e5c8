// The table of element types, read by value and by name.
#include "support/dtype.h"

#include <fmt/format.h>

namespace lathe {
namespace {

struct DTypeRow {
  std::string_view text;
  int bits;
  DTypeKind kind;
  DTypeRole role;
};

constexpr DTypeRow dtype_rows[] = {
#define LATHE_DTYPE(name, text, bits, kind, role) {text, bits, DTypeKind::kind, DTypeRole::role},
#include "support/dtypes.def"
#undef LATHE_DTYPE
};

const DTypeRow& row_of(DType type) { return dtype_rows[static_cast<size_t>(type)]; }

}  // namespace

std::string_view name_of(DType type) { return row_of(type).text; }
int bits_of(DType type) { return row_of(type).bits; }
DType arithmetic_type_of(DType type) { return !is_storage(type) ? type : is_float(type) ? DType::f32 : DType::i32; }
DType unpacked_type_of(DType type) { return !is_packed(type) ? type : is_signed(type) ? DType::i8 : DType::u8; }
bool is_storage(DType type) { return row_of(type).role == DTypeRole::storage; }
DTypeKind kind_of(DType type) { return row_of(type).kind; }

std::optional<DType> dtype_named(std::string_view text) {
  for (size_t i = 0; i < std::size(dtype_rows); ++i) {
    if (dtype_rows[i].text == text) return static_cast<DType>(i);
  }
  return std::nullopt;
}

std::string to_string(Type type) {
  return type.lanes == 1 ? std::string(name_of(type.dtype)) : fmt::format("{}x{}", name_of(type.dtype), type.lanes);
}

}  // namespace lathe
