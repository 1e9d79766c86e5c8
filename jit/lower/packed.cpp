#include "jit/lower/packed.h"

namespace lathe {

Expr unpacked(DType dtype, const Expr& byte, const Expr& index_is_odd) {
  const auto number = [](int64_t value) { return make_integer(DType::u8, value); };
  const Expr nibble = select(index_is_odd, byte >> number(4), byte & number(15));
  if (!is_signed(dtype)) return nibble;
  return make_cast(DType::i8, nibble ^ number(8)) - make_integer(DType::i8, 8);
}

}  // namespace lathe
