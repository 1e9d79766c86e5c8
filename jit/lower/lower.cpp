#include "jit/lower/lower.h"

#include <fmt/format.h>

#include <algorithm>

#include "jit/lower/lets.h"
#include "jit/lower/lowering.h"
#include "schedules/checks.h"

namespace lathe {

std::string stride_name(const std::string& tensor, size_t dimension) {
  return fmt::format("{}.stride.{}", tensor, dimension);
}

std::string misalignment_name(const std::string& tensor) { return tensor + ".misalignment"; }

namespace {

constexpr int64_t kLineBytes = 64;                          // streaming stores write whole lines

Substitution target_facts(const Target& target) {
  return {{"target.L1", integer(target.l1_bytes)},   {"target.L2", integer(target.l2_bytes)},
          {"target.L3", integer(target.l3_bytes)},   {"target.lanes", integer(target.lanes(4))},
          {"target.threads", integer(target.threads)}};
}

// One row of the dispatch list: the directives and the condition under which they run.
struct Variant {
  Expr condition;                                           // undefined: always
  std::vector<Directive> directives;
  View view;
};

Expr both(const Expr& a, const Expr& b) { return a.defined() && b.defined() ? a & b : a.defined() ? a : b; }

class ProgramBuilder {
 public:
  ProgramBuilder(const Operator& op, const Schedule* schedule, const Target& target)
      : op_(op), schedule_(schedule), target_(target), constants_(target_facts(target)) {
    for (const SizeDecl& s : op.sizes) facts_.bound(s.name, integer(s.lowest), integer(s.highest));
  }

  Lowered build(bool only_plain) {
    bind_params();
    Lowered result;
    result.program.name = op_.name;
    result.program.strict = op_.strict;
    result.params = params_;
    std::vector<Variant> list = only_plain ? std::vector<Variant>{plain()} : variants();
    for (size_t i = 0; i < list.size(); ++i) result.program.functions.push_back(function(list[i], i, list.size()));
    result.program.functions.push_back(entry(list));
    return result;
  }

 private:
  // Numbers that directives and conditions name: target facts and this schedule's parameters.
  void bind_params() {
    if (!schedule_) return;
    for (const ScheduleParam& p : schedule_->params) {
      int64_t value = 0;
      if (!is_integer_constant(simplify(substitute(p.formula, constants_)), &value)) {
        throw Error(ErrorCode::bad_factor, {"schedule", fmt::format("param {} has no value", p.name), "a formula of sizes",
                                            "a formula of target facts and numbers", p.where});
      }
      params_.push_back({p.name, std::min(std::max(value, p.lowest), p.highest), p.lowest, p.highest});
      facts_.bound(p.name, integer(p.lowest), integer(p.highest));
    }
  }

  std::vector<Directive> bound(std::vector<Directive> directives) const {
    for (Directive& d : directives) {
      if (!d.value.defined()) continue;
      d.value = simplify(substitute(d.value, constants_));
      check_value(d.kind, d.value, d.where);
    }
    return directives;
  }

  // First match wins: the specializations, the common directives alone, the plain nest for whatever is left.
  std::vector<Variant> variants() const {
    std::vector<Variant> list;
    if (schedule_) {
      for (const Specialization& s : schedule_->specializations) {
        std::vector<Directive> directives = bound(schedule_->directives);
        for (Directive& d : bound(s.directives)) directives.push_back(std::move(d));
        list.push_back(variant(simplify(substitute(s.condition, constants_), facts_), std::move(directives)));
      }
      if (!schedule_->directives.empty()) list.push_back(variant({}, bound(schedule_->directives)));
    }
    if (list.empty() || list.back().condition.defined()) list.push_back(plain());
    return list;
  }

  Variant plain() const { return {{}, {}, view_of(substitute(op_, in_units({})))}; }

  Variant variant(const Expr& condition, std::vector<Directive> directives) const {
    Substitution known = in_units(pinned_sizes(condition));
    require_whole_lines(directives);
    for (Directive& d : directives) if (d.value.defined()) d.value = simplify(substitute(d.value, known));
    View view = collapsed_view(known.empty() ? op_ : substitute(op_, known), directives);
    Variant v{both(condition, without_units(view.condition)), std::move(directives), std::move(view)};
    assume_unit_strides(v);
    return v;
  }

