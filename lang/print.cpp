// Prints expressions and operators so that they parse back to equal ones.
//
// Parentheses stand only where binding needs them. Inside indices and extents * / % stand without spaces. A constant is
// bare where the parser gives it its type anyway: an i64, or an operand beside one that has a type.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "lang/text.h"

namespace lathe {
namespace {

// Binding of what is no infix operator, on the scale of infix_strength.
constexpr int binds_mask = -4;  // A[i] if m
constexpr int binds_or = -3;
constexpr int binds_and = -2;
constexpr int binds_not = -1;
constexpr int binds_prefix = 100;
constexpr int binds_all = 101;

bool is_condition(const Expr& e) { return e.type().dtype == DType::boolean; }

int strength_of(const Expr& e) {
  if (e.kind() == ExprKind::access && e->mask.defined()) return binds_mask;
  if (e.kind() != ExprKind::op) return binds_all;
  if (is_condition(e) && e.is_op(Op::bit_or)) return binds_or;
  if (is_condition(e) && e.is_op(Op::bit_and)) return binds_and;
  if (is_condition(e) && e.is_op(Op::bit_not)) return binds_not;
  switch (info_of(e->op).form) {
    case OpForm::infix:
      return infix_strength(e->op);
    case OpForm::prefix:
      return binds_prefix;
    case OpForm::call:
      return binds_all;
  }
  return binds_all;
}

// The shortest text that reads back to this very value, as a number of this type. "" where there is none.
std::string bare_float(DType type, double value) {
  if (!std::isfinite(value)) return "";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0";
  std::string text = type == DType::f32 ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
  for (int digits = 1; is_storage(type) && digits < 9; ++digits) {
    text = fmt::format("{:.{}g}", value, digits);
    if (make_float(type, std::strtod(text.c_str(), nullptr))->float_value == value) break;
  }
  double read = 0;
  std::from_chars(text.data(), text.data() + text.size(), read);
  // The parser rounds to f64 first; few f32 need more digits for that.
  if (type == DType::f32 && static_cast<double>(static_cast<float>(read)) != value) text = fmt::format("{}", value);
  // A whole number must be meant to the last digit; with a point it is rounded.
  const bool whole = text.find_first_not_of("-0123456789") == std::string::npos;
  return whole && (read != value || std::abs(value) >= 0x1p63) ? text + ".0" : text;
}

std::string bare_constant(const Expr& e) {
  const DType type = e.type().dtype;
  if (type == DType::boolean) return e->integer_value != 0 ? "true" : "false";
  if (is_float(type)) return bare_float(type, e->float_value);
  return type == DType::u64 && e->integer_value < 0 ? "" : fmt::format("{}", e->integer_value);
}

std::string typed_constant(const Expr& e) {
  const DType type = e.type().dtype;
  if (type == DType::boolean) return bare_constant(e);
  std::string text = bare_constant(e);
  if (text.empty() && is_float(type)) text = std::isnan(e->float_value) ? "nan" : e->float_value < 0 ? "-inf" : "inf";
  if (text.empty()) text = fmt::format("{}", static_cast<uint64_t>(e->integer_value));
  return fmt::format("{}({})", name_of(type), text);
}

// A constant where `type` is what the parser takes a bare number for.
std::string constant_beside(DType type, const Expr& e) {
  std::string text = e.type().dtype == type ? bare_constant(e) : "";
  return text.empty() ? typed_constant(e) : text;
}

class ExprPrinter {
 public:
  // `tuples`: Funcs of several components, whose first one is written too.
  explicit ExprPrinter(const std::vector<std::string>* tuples = nullptr) : tuples_(tuples) {}

