// Element types of tensors and scalars. The rows are in dtypes.def.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lathe {

enum class DTypeKind : uint8_t { boolean, signed_int, unsigned_int, floating };
enum class DTypeRole : uint8_t {
  arithmetic,
  storage,   // tensors hold it; its values are converted before anything is computed with them
};

enum class DType : uint8_t {
#define LATHE_DTYPE(name, text, bits, kind, role) name,
#include "support/dtypes.def"
#undef LATHE_DTYPE
};

inline constexpr DType f16 = DType::f16;
inline constexpr DType bf16 = DType::bf16;
inline constexpr DType f32 = DType::f32;
inline constexpr DType f64 = DType::f64;
inline constexpr DType i4 = DType::i4;
inline constexpr DType i8 = DType::i8;
inline constexpr DType i16 = DType::i16;
inline constexpr DType i32 = DType::i32;
inline constexpr DType i64 = DType::i64;
inline constexpr DType u4 = DType::u4;
inline constexpr DType u8 = DType::u8;
inline constexpr DType u16 = DType::u16;
inline constexpr DType u32 = DType::u32;
inline constexpr DType u64 = DType::u64;

std::string_view name_of(DType type);                       // "f32"
std::optional<DType> dtype_named(std::string_view text);    // the reverse
int bits_of(DType type);                                    // of one element in memory
DTypeKind kind_of(DType type);
inline int64_t bytes_of(DType type) { return (bits_of(type) + 7) / 8; }   // of a packed type: a byte, that it shares
inline bool is_packed(DType type) { return bits_of(type) < 8; }
bool is_storage(DType type);
DType arithmetic_type_of(DType type);                       // of a storage type: one that holds all its values
DType unpacked_type_of(DType type);                         // of a packed type: the same in a byte
inline bool is_float(DType type) { return kind_of(type) == DTypeKind::floating; }
inline bool is_integer(DType type) {
  return kind_of(type) == DTypeKind::signed_int || kind_of(type) == DTypeKind::unsigned_int;
}
inline bool is_signed(DType type) { return kind_of(type) == DTypeKind::signed_int; }

// The type of a value: an element type and a number of lanes (1: a scalar).
struct Type {
  DType dtype = DType::i64;
  int lanes = 1;
  bool operator==(const Type&) const = default;
  Type with_lanes(int n) const { return {dtype, n}; }
};

std::string to_string(Type type);                           // "f32", "f32x16"

}  // namespace lathe
