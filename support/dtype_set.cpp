#include "support/dtype_set.h"

namespace lathe {

std::vector<DType> types_in(DTypeSet set) {
  std::vector<DType> types;
#define LATHE_DTYPE(name, text, bits, kind, role) \
  if (set.has(DType::name)) types.push_back(DType::name);
#include "support/dtypes.def"
#undef LATHE_DTYPE
  return types;
}

std::string names_of(DTypeSet set) {
  std::string names;
  for (DType type : types_in(set)) names += (names.empty() ? "" : ", ") + std::string(name_of(type));
  return names;
}

std::span<const DTypeClass> dtype_classes() {
  static constexpr DTypeClass classes[] = {
      {"floats", dtypes::floats, "what all functions exist for"},
      {"integers", dtypes::integers, "signed and unsigned"},
      {"numbers", dtypes::numbers, "floats and integers"},
      {"any", dtypes::any, "numbers, bool, f16 and bf16"},
  };
  return classes;
}

}  // namespace lathe