  std::string whole(const Expr& e) { return at_least(e, binds_mask); }
  std::string index(const Expr& e) {
    const bool outer = std::exchange(tight_, true);
    std::string text = whole(e);
    tight_ = outer;
    return text;
  }
  std::string indices(const std::vector<Expr>& list) {
    std::string text;
    for (const Expr& e : list) text += (text.empty() ? "" : ", ") + index(e);
    return text;
  }
  // A right side: one value, or a tuple.
  std::string values(const std::vector<Expr>& list) {
    std::string text;
    for (const Expr& e : list) text += (text.empty() ? "" : ", ") + whole(e);
    return list.size() == 1 ? text : fmt::format("({})", text);
  }
  // Values whose types the reader knows.
  std::string known_values(const std::vector<Expr>& list) {
    std::string text;
    for (const Expr& e : list) text += (text.empty() ? "" : ", ") + known(e);
    return list.size() == 1 ? text : fmt::format("({})", text);
  }
  std::string reduction(const std::vector<ReductionVar>& rvars, const Combiner& combiner,
                        const std::vector<Expr>& terms);

 private:
  std::string at_least(const Expr& e, int strength) {
    return strength_of(e) < strength ? fmt::format("({})", bare(e)) : bare(e);
  }
  std::string known(const Expr& e) {
    return e.kind() == ExprKind::constant ? constant_beside(e.type().dtype, e) : whole(e);
  }
  std::string bare(const Expr& e);
  std::string op(const Expr& e);
  std::string infix(const Expr& e, const std::vector<bool>& has_type);
  std::string operand(const Expr& e, bool has_type, int strength);
  std::vector<bool> typed_by_sibling(const std::vector<Expr>& args, size_t first) const;
  std::string call(std::string_view name, const Expr& e, size_t first);
  std::string access(const Expr& e);

