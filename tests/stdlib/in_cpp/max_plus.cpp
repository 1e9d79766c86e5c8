#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"
#include "tests/stdlib/in_cpp/product_schedules.h"

namespace lathe::in_cpp {

Operator max_plus(WideNumbers dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N"), K("K");
  Input A("A", dtype, {M, K}), B("B", dtype, {K, N});
  RDom k(0, K, "k");
  Func C("C");
  C(i, j) = reduce_max_number(k, A(i, k) + B(k, j));
  return make_operator("max_plus", {A, B}, {{C, {M, N}}});
}

Schedules max_plus_schedules() { return product_schedules(max_plus()); }

}  // namespace lathe::in_cpp
