#include "lang/check_func.h"

#include <fmt/format.h>

#include <algorithm>

#include "lang/expr_parser.h"

namespace lathe {

namespace {

SourceLocation place(const Expr& e, const SourceLocation& otherwise) {
  return e.defined() && e->where.known() ? e->where : otherwise;
}

// Two signed constants whose sum, difference or product their type does not hold. Unsigned ones wrap in earnest, as in hashes.
bool overflows(const Expr& e) {
  int64_t a = 0, b = 0, result = 0;
  if (e.args().size() != 2 || !is_signed(e.type().dtype)) return false;
  if (!is_integer_constant(e.arg(0), &a) || !is_integer_constant(e.arg(1), &b)) return false;
  const bool leaves = e.is_op(Op::add)   ? __builtin_add_overflow(a, b, &result)
                      : e.is_op(Op::sub) ? __builtin_sub_overflow(a, b, &result)
                                         : e.is_op(Op::mul) && __builtin_mul_overflow(a, b, &result);
  return leaves || (result >> (bits_of(e.type().dtype) - 1)) != (result < 0 ? -1 : 0);
}

std::vector<std::string> keys(const std::map<std::string, Type>& names) {
  std::vector<std::string> list;
  for (const auto& [name, type] : names) list.push_back(name);
  return list;
}

}  // namespace

void refuse(ErrorCode code, std::string what, std::string got, std::string need, const SourceLocation& where,
            std::string hint) {
  throw Error(code, {"algorithm", std::move(what), std::move(got), std::move(need), where, std::move(hint)});
}

void refuse_more_funcs(const std::string& op, const SourceLocation& where) {
  refuse(ErrorCode::bad_definition, fmt::format("{} has too many definitions", op), fmt::format("more than {}", most_funcs),
         "several operators, each for a part", where);
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

void check_constants(const Expr& e, const std::string& whose, const SourceLocation& where) {
  if (e.kind() != ExprKind::op) return;
  if ((e->op == Op::div || e->op == Op::mod) && is_integer(e.type().dtype) && is_zero(e.arg(1))) {
    refuse(ErrorCode::bad_constant, fmt::format("{} divides by zero", whose), print(e),
           "a divisor that is not the constant 0", place(e, where));
  }
  int64_t amount = 0;
  const bool shift = e->op == Op::shift_left || e->op == Op::shift_right;
  if (shift && is_integer_constant(e.arg(1), &amount) && (amount < 0 || amount >= bits_of(e.type().dtype))) {
    refuse(ErrorCode::bad_constant, fmt::format("{} shifts by {}", whose, amount), print(e),
           fmt::format("0 to {}", bits_of(e.type().dtype) - 1), place(e, where));
  }
  if (overflows(e)) {
    refuse(ErrorCode::bad_constant, fmt::format("constants of {} overflow", whose), print(e),
           fmt::format("a result that {} holds, or unsigned numbers where it is to wrap", name_of(e.type().dtype)), place(e, where));
  }
}

void check_extent(const Operator& op, const Expr& e, const std::string& what, const SourceLocation& where) {
  if (!e.defined()) refuse(ErrorCode::bad_definition, what, "an empty expression", "an i64 expression", where);
  if (e.type() != Type{DType::i64, 1}) {
    refuse(ErrorCode::type_mismatch, what, to_string(e.type()), "i64", place(e, where));
  }
  int64_t constant = 0;
  if (is_integer_constant(e, &constant) && constant < 0) {
    refuse(ErrorCode::bad_constant, what, std::to_string(constant), "0 or more", place(e, where));
  }
  std::vector<std::string> names;
  for (const SizeDecl& s : op.sizes) names.push_back(s.name);
  for (const ParamDecl& p : op.params) {
    if (p.is_static) names.push_back(p.name);
  }
  visit(e, [&](const Expr& node) {
    check_constants(node, what, where);
    const bool tensor = node.kind() == ExprKind::access || node.kind() == ExprKind::reduce;
    const bool known = node.kind() != ExprKind::var || std::find(names.begin(), names.end(), node->name) != names.end();
    if (known && !tensor) return;
    refuse(ErrorCode::unknown_name, fmt::format("{} names something else", what), tensor ? print(node) : node->name,
           "sizes and static parameters", place(node, where), did_you_mean(node->name, names));
  });
}

FuncChecker::FuncChecker(const Operator& op) : op_(op) {
  for (const SizeDecl& s : op.sizes) globals_[s.name] = Type{};
  for (const ParamDecl& p : op.params) globals_[p.name] = {p.dtype, 1};
  for (const FuncContents& f : op.funcs) funcs_[f.name] = &f;
  for (const InputDecl& in : op.inputs) inputs_[in.name] = &in;
  mark_absorbed();
}

// Consumers before producers, so that a Func's readers are known when it is reached.
void FuncChecker::mark_absorbed() {
  std::set<std::string> read, read_elsewhere;
  for (auto f = op_.funcs.rbegin(); f != op_.funcs.rend(); ++f) {
    const bool passed_on = read.contains(f->name) && !read_elsewhere.contains(f->name) && !op_.find_output(f->name);
    if (passed_on && !f->is_reduction() && f->updates.empty()) absorbed_.insert(f->name);
    const bool absorbs = f->is_reduction() || absorbed_.contains(f->name);
    for_each_value(*f, [&](const Expr& value) {
      visit(value, [&](const Expr& e) {
        if (e.kind() != ExprKind::access || e->name == f->name) return;
        read.insert(e->name);
        if (!absorbs) read_elsewhere.insert(e->name);
      });
    });
  }
}

void FuncChecker::check(const FuncContents& f) {
  names_ = globals_;
  for (const std::string& v : f.vars) names_[v] = Type{};
  for (const ReductionVar& r : f.rvars) {
    check_extent(op_, r.extent, fmt::format("the extent of {} in {}", r.name, f.name), f.where);
    names_[r.name] = Type{};
  }
  for (const Expr& value : f.values) {
    if (!is_packed(value.type().dtype)) continue;
    refuse(ErrorCode::type_mismatch, fmt::format("{} holds packed elements", f.name), to_string(value.type()),
           "a type of whole bytes", place(value, f.where), fmt::format("only inputs are packed; convert: {}(...)", name_of(unpacked_type_of(value.type().dtype))));
  }
  if (f.combiner) reduction(f);
  for (const Expr& value : f.values) {
    visit(value, [&](const Expr& e) { node(f, e); });
  }
  for (const FuncPart& stage : parts_of(f)) {
    if (stage.update) update(f, stage);
  }
}

void FuncChecker::reduction(const FuncContents& f) const {
  const Combiner& c = *f.combiner;
  const size_t count = f.values.size();
  if (c.identity.size() != count) {
    refuse(ErrorCode::type_mismatch, fmt::format("{} reduces", f.name), fmt::format("{} values", count),
           fmt::format("{}, as its combiner has", c.identity.size()), f.where);
  }
  if (c.left.size() != count || c.right.size() != count || c.combined.size() != count) {
    refuse(ErrorCode::bad_definition, fmt::format("the combiner {} of {} does not fit", c.name, f.name),
           fmt::format("{} and {} operands, {} results", c.left.size(), c.right.size(), c.combined.size()),
           fmt::format("{} of each", count), f.where);
  }
  std::map<std::string, Type> operands = globals_;
  for (size_t i = 0; i < count; ++i) {
    if (!c.identity[i].defined() || !c.combined[i].defined()) {
      refuse(ErrorCode::bad_definition, fmt::format("the combiner {} of {} lacks a value", c.name, f.name),
             "an empty expression", "an identity and a combination for each component", f.where);
    }
    const Type type = c.identity[i].type();
    if (f.values[i].type() != type) {
      refuse(ErrorCode::type_mismatch, fmt::format("{} reduces values of one type from an identity of another", f.name),
             to_string(f.values[i].type()), to_string(type), place(f.values[i], f.where));
    }
    if (c.combined[i].type() != type) {
      refuse(ErrorCode::type_mismatch, fmt::format("the combiner {} of {} changes the type", c.name, f.name),
             to_string(c.combined[i].type()), to_string(type), place(c.combined[i], f.where));
    }
    for (const std::string& name : {c.left[i], c.right[i]}) {
      if (operands.emplace(name, type).second) continue;
      refuse(ErrorCode::duplicate_name, fmt::format("an operand of the combiner {} of {}", c.name, f.name), name,
             "names that differ from each other and from sizes and parameters", f.where);
    }
  }
  for (const Expr& e : c.identity) combiner_names(f, globals_, e);
  for (const Expr& e : c.combined) combiner_names(f, operands, e);
  check_combiner_law(op_, f);
}

void FuncChecker::combiner_names(const FuncContents& f, const std::map<std::string, Type>& operands,
                                 const Expr& e) const {
  visit(e, [&](const Expr& part) {
    check_constants(part, fmt::format("the combiner {} of {}", f.combiner->name, f.name), f.where);
    const bool scalar =
        part.kind() == ExprKind::constant || part.kind() == ExprKind::op || part.kind() == ExprKind::cast;
    if (scalar) return;
    const auto known = part.kind() == ExprKind::var ? operands.find(part->name) : operands.end();
    if (known != operands.end() && known->second == part.type()) return;
    refuse(known == operands.end() ? ErrorCode::unknown_name : ErrorCode::type_mismatch,
           fmt::format("the combiner {} of {} uses something else", f.combiner->name, f.name),
           known == operands.end() ? print(part) : fmt::format("{}: {}", part->name, to_string(part.type())),
           known == operands.end() ? "its operands, sizes and parameters" : to_string(known->second),
           place(part, f.where), did_you_mean(part->name, keys(operands)));
  });
}

void FuncChecker::node(const FuncContents& f, const Expr& e) const {
  switch (e.kind()) {
    case ExprKind::var:
      return variable(f, e);
    case ExprKind::access:
      return access(f, e);
    case ExprKind::op:
      return check_constants(e, f.name, f.where);
    case ExprKind::ramp:
    case ExprKind::broadcast:
    case ExprKind::instruction:
      refuse(ErrorCode::bad_definition, fmt::format("{} holds a vector", f.name), print(e),
             "scalars; schedules vectorize and tensorize", place(e, f.where));
    default:
      return;
  }
}

void FuncChecker::variable(const FuncContents& f, const Expr& e) const {
  const auto known = names_.find(e->name);
  if (known == names_.end()) {
    refuse(ErrorCode::unknown_name, fmt::format("{} uses a name that stands for nothing", f.name), e->name,
           "an index, size or parameter", place(e, f.where), did_you_mean(e->name, keys(names_)));
  }
  if (known->second != e.type()) {
    refuse(ErrorCode::type_mismatch, fmt::format("{} uses {} with another type than it has", f.name, e->name),
           to_string(e.type()), to_string(known->second), place(e, f.where));
  }
}

std::vector<std::string> FuncChecker::tensor_names() const {
  std::vector<std::string> names;
  for (const InputDecl& in : op_.inputs) names.push_back(in.name);
  for (const FuncContents& g : op_.funcs) names.push_back(g.name);
  return names;
}

void FuncChecker::access(const FuncContents& f, const Expr& e) const {
  const auto func = funcs_.find(e->name);
  const auto input = inputs_.find(e->name);
  const SourceLocation where = place(e, f.where);
  if (func == funcs_.end() && input == inputs_.end()) {
    refuse(ErrorCode::unknown_name, fmt::format("{} reads a tensor that does not exist", f.name), e->name,
           "an input or Func", where, did_you_mean(e->name, tensor_names()));
  }
  const bool from_func = func != funcs_.end();
  read_of(f, e, from_func ? func->second : nullptr, from_func ? nullptr : input->second, where);
  for (const Expr& i : e.args()) index(f, e, i, from_func, where);
  boundary(f, e, from_func, where);
}

// Exactly one of `from` and `input` is given.
void FuncChecker::read_of(const FuncContents& f, const Expr& e, const FuncContents* from, const InputDecl* input,
                          const SourceLocation& where) const {
  const size_t rank = from ? from->vars.size() : input->extents.size();
  if (e.args().size() != rank) {
    refuse(ErrorCode::wrong_rank, fmt::format("{} reads {}", f.name, print(e)),
           fmt::format("{} indices", e.args().size()), fmt::format("{}", rank), where);
  }
  const int components = from ? from->components() : 1;
  if (e->component < 0 || e->component >= components) {
    refuse(ErrorCode::bad_definition, fmt::format("{} reads component {} of {}", f.name, e->component, e->name),
           std::to_string(e->component), fmt::format("0 to {}", components - 1), where);
  }
  const DType type = from ? from->dtype(e->component) : input->dtype;
  if (e.type() != Type{type, 1}) {
    refuse(ErrorCode::type_mismatch, fmt::format("{} reads {}", f.name, print(e)), to_string(e.type()),
           std::string(name_of(type)), where);
  }
  if (e->mask.defined()) {
    refuse(ErrorCode::bad_definition, fmt::format("{} reads {}", f.name, print(e)), "a mask", "a boundary rule", where);
  }
}

void FuncChecker::boundary(const FuncContents& f, const Expr& e, bool from_func, const SourceLocation& where) const {
  if (from_func && e->boundary != Boundary::inside) {
    refuse(ErrorCode::bad_definition, fmt::format("{} reads the Func {} with a boundary rule", f.name, e->name),
           "a Func, which has values everywhere", "boundary rules on reads of inputs", where);
  }
  if (e->boundary == Boundary::none && !f.is_reduction() && !absorbed_.contains(f.name)) {
    refuse(ErrorCode::bad_definition, fmt::format("{} reads {} outside none", f.name, e->name),
           "no reduction around it", "a term of a reduction, or another boundary rule", where);
  }
  if (e->boundary == Boundary::constant && (!e->boundary_value.defined() || e->boundary_value.type() != e.type())) {
    refuse(ErrorCode::type_mismatch, fmt::format("the boundary value of {} in {}", e->name, f.name),
           e->boundary_value.defined() ? to_string(e->boundary_value.type()) : "an empty expression",
           to_string(e.type()), where);
  }
}

static bool reads(const Expr& e) {
  bool found = false;
  visit(e, [&](const Expr& node) { found = found || node.kind() == ExprKind::access; });
  return found;
}

// Whether an index has a bound, from below or from above, whatever the data in it: by its type, or by min and max.
static bool is_held(const Expr& e, bool below) {
  if (!reads(e)) return true;
  if (e.kind() == ExprKind::cast) {
    const DType from = e.arg(0).type().dtype;
    return from == DType::boolean || (is_integer(from) && bits_of(from) < 64);
  }
  if (e.kind() != ExprKind::op) return false;
  const auto first = [&](bool side) { return is_held(e.arg(0), side); };
  const auto second = [&](bool side) { return is_held(e.arg(1), side); };
  switch (e->op) {
    case Op::min: return below ? first(true) && second(true) : first(false) || second(false);
    case Op::max: return below ? first(true) || second(true) : first(false) && second(false);
    case Op::add: return first(below) && second(below);
    case Op::sub: return first(below) && second(!below);
    case Op::mul: return first(true) && first(false) && second(true) && second(false);
    default: return false;
  }
}

void FuncChecker::index(const FuncContents& f, const Expr& e, const Expr& index, bool from_func,
                        const SourceLocation& where) const {
  if (index.type() != Type{DType::i64, 1}) {
    refuse(ErrorCode::type_mismatch, fmt::format("{} indexes {}", f.name, e->name), to_string(index.type()), "i64",
           place(index, where), is_integer(index.type().dtype) ? "write i64(...)" : "");
  }
  if (e->boundary != Boundary::inside || (update_ && update_->reads_what_it_writes(f, e))) return;
  const bool own = e->name == f.name;
  if (from_func && !own && is_held(index, true) && is_held(index, false)) return;
  visit(index, [&](const Expr& inner) {
    if (inner.kind() != ExprKind::access) return;
    refuse(ErrorCode::unbounded_index, fmt::format("{} reads {} at an index that is data", f.name, e->name), print(index),
           !from_func ? "a boundary rule" : own ? "the place that it writes, or an index without data" : "an index with bounds",
           place(inner, where),
           !from_func ? "write for example: outside edge" : own ? "" : fmt::format("write for example: min(max({}, 0), N - 1)", print(index)));
  });
}

}  // namespace lathe
