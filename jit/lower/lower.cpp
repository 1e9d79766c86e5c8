#include "jit/lower/lower.h"

#include <fmt/format.h>

#include <algorithm>

#include "jit/lower/argument_layouts.h"
#include "jit/lower/condition_facts.h"
#include "jit/lower/lets.h"
#include "jit/lower/lowering.h"
#include "schedules/checks.h"
#include "schedules/formula.h"

namespace lathe {

std::string stride_name(const std::string& tensor, size_t dimension) {
  return fmt::format("{}.stride.{}", tensor, dimension);
}

std::string misalignment_name(const std::string& tensor) { return tensor + ".misalignment"; }

namespace {

constexpr int64_t kLineBytes = 64;                          // streaming stores write whole lines

// One row of the dispatch list: the directives and the condition under which they run.
struct Variant {
  Expr condition;                                           // undefined: always
  std::map<std::string, int64_t> multiples;                 // of sizes that are known to be multiples
  std::vector<Directive> directives;
  View view;
};

Expr both(const Expr& a, const Expr& b) { return a.defined() && b.defined() ? a & b : a.defined() ? a : b; }

std::vector<BoundParam> bound_params(const Schedule& schedule, const Target& target) {
  std::vector<BoundParam> params;
  for (const ScheduleParam& p : schedule.params) {
    int64_t value = 0;
    if (!is_integer_constant(simplify(substitute(p.formula, values_of_facts(target))), &value)) {
      throw Error(ErrorCode::bad_factor, {"schedule", fmt::format("param {} has no value", p.name), "a formula of sizes",
                                          "a formula of target facts and numbers", p.where});
    }
    params.push_back({p.name, std::min(std::max(value, p.lowest), p.highest), p.lowest, p.highest});
  }
  return params;
}

class ProgramBuilder {
 public:
  ProgramBuilder(const Operator& op, const Schedule* schedule, const Target& target)
      : op_(op), schedule_(schedule), target_(target), constants_(values_of_facts(target)) {
    for (const SizeDecl& s : op.sizes) facts_.bound(s.name, integer(s.lowest), integer(s.highest));
  }

  Lowered build(bool only_plain) {
    is_first_ = only_plain;
    bind_params();
    if (schedule_) common_ = schedule_->directives, layouts_ = take_argument_layouts(op_, *schedule_, common_);
    Lowered result;
    result.program.name = op_.name;
    result.program.strict = op_.strict;
    result.params = params_;
    result.layouts = layouts_;
    std::vector<Variant> list = only_plain ? std::vector<Variant>{plain()} : variants();
    for (size_t i = 0; i < list.size(); ++i) {
      const std::string name = name_of(i, list.size());
      result.program.functions.push_back(function(list[i], name, result.attempts[name]));
    }
    result.program.functions.push_back(entry(list));
    return result;
  }

 private:
  // Numbers that directives and conditions name: target facts and this schedule's parameters.
  void bind_params() {
    if (!schedule_) return;
    params_ = bound_params(*schedule_, target_);
    for (const BoundParam& p : params_) facts_.bound(p.name, integer(p.lowest), integer(p.highest));
  }

  size_t rank_of(const TensorArgument& t) const {
    auto layout = layouts_.find(tensor_of(op_, t));
    return layout == layouts_.end() ? t.extents.size() : layout->second.size();
  }

  std::vector<Directive> bound(std::vector<Directive> directives) const {
    for (Directive& d : directives) {
      change_formulas(d, [&](const Expr& e) { return simplify(substitute(e, constants_)); });
      if (d.value.defined()) check_value(d.kind, d.value, d.where);
      if (d.last.defined()) check_last(d.kind, d.last, d.where);
    }
    return directives;
  }

  // First match wins: the specializations, the common directives alone, the plain nest for whatever is left.
  std::vector<Variant> variants() const {
    std::vector<Variant> list;
    if (schedule_) {
      const std::vector<Directive> common = bound(common_);
      for (const Specialization& s : schedule_->specializations) {
        std::vector<Directive> directives = common;
        for (Directive& d : bound(s.directives)) directives.push_back(std::move(d));
        list.push_back(variant(simplify(substitute(s.condition, constants_), facts_), std::move(directives)));
      }
      if (!schedule_->directives.empty()) list.push_back(variant({}, common));
    }
    if (list.empty() || list.back().condition.defined()) list.push_back(plain());
    return list;
  }

  Variant plain() const {
    std::map<std::string, int64_t> multiples = multiples_of({}, op_.sizes);
    View view = view_of(substitute(op_, in_units({}, multiples)), layouts_);
    return {{}, std::move(multiples), {}, std::move(view)};
  }

