// Sets of element types: what a type parameter admits. The classes are made of the table of types.
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "support/dtype.h"

namespace lathe {

// As a constant of a template can be one, too.
struct DTypeSet {
  uint32_t members = 0;                                     // a bit for each type

  constexpr DTypeSet() = default;
  constexpr DTypeSet(std::initializer_list<DType> types) {
    for (DType type : types) members |= bit_of(type);
  }
  constexpr bool has(DType type) const { return (members & bit_of(type)) != 0; }
  constexpr bool empty() const { return members == 0; }
  constexpr DTypeSet operator|(DTypeSet other) const {
    other.members |= members;
    return other;
  }
  constexpr bool operator==(const DTypeSet&) const = default;
  static constexpr uint32_t bit_of(DType type) { return uint32_t{1} << static_cast<int>(type); }
};

std::vector<DType> types_in(DTypeSet set);                  // in the order of the table
std::string names_of(DTypeSet set);                         // "f32, f64"

namespace dtypes {

constexpr DTypeSet of_kinds(std::initializer_list<DTypeKind> kinds, DTypeRole role, int least_bits) {
  DTypeSet set;
  for (DTypeKind wanted : kinds) {
#define LATHE_DTYPE(name, text, bits, kind, of_role) \
  if (DTypeKind::kind == wanted && DTypeRole::of_role == role && bits >= least_bits) set.members |= DTypeSet::bit_of(DType::name);
#include "support/dtypes.def"
#undef LATHE_DTYPE
  }
  return set;
}

inline constexpr DTypeSet floats = of_kinds({DTypeKind::floating}, DTypeRole::arithmetic, 8);
inline constexpr DTypeSet integers = of_kinds({DTypeKind::signed_int, DTypeKind::unsigned_int}, DTypeRole::arithmetic, 8);
inline constexpr DTypeSet numbers = floats | integers;
// All but those that are packed, which no output has.
inline constexpr DTypeSet any = numbers | of_kinds({DTypeKind::boolean}, DTypeRole::arithmetic, 8) |
                                of_kinds({DTypeKind::floating}, DTypeRole::storage, 8);

}  // namespace dtypes

struct DTypeClass {
  std::string_view name;
  DTypeSet types;
  std::string_view meaning;
};
std::span<const DTypeClass> dtype_classes();                // "floats", "integers", "numbers", "any"

}  // namespace lathe
