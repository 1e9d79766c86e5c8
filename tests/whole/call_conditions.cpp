// What is left of the proof that reads stay inside is checked at the call.
#include <doctest/doctest.h>

#include "jit/compile.h"
#include "lang/text.h"
#include "tests/errors.h"

namespace lathe {

TEST_CASE("a read that these sizes put outside is refused at the call, and the output is left alone") {
  Kernel kernel = compile(parse_file_text("window(X: f32[N], w: f32[R]) -> Y: f32[N - 2]\n"
                                          "  size N in 2..100\n  Y[i] = sum(r < R: X[i + r] * w[r])\n",
                                          "window.lathe")
                              .operators.at(0));
  Tensor X(f32, {9}), w(f32, {3}), four(f32, {4}), Y(f32, {7});
  CHECK_NOTHROW(kernel(X.view(), w.view(), Y.view()));
  Y.as<float>()[6] = 5;
  std::string message = failure_of([&] { kernel(X.view(), four.view(), Y.view()); });
  CHECK(message.find("window.lathe:3") != std::string::npos);
  CHECK(message.find("Y reads X[i + r]") != std::string::npos);
  CHECK(Y.as<float>()[6] == 5);
  Tensor empty(f32, {0});
  CHECK_NOTHROW(kernel(X.view(), empty.view(), Y.view()));
}

TEST_CASE("where nothing is computed, a producer's rules need no element") {
  Kernel kernel = compile(parse_file_text("twice(X: f32[N]) -> Y: f32[N]\n  P[i] = exp(X[i] outside edge)\n"
                                          "  Y[i] = P[i - 1] + P[i + 1]\n", "twice.lathe").operators.at(0));
  Tensor X(f32, {0}), Y(f32, {0});
  CHECK_NOTHROW(kernel(X.view(), Y.view()));
}

TEST_CASE("a rule that gives the nearest element needs a tensor that has one") {
  Kernel kernel = compile(parse_file_text("padded(X: f32[N], Z: f32[M]) -> Y: f32[M]\n  Y[i] = (X[i - 1] outside edge) + Z[i]\n", "padded.lathe")
                              .operators.at(0));
  Tensor X(f32, {0}), Z(f32, {4}), Y(f32, {4}), empty(f32, {0}), nothing(f32, {0});
  std::string message = failure_of([&] { kernel(X.view(), Z.view(), Y.view()); });
  CHECK(message.find("dimension 0 has an element") != std::string::npos);
  CHECK_NOTHROW(kernel(X.view(), empty.view(), nothing.view()));
}

}  // namespace lathe
