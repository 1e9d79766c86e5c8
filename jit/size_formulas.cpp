#include "jit/size_formulas.h"

#include <algorithm>

#include "lang/text.h"

namespace lathe {

namespace {

using Code = SizeFormula::Code;

std::optional<Code> code_of(Op op) {
  switch (op) {
    case Op::add:
      return Code::add;
    case Op::sub:
      return Code::sub;
    case Op::mul:
      return Code::mul;
    case Op::div:
      return Code::div;
    case Op::mod:
      return Code::mod;
    case Op::min:
      return Code::min;
    case Op::max:
      return Code::max;
    case Op::eq:
      return Code::eq;
    case Op::ne:
      return Code::ne;
    case Op::lt:
      return Code::lt;
    case Op::le:
      return Code::le;
    case Op::gt:
      return Code::gt;
    case Op::ge:
      return Code::ge;
    case Op::bit_and:
      return Code::both;
    case Op::bit_or:
      return Code::either;
    default:
      return std::nullopt;
  }
}

// False where it cannot be said.
bool append(const Expr& e, const std::vector<std::string>& names, std::vector<SizeFormula::Step>& steps) {
  const auto add = [&](const Expr& part) { return append(part, names, steps); };
  const auto step = [&](Code code, int64_t value = 0) { return steps.push_back({code, value}), true; };
  if (e.type().lanes != 1) return false;
  if (e.kind() == ExprKind::constant) return !is_float(e.type().dtype) && step(Code::constant, e->integer_value);
  if (e.kind() == ExprKind::var) {
    const auto found = std::find(names.begin(), names.end(), e->name);
    return found != names.end() && step(Code::size, found - names.begin());
  }
  if (e.kind() != ExprKind::op) return false;
  if (e.is_op(Op::neg)) return step(Code::constant) && add(e.arg(0)) && step(Code::sub);
  if (e.is_op(Op::bit_not) && e.type().dtype == DType::boolean)
    return add(e.arg(0)) && step(Code::constant) && step(Code::eq);
  if (e.is_op(Op::select)) {  // c * a + (1 - c) * b
    return add(e.arg(0)) && add(e.arg(1)) && step(Code::mul) && step(Code::constant, 1) && add(e.arg(0)) &&
           step(Code::sub) && add(e.arg(2)) && step(Code::mul) && step(Code::add);
  }
  const std::optional<Code> code = code_of(e->op);
  if (!code || ((e.is_op(Op::bit_and) || e.is_op(Op::bit_or)) && e.type().dtype != DType::boolean)) return false;
  for (const Expr& arg : e.args()) {
    if (!add(arg)) return false;
  }
  return step(*code);
}

}  // namespace

std::optional<SizeFormula> size_formula(const Expr& e, const std::vector<std::string>& names) {
  SizeFormula f;
  f.text = print(e);
  if (!append(e, names, f.steps)) return std::nullopt;
  return f;
}

}  // namespace lathe