  Variant variant(const Expr& condition, std::vector<Directive> directives) const {
    std::map<std::string, int64_t> multiples = multiples_of(condition, op_.sizes);
    Substitution known = in_units(pinned_sizes(condition, op_.sizes), multiples);
    require_whole_lines(directives);
    for (Directive& d : directives) {
      change_formulas(d, [&](const Expr& e) { return simplify(substitute(e, known)); });
    }
    View view = view_of(known.empty() ? op_ : substitute(op_, known), layouts_, directives);
    Expr holds = both(condition, without_units(view.condition, multiples));
    Variant v{std::move(holds), std::move(multiples), std::move(directives), std::move(view)};
    assume_unit_strides(v);
    return v;
  }

  // Streaming stores need whole, aligned lines: the condition of a stream directive comes to say so.
  void require_whole_lines(std::vector<Directive>& directives) const {
    std::vector<Directive> applied = directives;
    const View view = view_of(op_, layouts_, applied);
    for (Directive& d : directives) {
      if (d.kind != DirectiveKind::stream) continue;
      bool is_argument = false;
      for (const TensorArgument& t : tensor_arguments(op_)) {
        if (t.name != d.func && t.name.rfind(d.func + ".", 0) != 0) continue;
        is_argument = true;
        Expr line = integer(kLineBytes / bytes_of(t.dtype));
        d.value = both(d.value, eq(make_var(misalignment_name(t.name)), integer(0)));
        const std::vector<size_t>& dimensions = view.strides_from.at(t.name);
        for (size_t i = 0; i + 1 < dimensions.size(); ++i) {
          d.value = d.value & eq(make_var(stride_name(t.name, dimensions[i])) % line, integer(0));
        }
      }
      if (!is_argument) d.value = make_constant(DType::boolean, 0);   // of our own storage, rows are not aligned
    }
  }

  // A scheduled variant takes the innermost stride of each argument for 1, unless its condition speaks of that stride;
  // calls where one is not fall through to the next variant. Digits of a number of places lie without gaps as well.
  void assume_unit_strides(Variant& v) const {
    for (const TensorArgument& t : tensor_arguments(op_)) {
      const auto layout = layouts_.find(tensor_of(op_, t));
      int64_t apart = 1;
      for (size_t d = t.extents.empty() ? 0 : rank_of(t); d-- > 0 && apart > 0;) {
        std::string stride = stride_name(t.name, d);
        const bool spoken_of = v.condition.defined() && uses_var(v.condition, stride);
        if (!spoken_of) v.condition = both(v.condition, eq(make_var(stride), integer(apart)));
        apart *= layout == layouts_.end() ? 0 : layout->second[d].modulus;
      }
    }
  }

  std::vector<ir::Param> scalars() const {
    std::vector<ir::Param> list;
    for (const SizeDecl& s : op_.sizes) list.push_back({s.name, {DType::i64, 1}});
    for (const TensorArgument& t : tensor_arguments(op_)) {
      for (size_t d = 0; d < rank_of(t); ++d) list.push_back({stride_name(t.name, d), {DType::i64, 1}});
    }
    for (const TensorArgument& t : tensor_arguments(op_)) list.push_back({misalignment_name(t.name), {DType::i64, 1}});
    for (const ParamDecl& p : op_.params) list.push_back({p.name, {p.dtype, 1}});
    for (const BoundParam& p : params_) list.push_back({p.name, {DType::i64, 1}});
    return list;
  }

  std::vector<ir::Buffer> buffers(const Variant* v) const {
    std::vector<ir::Buffer> list;
    for (const TensorArgument& t : tensor_arguments(op_)) {
      ir::Buffer b;
      b.name = t.name, b.dtype = is_packed(t.dtype) ? DType::u8 : t.dtype, b.read_only = !t.is_output;
      std::vector<size_t> dimensions = v ? v->view.strides_from.at(t.name) : view_of(op_, layouts_).strides_from.at(t.name);
      for (size_t d : dimensions) {
        std::string stride = stride_name(t.name, d);
        Expr known = v ? known_stride(*v, stride) : Expr();
        Expr elements = known.defined() ? known : make_var(stride);
        const bool rows = is_packed(t.dtype) && d + 1 < t.extents.size();
        b.strides.push_back(rows ? simplify(elements / integer(2), facts_) : elements);
      }
      if (b.strides.empty()) b.strides.push_back(integer(1));
      list.push_back(std::move(b));
    }
    return list;
  }

