#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator fft_step(Floats dtype) {
  Var b("b"), h("h"), k("k");
  Size B("B"), N("N");
  Input re("re", dtype, {B, 2, N}), im("im", dtype, {B, 2, N}), cs("cs", dtype, {N}), sn("sn", dtype, {N});
  Func t("t"), Y("Y");
  t(b, k) = {re(b, 1, k) * cs(k) - im(b, 1, k) * sn(k), re(b, 1, k) * sn(k) + im(b, 1, k) * cs(k)};
  Y(b, h, k) = {re(b, 0, k) + select(eq(h, 0), t(b, k)[0], -t(b, k)[0]),
                im(b, 0, k) + select(eq(h, 0), t(b, k)[1], -t(b, k)[1])};
  return make_operator("fft_step", {re, im, cs, sn}, {{Y, {B, 2, N}}});
}

}  // namespace lathe::in_cpp
