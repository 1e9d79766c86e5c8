// Looking into an algorithm, the built-in combiners, and fixing static parameters.
#include "lang/algorithm.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "lang/check_func.h"

namespace lathe {

bool FuncContents::operator==(const FuncContents& o) const {
  bool same_combiner = (combiner == nullptr) == (o.combiner == nullptr) && (!combiner || *combiner == *o.combiner);
  return name == o.name && vars == o.vars && rvars == o.rvars && same_combiner && values == o.values && updates == o.updates;
}

bool Operator::operator==(const Operator& o) const {
  return name == o.name && sizes == o.sizes && params == o.params && inputs == o.inputs && funcs == o.funcs &&
         outputs == o.outputs && strict == o.strict;
}

template <class List>
static auto find_named(const List& list, std::string_view name) {
  auto it = std::find_if(list.begin(), list.end(), [&](const auto& e) { return e.name == name; });
  return it == list.end() ? nullptr : &*it;
}

const FuncContents* Operator::find_func(std::string_view n) const { return find_named(funcs, n); }
const InputDecl* Operator::find_input(std::string_view n) const { return find_named(inputs, n); }
const OutputDecl* Operator::find_output(std::string_view func) const {
  auto it = std::find_if(outputs.begin(), outputs.end(), [&](const OutputDecl& o) { return o.func == func; });
  return it == outputs.end() ? nullptr : &*it;
}

const OutputDecl* Operator::output_in(std::string_view input) const {
  for (const OutputDecl& o : outputs) {
    if (!o.in.empty() && o.in == input) return &o;
  }
  return nullptr;
}

std::vector<FuncPart> parts_of(const FuncContents& func) {
  std::vector<FuncPart> stages(1);
  stages[0].loops = func;
  stages[0].loops.updates.clear();
  for (const Update& update : func.updates) {
    FuncContents part;
    part.name = fmt::format("{}.update{}", func.name, stages.size() == 1 ? "" : std::to_string(stages.size()));
    for (size_t d = 0; d < func.vars.size(); ++d) {
      if (update.indices[d] == make_var(func.vars[d])) part.vars.push_back(func.vars[d]);
    }
    part.rvars = update.rvars;
    part.values = update.values;
    part.values.insert(part.values.end(), update.indices.begin(), update.indices.end());
    part.where = update.where;
    stages.push_back({std::move(part), &update});
  }
  return stages;
}

std::string component_name(const FuncContents& func, int component) {
  return func.components() == 1 ? func.name : fmt::format("{}.{}", func.name, component);
}

std::string written_argument(const Operator& op, const FuncContents& func, int component) {
  const OutputDecl* output = op.find_output(func.name);
  return output && !output->in.empty() ? output->in : component_name(func, component);
}

std::vector<TensorArgument> tensor_arguments(const Operator& op) {
  std::vector<TensorArgument> list;
  for (const InputDecl& in : op.inputs) {
    list.push_back({in.name, in.dtype, in.extents, op.output_in(in.name) != nullptr, true});
  }
  for (const OutputDecl& out : op.outputs) {
    if (!out.in.empty()) continue;
    const FuncContents* f = op.find_func(out.func);
    if (!f) internal_error("algorithm", "output " + out.func + " has no Func");
    for (int c = 0; c < f->components(); ++c) {
      list.push_back({component_name(*f, c), f->dtype(c), out.extents, true});
    }
  }
  return list;
}

// --- Combiners.

namespace {

// The value that no other is above (sign +1) or below (sign -1).
Expr extreme(DType type, int sign) {
  if (is_float(type)) return make_float(type, sign * std::numeric_limits<double>::infinity());
  const int bits = bits_of(type);
  if (is_signed(type)) {
    const int64_t highest = static_cast<int64_t>((uint64_t{1} << (bits - 1)) - 1);
    return make_integer(type, sign > 0 ? highest : -highest - 1);
  }
  return make_integer(type, sign > 0 ? static_cast<int64_t>(~uint64_t{0} >> (64 - bits)) : 0);
}

struct BuiltIn {
  const char* name;
  Op op;
  Expr (*identity)(DType);
};

constexpr BuiltIn built_ins[] = {
    {"sum", Op::add, [](DType t) { return make_constant(t, 0); }},
    {"prod", Op::mul, [](DType t) { return make_constant(t, 1); }},
    {"min", Op::min, [](DType t) { return extreme(t, +1); }},
    {"max", Op::max, [](DType t) { return extreme(t, -1); }},
    {"min_number", Op::min_number, [](DType t) { return extreme(t, +1); }},
    {"max_number", Op::max_number, [](DType t) { return extreme(t, -1); }},
};

// The extreme value, then the indices where it stands: of several places the first in lexicographic order. A NaN is never
// better than what is there.
std::shared_ptr<const Combiner> place_of_extreme(const std::string& name, const std::vector<DType>& types,
                                                 const SourceLocation& where) {
  for (size_t c = 1; c < types.size(); ++c) {
    if (types[c] != DType::i64) return nullptr;
  }
  if (types.size() < 2) return nullptr;
  auto combiner = std::make_shared<Combiner>();
  combiner->name = name;
  const auto operand = [&](std::vector<std::string>& side, const char* prefix, size_t c) {
    side.push_back(fmt::format("{}{}", prefix, c));
    return make_var(side.back(), {types[c], 1});
  };
  const Expr left = operand(combiner->left, "left", 0), right = operand(combiner->right, "right", 0);
  const Op better_by = name == "argmax" ? Op::gt : Op::lt;
  const Expr better = make_op(better_by, {right, left}, where);
  std::vector<Expr> ours, theirs;
  for (size_t c = 1; c < types.size(); ++c) {
    ours.push_back(operand(combiner->left, "left", c));
    theirs.push_back(operand(combiner->right, "right", c));
  }
  Expr before;                                              // their place is before ours
  for (size_t c = ours.size(); c-- > 0;) {
    const Expr here = lt(theirs[c], ours[c]);
    before = before.defined() ? here | (eq(theirs[c], ours[c]) & before) : here;
  }
  const Expr takes = better | (eq(right, left) & before);
  combiner->identity.push_back(extreme(types[0], name == "argmax" ? -1 : +1));
  combiner->combined.push_back(select(better, right, left));
  for (size_t c = 0; c < ours.size(); ++c) {
    combiner->identity.push_back(extreme(DType::i64, +1));
    combiner->combined.push_back(select(takes, theirs[c], ours[c]));
  }
  return combiner;
}

}  // namespace

bool finds_places(const std::string& combiner) { return combiner == "argmax" || combiner == "argmin"; }

std::shared_ptr<const Combiner> builtin_combiner(const std::string& name, const std::vector<DType>& types,
                                                 const SourceLocation& where) {
  if (finds_places(name)) return place_of_extreme(name, types, where);
  for (const BuiltIn& b : built_ins) {
    if (name != b.name) continue;
    auto combiner = std::make_shared<Combiner>();
    combiner->name = name;
    for (size_t c = 0; c < types.size(); ++c) {
      const std::string suffix = types.size() == 1 ? "" : std::to_string(c);
      combiner->left.push_back(fmt::format("left{}", suffix));
      combiner->right.push_back(fmt::format("right{}", suffix));
      combiner->identity.push_back(b.identity(types[c]));
      Type type{types[c], 1};
      combiner->combined.push_back(
          make_op(b.op, {make_var(combiner->left[c], type), make_var(combiner->right[c], type)}, where));
    }
    return combiner;
  }
  return nullptr;
}

// --- Static parameters.

static Combiner substituted(Combiner combiner, const Substitution& values) {
  for (Expr& e : combiner.identity) e = substitute(e, values);
  for (Expr& e : combiner.combined) e = substitute(e, values);
  return combiner;
}

Substitution static_values(const Operator& op, const std::map<std::string, int64_t>& given) {
  Substitution constants;
  for (const ParamDecl& p : op.params) {
    if (!p.is_static) continue;
    auto it = given.find(p.name);
    int64_t value = it == given.end() ? static_cast<int64_t>(p.default_value) : it->second;
    constants.push_back({p.name, make_integer(DType::i64, value)});
  }
  return constants;
}

Operator substitute(const Operator& op, const Substitution& values) {
  Operator result = op;
  for (InputDecl& in : result.inputs) {
    for (Expr& e : in.extents) e = substitute(e, values);
  }
  for (OutputDecl& out : result.outputs) {
    for (Expr& e : out.extents) e = substitute(e, values);
  }
  for (FuncContents& f : result.funcs) {
    for (Expr& v : f.values) v = substitute(v, values);
    for (ReductionVar& r : f.rvars) r.extent = substitute(r.extent, values);
    if (f.combiner) f.combiner = std::make_shared<const Combiner>(substituted(*f.combiner, values));
    for (Update& u : f.updates) {
      for (Expr& e : u.indices) e = substitute(e, values);
      for (Expr& e : u.values) e = substitute(e, values);
      for (ReductionVar& r : u.rvars) r.extent = substitute(r.extent, values);
    }
  }
  return result;
}

Operator with_static_params_unchecked(const Operator& op, const std::map<std::string, int64_t>& values) {
  Substitution constants = static_values(op, values);
  std::vector<std::string> names;
  for (const auto& [name, value] : constants) names.push_back(name);
  for (const auto& [name, value] : values) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    std::string near = nearest_name(name, names);
    throw Error(ErrorCode::unknown_name, {"compile", fmt::format("{} has no static parameter of this name", op.name),
                                          name, names.empty() ? "none" : "one of " + joined(names, ", "), op.where,
                                          near.empty() ? "" : fmt::format("did you mean {}?", near)});
  }
  if (constants.empty()) return op;
  Operator result = substitute(op, constants);
  std::erase_if(result.params, [](const ParamDecl& p) { return p.is_static; });
  return result;
}

Operator with_static_params(const Operator& op, const std::map<std::string, int64_t>& values) {
  Operator result = with_static_params_unchecked(op, values);
  const bool changed = result.params.size() != op.params.size();
  return changed ? checked(std::move(result)) : result;  // a value may be one that a formula divides by
}

}  // namespace lathe
