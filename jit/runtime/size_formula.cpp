// Evaluates size formulas. Results that do not fit 64 bits saturate: a saturated extent fits no tensor, so an overflow
// is found by the comparison that follows and can never agree with a shape by accident.
#include <algorithm>
#include <limits>

#include "jit/runtime/kernel.h"
#include "jit/runtime/small_array.h"

namespace lathe {
namespace {

constexpr int64_t largest = std::numeric_limits<int64_t>::max();
constexpr int64_t smallest = std::numeric_limits<int64_t>::min();

int64_t saturated_add(int64_t a, int64_t b) {
  int64_t result;
  if (!__builtin_add_overflow(a, b, &result)) return result;
  return a < 0 ? smallest : largest;
}

int64_t saturated_sub(int64_t a, int64_t b) {
  int64_t result;
  if (!__builtin_sub_overflow(a, b, &result)) return result;
  return a < 0 ? smallest : largest;
}

int64_t saturated_mul(int64_t a, int64_t b) {
  int64_t result;
  if (!__builtin_mul_overflow(a, b, &result)) return result;
  return (a < 0) != (b < 0) ? smallest : largest;
}

int64_t floor_div(int64_t a, int64_t b) {
  if (b == 0) return 0;
  if (b == -1) return saturated_sub(0, a);
  int64_t quotient = a / b;
  return quotient - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

int64_t floor_mod(int64_t a, int64_t b) {
  if (b == 0 || b == -1) return 0;
  int64_t remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

int64_t combine(SizeFormula::Code code, int64_t a, int64_t b) {
  using Code = SizeFormula::Code;
  switch (code) {
    case Code::add:
      return saturated_add(a, b);
    case Code::sub:
      return saturated_sub(a, b);
    case Code::mul:
      return saturated_mul(a, b);
    case Code::div:
      return floor_div(a, b);
    case Code::mod:
      return floor_mod(a, b);
    case Code::min:
      return std::min(a, b);
    case Code::max:
      return std::max(a, b);
    case Code::eq:
      return a == b;
    case Code::ne:
      return a != b;
    case Code::lt:
      return a < b;
    case Code::le:
      return a <= b;
    case Code::gt:
      return a > b;
    case Code::ge:
      return a >= b;
    case Code::both:
      return a != 0 && b != 0;
    case Code::either:
      return a != 0 || b != 0;
    case Code::constant:
    case Code::size:
    case Code::negate:
      break;
  }
  internal_error("call", "a size formula step that takes no two operands");
}

}  // namespace

int64_t SizeFormula::evaluate(const int64_t* sizes) const {
  SmallArray<int64_t, 32> stack(steps.size());
  size_t depth = 0;
  for (const Step& step : steps) {
    if (step.code == Code::constant) {
      stack[depth++] = step.value;
    } else if (step.code == Code::size) {
      stack[depth++] = sizes[step.value];
    } else if (step.code == Code::negate) {
      stack[depth - 1] = saturated_sub(0, stack[depth - 1]);
    } else {
      --depth;
      stack[depth - 1] = combine(step.code, stack[depth - 1], stack[depth]);
    }
  }
  return stack[0];
}

bool SizeFormula::is_valid(size_t size_count) const {
  size_t depth = 0;
  for (const Step& step : steps) {
    if (step.code == Code::constant || step.code == Code::size) {
      if (step.code == Code::size && (step.value < 0 || static_cast<size_t>(step.value) >= size_count)) return false;
      ++depth;
    } else if (step.code == Code::negate) {
      if (depth < 1) return false;
    } else {
      if (depth < 2) return false;
      --depth;
    }
  }
  return depth == 1;
}

}  // namespace lathe
