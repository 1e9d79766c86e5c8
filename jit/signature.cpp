#include "jit/signature.h"

#include "analysis/read_conditions.h"
#include "jit/lower/view.h"
#include "lang/text.h"

namespace lathe {

namespace {

using Code = SizeFormula::Code;

std::optional<Code> code_of(Op op) {
  switch (op) {
    case Op::add: return Code::add;
    case Op::sub: return Code::sub;
    case Op::mul: return Code::mul;
    case Op::div: return Code::div;
    case Op::mod: return Code::mod;
    case Op::min: return Code::min;
    case Op::max: return Code::max;
    case Op::eq: return Code::eq;
    case Op::ne: return Code::ne;
    case Op::lt: return Code::lt;
    case Op::le: return Code::le;
    case Op::gt: return Code::gt;
    case Op::ge: return Code::ge;
    case Op::bit_and: return Code::both;
    case Op::bit_or: return Code::either;
    default: return std::nullopt;
  }
}

void append(const Expr& e, const Operator& op, std::vector<SizeFormula::Step>& steps) {
  if (e.kind() == ExprKind::constant) {
    steps.push_back({Code::constant, e->integer_value});
  } else if (e.kind() == ExprKind::var) {
    size_t at = 0;
    while (at < op.sizes.size() && op.sizes[at].name != e->name) ++at;
    if (at == op.sizes.size()) internal_error("signature", "an extent names " + e->name);
    steps.push_back({Code::size, static_cast<int64_t>(at)});
  } else if (e.is_op(Op::neg)) {
    steps.push_back({Code::constant, 0});
    append(e.arg(0), op, steps);
    steps.push_back({Code::sub, 0});
  } else if (e.is_op(Op::bit_not) && e.type().dtype == DType::boolean) {
    append(e.arg(0), op, steps);
    steps.push_back({Code::constant, 0});
    steps.push_back({Code::eq, 0});
  } else if (e.kind() == ExprKind::op && code_of(e->op)) {
    for (const Expr& a : e.args()) append(a, op, steps);
    steps.push_back({*code_of(e->op), 0});
  } else {
    throw Error(ErrorCode::bad_definition, {"compile", "an extent that sizes alone do not give", print(e),
                                            "integer arithmetic over sizes", e->where.known() ? e->where : op.where});
  }
}

SizeFormula formula(const Expr& e, const Operator& op) {
  SizeFormula f;
  f.text = print(e);
  append(e, op, f.steps);
  return f;
}

}  // namespace

KernelSignature signature_of(const Operator& op, const Lowered& lowered) {
  KernelSignature signature;
  signature.name = op.name;
  signature.where = op.where;
  for (const SizeDecl& s : op.sizes) signature.sizes.push_back({s.name, s.lowest, s.highest, s.multiple_of});
  for (const TensorArgument& t : tensor_arguments(op)) {
    ArgumentSpec argument{t.name, t.dtype, t.is_output, {}};
    auto layout = lowered.layouts.find(tensor_of(op, t));
    const bool given = layout != lowered.layouts.end();
    for (const Expr& e : given ? extents_in(layout->second, t.extents) : t.extents) argument.extents.push_back(formula(e, op));
    if (given) for (const LayoutDigit& d : layout->second) argument.digits.push_back({d.dimension, d.divisor, d.modulus});
    signature.arguments.push_back(std::move(argument));
  }
  for (const ParamDecl& p : op.params) signature.params.push_back({p.name, p.dtype, p.default_value});
  for (const BoundParam& p : lowered.params) signature.tune_params.push_back({p.name, p.value, p.lowest, p.highest});
  for (const ReadCondition& c : read_conditions(op)) {
    signature.conditions.push_back({formula(c.condition, op), c.meaning, c.where});
  }
  return signature;
}

}  // namespace lathe
