// Operators from strings of indices: what they define, and which strings are refused.
#include "stdlib/einsum.h"

#include <doctest/doctest.h>

#include "lang/text.h"

namespace lathe {
namespace {

// The operator that this text defines.
Operator text(const std::string& lines) { return parse_file_text(lines, "test").operators.at(0); }

}  // namespace

TEST_CASE("einsum sums over the letters that the result lacks") {
  CHECK(stdlib::einsum("bij,bjk->bik") ==
        text("einsum(left: f32[B, I, J], right: f32[B, J, K]) -> result: f32[B, I, K]\n"
             "  result[b, i, k] = sum(j < J: left[b, i, j] * right[b, j, k])\n"));
  CHECK(stdlib::einsum("ij,ij->", f64) == text("einsum(left: f64[I, J], right: f64[I, J]) -> result: f64[]\n"
                                               "  result[] = sum(i < I, j < J: left[i, j] * right[i, j])\n"));
  CHECK(stdlib::einsum("i,j->ij") == text("einsum(left: f32[I], right: f32[J]) -> result: f32[I, J]\n"
                                          "  result[i, j] = left[i] * right[j]\n"));
}

TEST_CASE("einsum of one operand transposes, sums and takes diagonals") {
  CHECK(stdlib::einsum("abc->cab") == text("einsum(operand: f32[A, B, C]) -> result: f32[C, A, B]\n"
                                           "  result[c, a, b] = operand[a, b, c]\n"));
  CHECK(stdlib::einsum("ij->i") == text("einsum(operand: f32[I, J]) -> result: f32[I]\n"
                                        "  result[i] = sum(j < J: operand[i, j])\n"));
  CHECK(stdlib::einsum("ii->i") == text("einsum(operand: f32[I, I]) -> result: f32[I]\n  result[i] = operand[i, i]\n"));
}

TEST_CASE("without an arrow the result has the letters that occur once, in order") {
  CHECK(stdlib::einsum("kj, ik") == stdlib::einsum("kj,ik->ij"));
  CHECK(stdlib::einsum("ii") == stdlib::einsum("ii->"));
}

TEST_CASE("broadcast spreads operands over the letters they lack") {
  CHECK(stdlib::broadcast("ij+j->ij") == text("broadcast(left: f32[I, J], right: f32[J]) -> result: f32[I, J]\n"
                                              "  result[i, j] = left[i, j] + right[j]\n"));
  CHECK(stdlib::broadcast("i/jk->kij", f64) ==
        text("broadcast(left: f64[I], right: f64[J, K]) -> result: f64[K, I, J]\n"
             "  result[k, i, j] = left[i] / right[j, k]\n"));
}

TEST_CASE("a string of indices that says nothing is refused with what is wrong") {
  const auto message = [](const auto& make) {
    try {
      make();
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const auto einsum = [&](const char* formula) { return message([&] { stdlib::einsum(formula); }); };
  CHECK(einsum("ij,jK->iK").find("an unexpected character: got \"ij,jK->iK\"") != std::string::npos);
  CHECK(einsum("ij,jk->il").find("index l of the result is in no operand") != std::string::npos);
  CHECK(einsum("ij,jk->ii").find("index i stands twice in the result") != std::string::npos);
  CHECK(einsum("i,i,i->i").find("too many operands") != std::string::npos);
  CHECK(message([] { stdlib::broadcast("ij->ij"); }).find("an operand is missing") != std::string::npos);
  CHECK(message([] { stdlib::broadcast("ij+j->i"); }).find("the result lacks an index") != std::string::npos);
}

}  // namespace lathe
