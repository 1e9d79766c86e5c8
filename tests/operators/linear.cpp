// References of matrix products, plain and with what follows them.
#include "tests/operators/table.h"

namespace lathe::reference {
namespace {

// sum_k A B with either factor transposed.
Real product(const Call& c, const In& A, const In& B, Ix i, Ix j, bool first = false, bool second = false) {
  return sum(c["K"], [&](Ix k) { return (first ? A(k, i) : A(i, k)) * (second ? B(j, k) : B(k, j)); });
}

Real gelu(const Real& x) { return Real(0.5) * x * (Real(1) + erf(x * constant(0.70710678118654752440L))); }

const std::vector<std::map<std::string, Ix>> squares = {{{"M", 96}, {"N", 96}, {"K", 96}},
                                                        {{"M", 31}, {"N", 65}, {"K", 127}}};

}  // namespace

Table linear() {
  return {
      {"matmul",
       {.sizes = squares},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B");
         c.out("C").fill([&](Ix i, Ix j) { return product(c, A, B, i, j); });
       }},
      {"dense",
       {.sizes = squares},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B"), bias = c.in("bias");
         c.out("D").fill([&](Ix i, Ix j) { return max(product(c, A, B, i, j) + bias(j), 0); });
       }},
      {"batched_matmul",
       {.sizes = {{{"P", 2}, {"M", 33}, {"N", 31}, {"K", 17}}}},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B");
         c.out("C").fill([&](Ix p, Ix i, Ix j) { return sum(c["K"], [&](Ix k) { return A(p, i, k) * B(p, k, j); }); });
       }},
      {"matmul_nt",
       {.sizes = squares},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B");
         c.out("C").fill([&](Ix i, Ix j) { return product(c, A, B, i, j, false, true); });
       }},
      {"matmul_tn",
       {.sizes = squares},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B");
         c.out("C").fill([&](Ix i, Ix j) { return product(c, A, B, i, j, true, false); });
       }},
      {"matmul_tt",
       {.sizes = squares},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B");
         c.out("C").fill([&](Ix i, Ix j) { return product(c, A, B, i, j, true, true); });
       }},
      {"strided_matmul",
       {},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B");
         c.out("C").fill(
             [&](Ix i, Ix j) { return sum((c["K"] + 2) / 3, [&](Ix k) { return A(2 * i, 3 * k) * B(3 * k, j); }); });
       }},
      {"matmul_f16",
       {},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B");
         c.out("C").fill([&](Ix i, Ix j) { return product(c, A, B, i, j); });
       }},
      {"matmul_bf16",
       {},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B");
         c.out("C").fill([&](Ix i, Ix j) { return product(c, A, B, i, j); });
       }},
      {"matmul_f16w",
       {},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B");
         c.out("C").fill([&](Ix i, Ix j) { return product(c, A, B, i, j); });
       }},
      {"matmul_bias",
       {},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B"), bias = c.in("bias");
         c.out("D").fill([&](Ix i, Ix j) { return product(c, A, B, i, j) + bias(j); });
       }},
      {"matmul_bias_gelu",
       {.sizes = squares},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B"), bias = c.in("bias");
         c.out("D").fill([&](Ix i, Ix j) { return gelu(product(c, A, B, i, j) + bias(j)); });
       }},
      {"matmul_bias_silu",
       {},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B"), bias = c.in("bias");
         c.out("D").fill([&](Ix i, Ix j) {
           const Real x = product(c, A, B, i, j) + bias(j);
           return x * sigmoid(x);
         });
       }},
      {"matmul_residual",
       {},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B"), bias = c.in("bias"), R = c.in("R");
         c.out("D").fill([&](Ix i, Ix j) { return product(c, A, B, i, j) + bias(j) + R(i, j); });
       }},
      {"matmul_add",
       {.sizes = squares},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B"), C = c.in("C");
         c.out("D").fill([&](Ix i, Ix j) { return C(i, j) + product(c, A, B, i, j); });
       }},
      {"gemm",
       {},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B"), C = c.in("C");
         c.out("D").fill(
             [&](Ix i, Ix j) { return c.param("beta") * C(i, j) + c.param("alpha") * product(c, A, B, i, j); });
       }},
      {"gemv",
       {.sizes = {{{"M", 131}, {"K", 257}}}},
       [](Call& c) {
         const In A = c.in("A"), x = c.in("x");
         c.out("y").fill([&](Ix i) { return sum(c["K"], [&](Ix k) { return A(i, k) * x(k); }); });
       }},
      {"gemv_t",
       {.sizes = {{{"N", 131}, {"K", 257}}}},
       [](Call& c) {
         const In A = c.in("A"), x = c.in("x");
         c.out("y").fill([&](Ix j) { return sum(c["K"], [&](Ix k) { return x(k) * A(k, j); }); });
       }},
      {"dot",
       {.sizes = {{{"K", 1023}}}},
       [](Call& c) {
         const In x = c.in("x"), y = c.in("y");
         c.out("S").fill([&]() { return sum(c["K"], [&](Ix k) { return x(k) * y(k); }); });
       }},
      {"outer",
       {},
       [](Call& c) {
         const In x = c.in("x"), y = c.in("y");
         c.out("C").fill([&](Ix i, Ix j) { return x(i) * y(j); });
       }},
      {"max_plus",
       {.sizes = squares},
       [](Call& c) {
         const In A = c.in("A"), B = c.in("B");
         c.out("C").fill([&](Ix i, Ix j) {
           Real top = -std::numeric_limits<double>::infinity();
           for (Ix k = 0; k < c["K"]; ++k) {
             const Real x = A(i, k) + B(k, j);
             if (x > top) top = x;
           }
           return top;
         });
       }},
      {"fft_step",
       {},
       [](Call& c) {
         const In re = c.in("re"), im = c.in("im"), cs = c.in("cs"), sn = c.in("sn");
         const auto turned = [&](Ix b, Ix k, bool imaginary) {
           return imaginary ? re(b, 1, k) * sn(k) + im(b, 1, k) * cs(k) : re(b, 1, k) * cs(k) - im(b, 1, k) * sn(k);
         };
         c.out("Y.0").fill([&](Ix b, Ix h, Ix k) {
           return h == 0 ? re(b, 0, k) + turned(b, k, false) : re(b, 0, k) - turned(b, k, false);
         });
         c.out("Y.1").fill([&](Ix b, Ix h, Ix k) {
           return h == 0 ? im(b, 0, k) + turned(b, k, true) : im(b, 0, k) - turned(b, k, true);
         });
       }},
  };
}

}  // namespace lathe::reference