  const std::vector<std::string>* tuples_;
  bool tight_ = false;
};

std::string variable(const std::string& name) {
  const size_t at = name.find(".stride.");
  const std::string dimension = at == std::string::npos ? "" : name.substr(at + 8);
  if (at == 0 || dimension.empty() || dimension.find('.') != std::string::npos) return name;
  return fmt::format("stride({}, {})", name.substr(0, at), dimension);
}

std::string ExprPrinter::bare(const Expr& e) {
  switch (e.kind()) {
    case ExprKind::constant:
      return constant_beside(DType::i64, e);
    case ExprKind::var:
      return variable(e->name);
    case ExprKind::op:
      return op(e);
    case ExprKind::cast: {
      const Expr& value = e.arg(0);
      const bool number = value.kind() == ExprKind::constant;
      return fmt::format("{}({})", to_string(e.type()), number ? typed_constant(value) : whole(value));
    }
    case ExprKind::access:
      return access(e);
    case ExprKind::reduce:
      return reduction(e->rvars, *e->combiner, e.args());
    case ExprKind::ramp:
      return call("ramp", e, 0);
    case ExprKind::broadcast:
      return call("broadcast", e, 0);
    case ExprKind::instruction:
      return call("instruction", e, 0);
  }
  internal_error("print", "an expression of no kind");
}

// Which operands of one operator may be bare: those beside one that has a type of its own. Where all are constants the
// first is written with its type.
std::vector<bool> ExprPrinter::typed_by_sibling(const std::vector<Expr>& args, size_t first) const {
  std::vector<bool> has_type(args.size(), true);
  for (size_t i = 0; i < first; ++i) has_type[i] = false;
  for (size_t i = first; i < args.size(); ++i) {
    if (args[i].kind() != ExprKind::constant) return has_type;
  }
  if (first < args.size()) has_type[first] = false;
  return has_type;
}

std::string ExprPrinter::operand(const Expr& e, bool has_type, int strength) {
  if (e.kind() == ExprKind::constant && has_type) return constant_beside(e.type().dtype, e);
  return at_least(e, strength);
}

std::string ExprPrinter::op(const Expr& e) {
  const OpInfo& info = info_of(e->op);
  const bool is_select = e->op == Op::select;
  if (info.form == OpForm::call) return call(info.text, e, is_select ? 1 : 0);
  const std::vector<bool> has_type = typed_by_sibling(e.args(), 0);
  if (info.form == OpForm::infix) return infix(e, has_type);
  const Expr& value = e.arg(0);
  if (is_condition(e)) return "not " + at_least(value, binds_not);
  // -5 is a number; the negation of 5 needs parentheses.
  if (value.kind() == ExprKind::constant && value.type().dtype == DType::i64) {
    return fmt::format("{}({})", info.text, bare(value));
  }
  return std::string(info.text) + at_least(value, binds_prefix);
}

std::string ExprPrinter::infix(const Expr& e, const std::vector<bool>& has_type) {
  const int strength = strength_of(e);
  std::string_view text = info_of(e->op).text;
  if (strength == binds_or) text = "or";
  if (strength == binds_and) text = "and";
  const bool is_tight = tight_ && (e->op == Op::mul || e->op == Op::div || e->op == Op::mod);
  const std::string_view space = is_tight ? "" : " ";
  return fmt::format("{}{}{}{}{}", operand(e.arg(0), has_type[0], strength), space, text, space,
                     operand(e.arg(1), has_type[1], strength + 1));
}

std::string ExprPrinter::call(std::string_view name, const Expr& e, size_t first) {
  const std::vector<bool> has_type = typed_by_sibling(e.args(), first);
  std::string text = e.kind() == ExprKind::instruction ? e->name : "";
  for (size_t i = 0; i < e.args().size(); ++i) {
    text += (text.empty() ? "" : ", ") + operand(e.arg(i), has_type[i], binds_mask);
  }
  const bool makes_vector = e.kind() == ExprKind::ramp || e.kind() == ExprKind::broadcast;
  if (makes_vector) text += fmt::format(", {}", e.type().lanes);
  return fmt::format("{}({})", name, text);
}

std::string ExprPrinter::access(const Expr& e) {
  std::string text = fmt::format("{}[{}]", e->name, indices(e.args()));
  const bool of_tuple = tuples_ && std::find(tuples_->begin(), tuples_->end(), e->name) != tuples_->end();
  if (e->component > 0 || of_tuple) text += fmt::format(".{}", e->component);
  if (e->boundary == Boundary::constant) {
    const Expr& value = e->boundary_value;
    const bool number = value.kind() == ExprKind::constant;
    text += " outside " + (number ? known(value) : at_least(value, binds_prefix));
  } else if (e->boundary != Boundary::inside) {
    text += fmt::format(" outside {}", name_of(e->boundary));
  }
  if (e->mask.defined()) text += " if " + whole(e->mask);
  return text;
}

bool is_builtin(const Combiner& combiner) {
  std::vector<DType> types;
  for (const Expr& e : combiner.identity) types.push_back(e.type().dtype);
  const std::shared_ptr<const Combiner> builtin = builtin_combiner(combiner.name, types);
  return builtin && *builtin == combiner;
}

std::string operand_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return names.size() == 1 ? text : fmt::format("({})", text);
}

std::string ExprPrinter::reduction(const std::vector<ReductionVar>& rvars, const Combiner& combiner,
                                   const std::vector<Expr>& terms) {
  std::string text;
  for (const ReductionVar& r : rvars)
    text += fmt::format("{}{} < {}", text.empty() ? "" : ", ", r.name, index(r.extent));
  if (is_builtin(combiner) && finds_places(combiner.name)) {
    bool own_places = terms.size() == rvars.size() + 1;
    for (size_t r = 0; own_places && r < rvars.size(); ++r) own_places = terms[r + 1] == make_var(rvars[r].name);
    if (own_places) return fmt::format("{}({}: {})", combiner.name, text, values({terms[0]}));
  } else if (is_builtin(combiner)) {
    return fmt::format("{}({}: {})", combiner.name, text, values(terms));
  }
  const std::string name = combiner.name == "reduce" ? "reduce" : "reduce." + combiner.name;
  return fmt::format("{}({}, {}, ({}, {}) -> {}: {})", name, text, known_values(combiner.identity),
                     operand_names(combiner.left), operand_names(combiner.right), known_values(combiner.combined),
                     values(terms));
}

// --- Operators.

class OperatorPrinter {
 public:
  explicit OperatorPrinter(const Operator& op) : op_(op), exprs_(&tuples_) {
    for (const FuncContents& f : op.funcs) {
      if (f.components() > 1) tuples_.push_back(f.name);
    }
  }

