// Functions become their formulas, wherever they stand.
#include <doctest/doctest.h>

#include "jit/ir/text.h"
#include "jit/ir/verify.h"
#include "jit/passes/expand_math.h"

namespace lathe {
namespace {

// The statements in place of this one.
std::string expanded(const std::string& statement, const std::string& elements, const char* target = "x86-64-v3") {
  const std::string head = "program p\nentry main(X: " + elements + " readonly, Y: " + elements + "; i: i64, a: " + elements + ") {\n";
  const ir::Program program = expand_math(ir::parse_program(head + statement + "\n}\n"), target_named(target));
  ir::verify(program, ir::Stage::final);
  const std::string text = ir::print(program);
  return text.substr(text.find("{\n") + 2);
}

}  // namespace

TEST_CASE("the example of expand_math's file head comes out as it says") {
  CHECK(expanded("Y[i] = sigmoid(X[i])", "f64") ==
        "  let math.0 = X[i]\n  let math.1 = exp(-abs(math.0))\n  Y[i] = select(math.0 < 0, math.1, 1) / (math.1 + 1)\n}\n");
}

TEST_CASE("a function of a constant or parameter is expanded too, though nothing needs a name") {
  CHECK(expanded("Y[i] = reciprocal(f32(3))", "f32") == "  Y[i] = f32(1) / 3\n}\n");
  CHECK(expanded("Y[i] = reciprocal(a)", "f64") == "  Y[i] = 1 / a\n}\n");
  CHECK(expanded("Y[i] = rsqrt(a)", "f32") == "  Y[i] = 1 / sqrt(a)\n}\n");
}

TEST_CASE("powers of two are one instruction where the target has it") {
  const std::string wide = expanded("Y[i] = exp(X[i])", "f32", "x86-64-v4"), narrow = expanded("Y[i] = exp(X[i])", "f32");
  CHECK(wide.find("instruction(vscalefps, ") != std::string::npos);
  CHECK(wide.find("<<") == std::string::npos);
  CHECK(narrow.find("instruction(vscalefps, ") == std::string::npos);
}

TEST_CASE("a part of a formula has a name where it is used, with the value that it has there") {
  expanded("trace T[0] = exp(X[i])\n  Y[i] = exp(X[i])", "f32");   // verified
  expanded("if rsqrt(X[i]) > 1 {\n trace T[0] = a\n }\n  Y[i] = rsqrt(X[i])", "f64");
  const std::string text = expanded("let y = sigmoid(Y[i])\n  for k in 0, 3 serial {\n    Y[i] = sigmoid(Y[i]) + y\n  }", "f64");
  const size_t loop = text.find("for k");
  CHECK(text.find("= Y[i]", loop) != std::string::npos);
}

}  // namespace lathe
