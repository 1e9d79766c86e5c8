// Funcs, reductions, updates and outputs. Each Func becomes one of Halide:
//
//   F[i, j] = v                       F(j, i) = v
//   F[i] = sum(k < K: v)              F(i) = identity;  F(i) = combined(F(i), v) over RDom k
//   over k < K: F[g, j] = v           F(j, g) = v over RDom k, j free
//
// An output is the Func itself where it is pure and nothing else reads it; else a Func that reads it: points outside of
// the output have a place then, and a schedule can keep partial results in registers.
#include "interop/halide/to_halide.h"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/read_conditions.h"
#include "interop/halide/expr.h"
#include "interop/halide/reads.h"

namespace lathe {
namespace {

using Locals = std::map<std::string, Halide::Expr>;

std::string halide_name(std::string name) {
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

bool is_read(const Operator& op, const std::string& func) {
  bool found = false;
  for_each_read(op, func, [&](const FuncContents&, const Expr&) { found = true; });
  return found;
}

// Operators that are no calls in Halide: what they hold is seen by its search for what a value depends on.
bool is_transparent(const Expr& e) {
  switch (e->op) {
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::neg:
    case Op::select:
    case Op::eq:
    case Op::ne:
    case Op::lt:
    case Op::le:
    case Op::gt:
    case Op::ge:
    case Op::min:
    case Op::max:
    case Op::min_number:
    case Op::max_number:
      return true;
    case Op::bit_and:
    case Op::bit_or:
    case Op::bit_not:
      return e.type().dtype == DType::boolean;
    default:
      return false;
  }
}

class Translator {
 public:
  Translator(const Operator& op, Arithmetic arithmetic)
      : names_{arithmetic == Arithmetic::halide ? with_reads_settled(op) : op, arithmetic, {}, {}, {}, {}} {}

  HalidePipeline run() {
    scalars();
    for (const InputDecl& input : names_.op.inputs) inputs(input);
    for (const FuncContents& f : names_.op.funcs) {
      names_.funcs[f.name] = Halide::Func(halide_name(f.name));
      if (f.is_reduction()) {
        reduction(f);
      } else {
        pure(f);
      }
      for (const Update& u : f.updates) update(f, u);
    }
    for (const OutputDecl& output : names_.op.outputs) outputs(output);
    result_.pipeline = Halide::Pipeline(result_.outputs);
    result_.arithmetic = names_.arithmetic;
    result_.target = Halide::get_jit_target_from_environment();
    if (names_.arithmetic == Arithmetic::lathe) result_.target.set_feature(Halide::Target::StrictFloat);
    result_.inputs = names_.inputs;
    result_.funcs = names_.funcs;
    result_.op = names_.op;
    return std::move(result_);
  }

 private:
  void scalars() {
    for (const SizeDecl& s : names_.op.sizes) {
      const Halide::Param<int32_t> size(halide_name(s.name));
      result_.sizes.emplace(s.name, size);
      names_.scalars[s.name] = size;
    }
    for (const ParamDecl& p : names_.op.params) {
      const Halide::Type type = halide_type(p.dtype);
      const Halide::Parameter param(type, false, 0, halide_name(p.name));
      result_.params.emplace(p.name, param);
      names_.scalars[p.name] = Halide::Internal::Variable::make(type, param.name(), param);
    }
  }

  void inputs(const InputDecl& input) {
    const Halide::Type type = is_packed(input.dtype) ? Halide::UInt(8) : halide_type(input.dtype);
    Halide::ImageParam image(type, static_cast<int>(input.extents.size()), halide_name(input.name));
    for (int d = 0; d < image.dimensions(); ++d) image.dim(d).set_min(0);
    names_.inputs.emplace(input.name, image);
  }

  static std::vector<Halide::Var> vars_of(const FuncContents& f, Locals& locals) {
    std::vector<Halide::Var> vars;
    for (size_t d = f.vars.size(); d-- > 0;) {
      vars.emplace_back(halide_name(f.vars[d]));
      locals[f.vars[d]] = vars.back();
    }
    return vars;
  }

  // Halide's first dimension is the innermost loop. `step` becomes the number of the step, where `f` is computed in
  // two.
  Halide::RDom domain_of(const FuncContents& f, const std::vector<ReductionVar>& rvars, Locals& locals,
                         Halide::Expr& step) {
    HalideExprs exprs(names_, {});
    if (rvars.empty() && !in_two_steps(f)) return {};
    Halide::Region region;
    if (in_two_steps(f)) region.emplace_back(0, 2);
    for (size_t r = rvars.size(); r-- > 0;) region.emplace_back(0, Halide::max(exprs.index(rvars[r].extent), 0));
    const Halide::RDom domain(region);
    for (size_t r = 0; r < rvars.size(); ++r) locals[rvars[r].name] = domain[static_cast<int>(region.size() - 1 - r)];
    if (in_two_steps(f)) step = domain[0];
    return domain;
  }

  // Halide stores the components of a tuple one by one where it sees no value that depends on another component. It
  // does not look into calls, which strict floats are too. So that such values are right all the same, one step
  // computes all of them into components of their own, another moves them.
  bool in_two_steps(const FuncContents& f) const {
    if (f.components() == 1 || (!f.is_reduction() && f.updates.empty())) return false;
    bool two = names_.arithmetic == Arithmetic::lathe;
    const auto look = [&](const Expr& value) {
      visit(value, [&](const Expr& node) { two = two || (node.kind() == ExprKind::op && !is_transparent(node)); });
    };
    if (f.is_reduction()) std::for_each(f.combiner->combined.begin(), f.combiner->combined.end(), look);
    for (const Update& u : f.updates) std::for_each(u.values.begin(), u.values.end(), look);
    return two;
  }

  void pure(const FuncContents& f) {
    Locals locals;
    const std::vector<Halide::Var> vars = vars_of(f, locals);
    HalideExprs exprs(names_, locals);
    std::vector<Halide::Expr> values;
    for (const Expr& value : f.values) values.push_back(exprs.value(value));
    begin(f, vars, values);
    if (const Halide::Expr present = present_in(exprs, f); present.defined()) {
      Halide::Func there(halide_name(f.name) + "_present");
      there(vars) = present;
      names_.present[f.name] = there;
    }
  }

  static Halide::Expr present_in(HalideExprs& exprs, const FuncContents& f) {
    Halide::Expr all;
    for (const Expr& value : f.values) {
      const Halide::Expr here = exprs.present(value);
      if (here.defined()) all = all.defined() ? all && here : here;
    }
    return all;
  }

  template <class Args>
  void define(const FuncContents& f, const Args& args, const std::vector<Halide::Expr>& values) {
    Halide::Func& func = names_.funcs.at(f.name);
    if (values.size() == 1) {
      func(args) = values[0];
    } else {
      func(args) = Halide::Tuple(values);
    }
  }

  // The pure definition.
  void begin(const FuncContents& f, const std::vector<Halide::Var>& vars, std::vector<Halide::Expr> values) {
    const std::vector<Halide::Expr> once = values;
    if (in_two_steps(f)) values.insert(values.end(), once.begin(), once.end());
    define(f, vars, values);
  }

  // An update to `values` at `place`. Halide finds the domain by its variables: where none is used, a choice between
  // equals names one.
  template <class Args>
  void go_on(const FuncContents& f, const Args& place, std::vector<Halide::Expr> values, const Halide::RDom& domain,
             const Halide::Expr& step) {
    if (domain.defined()) values[0] = Halide::select(Halide::Expr(domain[0]) >= 0, values[0], values[0]);
    if (step.defined()) {
      const Halide::FuncRef own = names_.funcs.at(f.name)(place);
      const int count = f.components();
      std::vector<Halide::Expr> both;
      for (int c = 0; c < count; ++c) both.push_back(Halide::select(step == 0, own[c], own[count + c]));
      for (int c = 0; c < count; ++c)
        both.push_back(Halide::select(step == 0, values[static_cast<size_t>(c)], own[count + c]));
      values = both;
    }
    define(f, place, values);
  }

  void reduction(const FuncContents& f) {
    const Combiner& combiner = *f.combiner;
    Locals locals, operands;
    const std::vector<Halide::Var> vars = vars_of(f, locals);
    HalideExprs constants(names_, {});
    std::vector<Halide::Expr> identity;
    for (const Expr& e : combiner.identity) identity.push_back(constants.value(e));
    begin(f, vars, identity);

    Halide::Expr step;
    const Halide::RDom domain = domain_of(f, f.rvars, locals, step);
    HalideExprs exprs(names_, locals);
    const Halide::FuncRef own = names_.funcs.at(f.name)(vars);
    for (size_t c = 0; c < f.values.size(); ++c) {
      operands[combiner.left[c]] = f.components() > 1 ? Halide::Expr(own[static_cast<int>(c)]) : Halide::Expr(own);
      operands[combiner.right[c]] = exprs.value(f.values[c]);
    }
    HalideExprs joined(names_, operands);
    const Halide::Expr present = present_in(exprs, f);
    std::vector<Halide::Expr> values;
    for (size_t c = 0; c < f.values.size(); ++c) {
      const Halide::Expr value = joined.value(combiner.combined[c]);
      values.push_back(present.defined() ? Halide::select(present, value, operands[combiner.left[c]]) : value);
    }
    go_on(f, vars, values, domain, step);
  }

  void update(const FuncContents& f, const Update& u) {
    Locals locals;
    vars_of(f, locals);
    Halide::Expr step;
    Halide::RDom domain = domain_of(f, u.rvars, locals, step);
    HalideExprs exprs(names_, locals);
    std::vector<Halide::Expr> place;
    for (size_t d = f.vars.size(); d-- > 0;) {
      const auto& needed = needs_.at(f.name).at(d);
      if (!holds_data(u.indices[d]) || !needed) {
        place.push_back(exprs.index(u.indices[d]));
      } else {  // written where a reader needs it
        const Halide::Expr i = exprs.value(u.indices[d]);
        const Halide::Expr lowest = cast(i.type(), exprs.index(needed->lowest)),
                           highest = cast(i.type(), exprs.index(needed->highest));
        domain.where(i >= lowest && i <= highest);
        place.push_back(Halide::cast<int32_t>(Halide::clamp(i, lowest, Halide::max(lowest, highest))));
      }
    }
    exprs.writes(f.name, u.indices, place);
    std::vector<Halide::Expr> values;
    for (const Expr& value : u.values) values.push_back(exprs.value(value));
    go_on(f, place, values, domain, step);
  }

  void outputs(const OutputDecl& output) {
    const FuncContents& f = *names_.op.find_func(output.func);
    Halide::Func func = names_.funcs.at(f.name);
    if (f.components() == 1 && !f.is_reduction() && f.updates.empty() && !is_read(names_.op, f.name)) {
      result_.outputs.push_back(func);
      return;
    }
    for (int c = 0; c < f.components(); ++c) {
      Locals locals;
      const std::vector<Halide::Var> vars = vars_of(f, locals);
      Halide::Func out("out_" + halide_name(component_name(f, c)));
      const Halide::FuncRef read = func(vars);
      out(vars) = f.components() > 1 ? Halide::Expr(read[c]) : Halide::Expr(read);
      result_.outputs.push_back(out);
    }
  }

  HalideNames names_;
  const NeededRanges needs_ = needed_ranges(names_.op);
  HalidePipeline result_;
};

}  // namespace

HalidePipeline to_halide(const Operator& op, Arithmetic arithmetic) {
  if (std::vector<Error> reasons = not_expressible(op); !reasons.empty()) throw reasons.front();
  return Translator(op, arithmetic).run();
}

}  // namespace lathe