  std::string print() {
    std::string text = header() + "\n";
    if (op_.strict) text += "  strict\n";
    for (const SizeDecl& s : op_.sizes) text += size(s);
    for (const FuncContents& f : op_.funcs) text += definition(f);
    return text;
  }

 private:
  std::string header() {
    std::string arguments, results;
    for (const InputDecl& in : op_.inputs) {
      arguments += arguments.empty() ? "" : ", ";
      arguments += fmt::format("{}: {}[{}]", in.name, name_of(in.dtype), exprs_.indices(in.extents));
    }
    for (size_t i = 0; i < op_.params.size(); ++i) arguments += (i == 0 ? "; " : ", ") + param(op_.params[i]);
    for (const OutputDecl& out : op_.outputs) results += (results.empty() ? "" : ", ") + output(out);
    return fmt::format("{}({}) -> {}", op_.name, arguments, results);
  }

  std::string param(const ParamDecl& p) {
    const double value = p.default_value;
    std::string text = p.dtype == DType::boolean ? (value != 0 ? "true" : "false") : bare_float(DType::f64, value);
    if (text.empty()) text = std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
    return p.is_static ? fmt::format("{} = {}", p.name, text)
                       : fmt::format("{}: {} = {}", p.name, name_of(p.dtype), text);
  }

  std::string output(const OutputDecl& out) {
    const FuncContents* func = op_.find_func(out.func);
    std::string types;
    for (int i = 0; func && i < func->components(); ++i) {
      types += fmt::format("{}{}", types.empty() ? "" : ", ", name_of(func->dtype(i)));
    }
    if (func && func->components() > 1) types = "(" + types + ")";
    const std::string place = out.in.empty() ? "" : " in " + out.in;
    return fmt::format("{}: {}[{}]{}", out.func, types, exprs_.indices(out.extents), place);
  }

  static std::string size(const SizeDecl& s) {
    const SizeDecl usual{.name = s.name};
    std::string text;
    if (s.lowest != usual.lowest || s.highest != usual.highest) text += fmt::format(" in {}..{}", s.lowest, s.highest);
    if (s.multiple_of != usual.multiple_of) text += fmt::format(" multiple of {}", s.multiple_of);
    return text.empty() ? "" : fmt::format("  size {}{}\n", s.name, text);
  }

  std::string definition(const FuncContents& f) {
    std::string indices;
    for (const std::string& v : f.vars) indices += (indices.empty() ? "" : ", ") + v;
    std::string value;
    if (f.is_reduction()) {
      value = exprs_.reduction(f.rvars, *f.combiner, f.values);
    } else if (op_.find_output(f.name)) {
      value = exprs_.known_values(f.values);
    } else {
      value = exprs_.values(f.values);
    }
    std::string text = fmt::format("  {}[{}] = {}\n", f.name, indices, value);
    for (const Update& u : f.updates) {
      std::string domain;
      for (const ReductionVar& r : u.rvars) {
        domain += fmt::format("{}{} < {}", domain.empty() ? "" : ", ", r.name, exprs_.index(r.extent));
      }
      text += fmt::format("  over {}: {}[{}] = {}\n", domain, f.name, exprs_.indices(u.indices),
                          exprs_.known_values(u.values));
    }
    return text;
  }

  const Operator& op_;
  std::vector<std::string> tuples_;
  ExprPrinter exprs_;
};

}  // namespace

std::string print(const Expr& e) { return e.defined() ? ExprPrinter().whole(e) : "undefined"; }

std::string print(const Operator& op) { return OperatorPrinter(op).print(); }

}  // namespace lathe