  // Streaming stores need whole, aligned lines: the condition of a stream directive comes to say so.
  void require_whole_lines(std::vector<Directive>& directives) const {
    const View view = collapsed_view(op_, directives);
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
  // calls where one is not fall through to the next variant.
  void assume_unit_strides(Variant& v) const {
    for (const TensorArgument& t : tensor_arguments(op_)) {
      if (t.extents.empty()) continue;
      std::string stride = stride_name(t.name, t.extents.size() - 1);
      if (v.condition.defined() && uses_var(v.condition, stride)) continue;
      v.condition = both(v.condition, eq(make_var(stride), integer(1)));
    }
  }

  std::vector<ir::Param> scalars() const {
    std::vector<ir::Param> list;
    for (const SizeDecl& s : op_.sizes) list.push_back({s.name, {DType::i64, 1}});
    for (const TensorArgument& t : tensor_arguments(op_)) {
      for (size_t d = 0; d < t.extents.size(); ++d) list.push_back({stride_name(t.name, d), {DType::i64, 1}});
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
      std::vector<size_t> dimensions = v ? v->view.strides_from.at(t.name) : view_of(op_).strides_from.at(t.name);
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

  // Sizes that a condition fixes, by a conjunct size == number: constants throughout the variant.
  Substitution pinned_sizes(const Expr& condition) const {
    Substitution pinned;
    for_each_conjunct(condition, [&](const Expr& e) {
      if (!e.is_op(Op::eq) || e.arg(0).kind() != ExprKind::var || !is_integer_constant(e.arg(1))) return;
      for (const SizeDecl& s : op_.sizes) if (s.name == e.arg(0)->name) pinned.push_back({s.name, e.arg(1)});
    });
    return pinned;
  }

  // These values of sizes, and each other size that is a multiple of m as m times its units: divisions by m vanish then,
  // and with them bodies for what is left over.
  Substitution in_units(Substitution known) const {
    const Substitution pinned = known;
    for (const SizeDecl& s : op_.sizes) {
      const bool is_pinned = std::any_of(pinned.begin(), pinned.end(), [&](const auto& p) { return p.first == s.name; });
      if (s.multiple_of > 1 && !is_pinned) known.push_back({s.name, make_var(units_of(s)) * integer(s.multiple_of)});
    }
    return known;
  }

  // For the entry and for strides, which stand before the units are computed.
  Expr without_units(const Expr& condition) const {
    if (!condition.defined()) return condition;
    Substitution sizes;
    for (const SizeDecl& s : op_.sizes) sizes.push_back({units_of(s), make_var(s.name) / integer(s.multiple_of)});
    return substitute(condition, sizes);
  }

  static std::string units_of(const SizeDecl& s) { return s.name + ".units"; }

  // What the variant's condition says this stride is, by a conjunct stride == value.
  Expr known_stride(const Variant& v, const std::string& stride) const {
    Expr value;
    for_each_conjunct(v.condition, [&](const Expr& e) {
      if (!e.is_op(Op::eq)) return;
      if (e.arg(0) == make_var(stride)) value = e.arg(1);
      if (e.arg(1) == make_var(stride)) value = e.arg(0);
    });
    return value.defined() ? simplify(substitute(value, pinned_sizes(v.condition))) : value;
  }

  static void for_each_conjunct(const Expr& e, const std::function<void(const Expr&)>& visit_one) {
    if (!e.defined()) return;
    if (e.is_op(Op::bit_and)) {
      for_each_conjunct(e.arg(0), visit_one);
      for_each_conjunct(e.arg(1), visit_one);
    } else {
      visit_one(e);
    }
  }

  // What the condition says about single sizes: size >= c and the like.
  Facts facts_of(const Variant& v) const {
    Facts facts = facts_;
    for_each_conjunct(v.condition, [&](const Expr& e) {
      if (e.kind() != ExprKind::op || e.args().size() != 2) return;
      int64_t c = 0;
      if (e.arg(0).kind() != ExprKind::var || !is_integer_constant(e.arg(1), &c)) return;
      const std::string& name = e.arg(0)->name;
      const Range* known = facts_.find(name);
      Expr low = known ? known->lowest : Expr(), high = known ? known->highest : Expr();
      if (e.is_op(Op::ge)) low = integer(c);
      if (e.is_op(Op::gt)) low = integer(c + 1);
      if (e.is_op(Op::le)) high = integer(c);
      if (e.is_op(Op::lt)) high = integer(c - 1);
      if (e.is_op(Op::eq)) low = high = integer(c);
      if (known || e.is_op(Op::eq)) facts.bound(name, low, high);
    });
    return facts;
  }

  std::string name_of(size_t i, size_t count) const {
    return i + 1 == count ? op_.name + ".plain" : fmt::format("{}.variant_{}", op_.name, i);
  }

  ir::Function function(const Variant& v, size_t i, size_t count) const {
    ir::Function f;
    f.name = name_of(i, count);
    f.kind = ir::FunctionKind::variant;
    f.buffers = buffers(&v);
    f.params = scalars();
    Facts facts = facts_of(v);
    for (const SizeDecl& s : op_.sizes) {
      const Range* range = facts.find(s.name);
      int64_t low = 0, high = 0;
      if (s.multiple_of == 1 || !is_integer_constant(range->lowest, &low) || !is_integer_constant(range->highest, &high)) continue;
      facts.bound(units_of(s), integer((low + s.multiple_of - 1) / s.multiple_of), integer(high / s.multiple_of));
    }
    f.body = lower_variant(v.view, v.directives, target_, facts);
    for (const SizeDecl& s : op_.sizes) {
      if (s.multiple_of > 1) f.body = ir::make_let(units_of(s), make_var(s.name) / integer(s.multiple_of), f.body);
    }
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
};

}  // namespace

Lowered lower(const Operator& op, const Schedule* schedule, const Target& target) {
  if (schedule) check_names(*schedule, op);
  return ProgramBuilder(op, schedule, target).build(false);
}

Lowered lower_plain(const Operator& op, const Schedule* schedule, const Target& target) {
  return ProgramBuilder(op, schedule, target).build(true);
}

}  // namespace lathe