  // These values of sizes, and each other size that is a multiple of m as m times its units: divisions by m vanish then,
  // and with them bodies for what is left over.
  static Substitution in_units(Substitution known, const std::map<std::string, int64_t>& multiples) {
    const Substitution pinned = known;
    for (const auto& [size, m] : multiples) {
      const bool is_pinned = std::any_of(pinned.begin(), pinned.end(), [&](const auto& p) { return p.first == size; });
      if (!is_pinned) known.push_back({size, make_var(units_of(size)) * integer(m)});
    }
    return known;
  }

  // For the entry and for strides, which stand before the units are computed.
  static Expr without_units(const Expr& condition, const std::map<std::string, int64_t>& multiples) {
    if (!condition.defined()) return condition;
    Substitution sizes;
    for (const auto& [size, m] : multiples) sizes.push_back({units_of(size), make_var(size) / integer(m)});
    return substitute(condition, sizes);
  }

  static std::string units_of(const std::string& size) { return size + ".units"; }

  // What the variant's condition says this stride is, by a conjunct stride == value.
  Expr known_stride(const Variant& v, const std::string& stride) const {
    Expr value;
    for_each_conjunct(v.condition, [&](const Expr& e) {
      if (!e.is_op(Op::eq)) return;
      if (e.arg(0) == make_var(stride)) value = e.arg(1);
      if (e.arg(1) == make_var(stride)) value = e.arg(0);
    });
    return value.defined() ? simplify(substitute(value, pinned_sizes(v.condition, op_.sizes))) : value;
  }

  std::string name_of(size_t i, size_t count) const {
    return i + 1 == count ? op_.name + ".plain" : fmt::format("{}.variant_{}", op_.name, i);
  }

  ir::Function function(const Variant& v, const std::string& name, Attempts& attempts) const {
    ir::Function f;
    f.name = name;
    f.kind = ir::FunctionKind::variant;
    f.buffers = buffers(&v);
    f.params = scalars();
    Facts facts = facts_;
    assume(facts, v.condition);
    for (const auto& [size, m] : v.multiples) {
      const Range* range = facts.find(size);
      int64_t low = 0, high = 0;
      if (!is_integer_constant(range->lowest, &low) || !is_integer_constant(range->highest, &high)) {
        const SizeDecl& declared = *std::find_if(op_.sizes.begin(), op_.sizes.end(), [&](const SizeDecl& d) { return d.name == size; });
        low = declared.lowest, high = declared.highest;
      }
      facts.bound(units_of(size), integer((low + m - 1) / m), integer(high / m));
    }
    f.body = lower_variant(v.view, v.directives, target_, facts, is_first_, attempts);
    for (const auto& [size, m] : v.multiples) f.body = ir::make_let(units_of(size), make_var(size) / integer(m), f.body);
    return f;
  }

  ir::Function entry(const std::vector<Variant>& list) const {
    ir::Function f;
    f.name = op_.name;
    f.kind = ir::FunctionKind::entry;
    f.buffers = buffers(nullptr);
    f.params = scalars();
    std::vector<Expr> values;
    for (const ir::Param& p : f.params) values.push_back(make_var(p.name, p.type));
    std::vector<ir::BufferArgument> arguments;
    for (const ir::Buffer& b : f.buffers) arguments.push_back({b.name, integer(0)});
    for (size_t i = list.size(); i-- > 0;) {
      ir::Stmt call = ir::make_call(name_of(i, list.size()), values, arguments);
      f.body = f.body ? ir::make_branch(list[i].condition, call, f.body) : call;
    }
    return f;
  }

  const Operator& op_;
  const Schedule* schedule_;
  const Target& target_;
  Substitution constants_;
  Facts facts_;
  std::vector<BoundParam> params_;
  bool is_first_ = false;                                   // runs until the rest is there: little code
  std::map<std::string, Layout> layouts_;                   // of arguments that do not come in the caller's
  std::vector<Directive> common_;                           // of all variants, but for those layouts
};

}  // namespace

Lowered lower(const Operator& op, const Schedule* schedule, const Target& target) {
  if (schedule) check_names(*schedule, op);
  return ProgramBuilder(op, schedule, target).build(false);
}

Lowered lower_plain(const Operator& op, const Schedule* schedule, const Target& target) {
  return ProgramBuilder(op, schedule, target).build(true);
}

Schedule with_params_fixed(const Schedule& schedule, const Target& target) {
  Substitution values;
  for (const BoundParam& p : bound_params(schedule, target)) values.push_back({p.name, integer(p.value)});
  Schedule fixed = substitute(schedule, values);
  fixed.params.clear();
  return fixed;
}

}  // namespace lathe
