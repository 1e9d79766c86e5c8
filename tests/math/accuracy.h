// How far the generated code of a mathematical function is from the function.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "jit/codegen/codegen.h"
#include "lang/expr.h"

namespace lathe::test {

// A function, its value in double precision, and the error it may have in units in the last place of f32.
struct MathFunction {
  Op op;
  double (*of_one)(double);                                 // null for two operands
  double (*of_two)(double, double);
  double most_ulp;
};
const std::vector<MathFunction>& math_functions();

// z[i] = op(x[i]) or op(x[i], y[i]) in `lanes` lanes, as all passes leave it, loaded on this machine.
class MathLoop {
 public:
  MathLoop(Op op, DType dtype, int lanes, const Target& target);
  // count is a multiple of the lanes; y is not read by functions of one operand.
  void run(const void* x, const void* y, void* z, int64_t count) const;

 private:
  LoadedCode code_;
  int lanes_;
  bool two_;
};

// Units in the last place between a float and the exact value. 0 for NaN against NaN and for values that are the same;
// infinite where only one is NaN, where an infinity or the sign of a zero is wrong.
double ulp_error(float got, double exact);

struct Accuracy {
  double worst_ulp = 0;
  float at = 0, at_second = 0, got = 0;
  double need = 0;
  std::string text() const;
};
// The worst error of `loop` over these operands, whose number is a multiple of the lanes.
void measure(const MathFunction& function, const MathLoop& loop, const std::vector<float>& x, const std::vector<float>& y,
             Accuracy& accuracy);

// Operands where formulas change: zeros, denormals, infinities, NaN, ends of ranges and their neighbours.
const std::vector<float>& special_operands();

std::vector<Target> targets_of_host();

}  // namespace lathe::test
