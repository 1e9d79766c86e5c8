#include "jit/signature.h"

#include "jit/lower/view.h"
#include "jit/size_formulas.h"
#include "lang/text.h"

namespace lathe {

namespace {

SizeFormula formula(const Expr& e, const Operator& op) {
  std::vector<std::string> names;
  for (const SizeDecl& size : op.sizes) names.push_back(size.name);
  if (std::optional<SizeFormula> f = size_formula(e, names)) return *f;
  throw Error(ErrorCode::bad_definition, {"compile", "an extent that sizes alone do not give", print(e),
                                          "integer arithmetic over sizes", e->where.known() ? e->where : op.where});
}

}  // namespace

KernelSignature signature_of(const Operator& op, const Lowered& lowered, const std::vector<ReadCondition>& conditions) {
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
  for (const ReadCondition& c : conditions) {
    signature.conditions.push_back({formula(c.condition, op), c.meaning, c.where});
  }
  return signature;
}

KernelSignature signature_of(const Operator& op, const Lowered& lowered) {
  return signature_of(op, lowered, read_conditions(op));
}

}  // namespace lathe
