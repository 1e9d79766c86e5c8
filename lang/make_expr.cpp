// Making expressions: types are checked here and nowhere later; nothing is folded.
//
// A bare number has no type of its own: it takes that of what it meets. Numbers that only met each other stay open, so
// in `x / (2 * 3)` both numbers take the type of x.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "lang/algorithm.h"
#include "lang/expr_node.h"
#include "support/small_float.h"

namespace lathe {

namespace {

[[noreturn]] void fail(ErrorCode code, std::string what, std::string got, std::string need, const SourceLocation& where,
                       std::string hint = {}) {
  throw Error(code, {"define", std::move(what), std::move(got), std::move(need), where, std::move(hint)});
}

bool fits(DType type, int64_t value) {
  if (type == DType::boolean) return value == 0 || value == 1;
  const int bits = bits_of(type);
  if (is_signed(type)) return bits == 64 || (value >= -(int64_t{1} << (bits - 1)) && value < int64_t{1} << (bits - 1));
  return value >= 0 && (bits == 64 || value < int64_t{1} << bits);
}

std::string range_text(DType type) {
  if (type == DType::boolean) return "0 or 1";
  const int bits = bits_of(type);
  if (is_signed(type)) return fmt::format("-2^{0} .. 2^{0} - 1", bits - 1);
  return fmt::format("0 .. 2^{} - 1", bits);
}

// As an element of a float type: f32 loses digits, and every NaN becomes the same one, so that constants compare by
// bits.
double rounded(DType type, double value) {
  if (std::isnan(value)) return std::numeric_limits<double>::quiet_NaN();
  switch (type) {
    case DType::f16: return static_cast<double>(Float16(value));
    case DType::bf16: return static_cast<double>(BFloat16(value));
    case DType::f32: return static_cast<double>(static_cast<float>(value));
    default: return value;
  }
}

Expr untyped(Expr literal) {
  std::shared_ptr<ExprNode> node = copy_of(literal);
  node->untyped_literal = true;
  return finished(std::move(node));
}

SourceLocation place_of(const SourceLocation& given, const std::vector<Expr>& args) {
  if (given.known()) return given;
  for (const Expr& a : args) {
    if (a.defined() && a->where.known()) return a->where;
  }
  return {};
}

}  // namespace

// --- Constants.

Expr::Expr(int value) : Expr(static_cast<int64_t>(value)) {}
Expr::Expr(int64_t value) : Expr(untyped(make_integer(DType::i64, value))) {}
Expr::Expr(float value) : Expr(untyped(make_float(DType::f32, value))) {}
Expr::Expr(double value) : Expr(untyped(make_float(DType::f64, value))) {}

namespace {

Expr integer_node(DType type, int64_t value) {
  std::shared_ptr<ExprNode> node = new_node();
  node->type = {type, 1};
  node->integer_value = value;
  return finished(std::move(node));
}

// Small index constants are everywhere: one node of each.
constexpr int64_t kFirstKept = -16, kKept = 256;

const Expr& kept_integer(int64_t value) {
  static const std::vector<Expr> kept = [] {
    std::vector<Expr> list;
    for (int64_t i = 0; i < kKept; ++i) list.push_back(integer_node(DType::i64, kFirstKept + i));
    return list;
  }();
  return kept[static_cast<size_t>(value - kFirstKept)];
}

}  // namespace

Expr make_integer(DType type, int64_t value) {
  if (is_float(type)) return make_float(type, static_cast<double>(value));
  if (type != DType::u64 && !fits(type, value)) {
    fail(ErrorCode::bad_constant, fmt::format("a constant does not fit {}", name_of(type)), fmt::format("{}", value),
         range_text(type), {});
  }
  if (type == DType::i64 && value >= kFirstKept && value < kFirstKept + kKept) return kept_integer(value);
  return integer_node(type, value);
}

Expr make_float(DType type, double value) {
  if (!is_float(type)) internal_error("define", fmt::format("a float constant of type {}", name_of(type)));
  ExprNode node;
  node.type = {type, 1};
  node.float_value = rounded(type, value);
  return make_node(std::move(node));
}

Expr make_constant(DType type, double value) {
  if (is_float(type)) return make_float(type, value);
  const bool whole = std::trunc(value) == value && std::abs(value) <= 0x1p63;
  if (!whole || value == 0x1p63) {
    fail(ErrorCode::bad_constant, fmt::format("a constant does not fit {}", name_of(type)), fmt::format("{}", value),
         fmt::format("a whole number in {}", range_text(type)), {});
  }
  return make_integer(type, static_cast<int64_t>(value));
}

Expr make_true() { return make_integer(DType::boolean, 1); }

// --- Literals take a type.

namespace {

Expr literal_as(DType type, const Expr& e, const SourceLocation& where) {
  if (is_float(e.type().dtype)) {
    const double value = e->float_value;
    if (!is_float(type)) {
      fail(ErrorCode::type_mismatch, "a float literal meets an operand of another kind",
           fmt::format("{} beside {}", value, name_of(type)), "operands of one type", where,
           fmt::format("cast the {} operand to a float type", name_of(type)));
    }
    if (std::isfinite(value) && !std::isfinite(rounded(type, value))) {
      fail(ErrorCode::bad_constant, fmt::format("a literal is too large for {}", name_of(type)),
           fmt::format("{}", value), fmt::format("a value that {} holds", name_of(type)), where);
    }
    return make_float(type, value);
  }
  const int64_t value = e->integer_value;
  if (type == DType::boolean) {
    fail(ErrorCode::type_mismatch, "a number meets a boolean", fmt::format("{} beside bool", value),
         "operands of one type", where, "compare, or use select");
  }
  const double nearest = rounded(type, static_cast<double>(value));
  const bool representable =
      is_float(type) ? nearest < 0x1p63 && static_cast<int64_t>(nearest) == value : fits(type, value);
  if (!representable) {
    fail(ErrorCode::bad_constant, fmt::format("a literal does not fit {}", name_of(type)), fmt::format("{}", value),
         is_float(type) ? fmt::format("a whole number that {} holds exactly", name_of(type)) : range_text(type), where,
         is_float(type) ? "write it with a decimal point to have it rounded" : "");
  }
  return make_integer(type, value);
}

// An open literal, or an operator over such, in the element type `type`: for good, or still open to another type.
Expr adopt(DType type, const Expr& e, bool stay_open, const SourceLocation& where) {
  if (e.kind() == ExprKind::constant) {
    Expr literal = literal_as(type, e, where);
    return stay_open ? untyped(std::move(literal)) : literal;
  }
  std::vector<Expr> args = e.args();
  for (Expr& a : args) {
    if (a->untyped_literal) a = adopt(type, a, stay_open, where);
  }
  return make_op(e->op, std::move(args), e->where.known() ? e->where : where);
}

}  // namespace

void match_literal_types(std::vector<Expr>& args, size_t first, const SourceLocation& where) {
  const Expr* typed = nullptr;
  const Expr* open = nullptr;  // a float decides over integers, f64 over f32
  for (size_t i = first; i < args.size(); ++i) {
    const Expr& a = args[i];
    if (!a->untyped_literal) {
      if (!typed || typed->type().lanes < a.type().lanes) typed = &a;
    } else if (!open || (is_float(a.type().dtype) && open->type().dtype != DType::f64)) {
      open = &a;
    }
  }
  if (!open) return;
  const Type type = typed ? typed->type() : open->type();
  const bool all_open = typed == nullptr;
  for (size_t i = first; i < args.size(); ++i) {
    if (!args[i]->untyped_literal || (all_open && args[i].type() == type)) continue;
    args[i] = make_broadcast(adopt(type.dtype, args[i], all_open, where), type.lanes);
  }
}

// --- Operators.

namespace {

std::string_view text_of(Operands operands) {
  switch (operands) {
    case Operands::numbers:
      return "numbers";
    case Operands::integers:
      return "integers";
    case Operands::logical:
      return "integers or booleans";
    case Operands::floats:
      return "floats";
    case Operands::words:
      return "i32 or i64";
    case Operands::any:
      return "operands";
  }
  return "operands";
}

std::string types_text(const std::vector<Expr>& args) {
  std::string text;
  for (const Expr& a : args) text += (text.empty() ? "" : ", ") + to_string(a.type());
  return text;
}

std::string agreement_hint(Type a, Type b) {
  return a.lanes == b.lanes ? fmt::format("cast one of them: {}(...)", name_of(a.dtype)) : "broadcast the scalar";
}

void check_operands(Op op, const std::vector<Expr>& args, const SourceLocation& where) {
  const size_t first = op == Op::select ? 1 : 0;
  const std::string_view name = info_of(op).text;
  const Type condition = {DType::boolean, args[first].type().lanes};
  if (op == Op::select && args[0].type() != condition) {
    fail(ErrorCode::type_mismatch, "the condition of select has the wrong type", to_string(args[0].type()),
         to_string(condition), where);
  }
  for (size_t i = first; i < args.size(); ++i) {
    if (args[i].type() != args[first].type()) {
      fail(ErrorCode::type_mismatch, fmt::format("operands of {} have different types", name), types_text(args),
           "one type", where, agreement_hint(args[first].type(), args[i].type()));
    }
  }
  if (!exists_for(op, args[first].type().dtype)) {
    const DType type = args[first].type().dtype;
    const bool stored = is_storage(type) && exists_for(op, arithmetic_type_of(type));
    fail(ErrorCode::type_mismatch, fmt::format("operands of {} have the wrong type", name), types_text(args),
         std::string(text_of(info_of(op).operands)), where,
         stored ? fmt::format("{} is a type of storage only; convert: {}(...)", name_of(type), name_of(arithmetic_type_of(type)))
                : "");
  }
}

}  // namespace

Expr make_op(Op op, std::vector<Expr> args, const SourceLocation& where) {
  const OpInfo& info = info_of(op);
  const SourceLocation place = place_of(where, args);
  if (static_cast<int>(args.size()) != info.arity) {
    fail(ErrorCode::bad_definition, fmt::format("{} has the wrong number of operands", info.text),
         fmt::format("{}", args.size()), fmt::format("{}", info.arity), place);
  }
  for (const Expr& a : args) {
    if (!a.defined()) {
      fail(ErrorCode::bad_definition, fmt::format("an operand of {} is undefined", info.text), "an empty expression",
           "a value", place);
    }
  }
  const size_t first = op == Op::select ? 1 : 0;
  match_literal_types(args, first, place);
  // Functions that only floats have make floats of whole numbers: sqrt(2).
  if (info.operands == Operands::floats && args[0]->untyped_literal) {
    for (Expr& a : args) {
      if (!is_float(a.type().dtype)) a = adopt(DType::f64, a, true, place);
    }
  }
  check_operands(op, args, place);
  std::shared_ptr<ExprNode> node = new_node();
  node->kind = ExprKind::op;
  node->op = op;
  node->type = args.back().type();
  node->untyped_literal = info.result == OpResult::same;
  for (size_t i = first; i < args.size(); ++i) node->untyped_literal &= args[i]->untyped_literal;
  node->type.dtype = result_of(op, node->type.dtype);
  node->args = std::move(args);
  node->where = where;
  return finished(std::move(node));
}

Expr make_index_op(Op op, Expr a, Expr b, bool normal) {
  std::shared_ptr<ExprNode> node = new_node();
  node->kind = ExprKind::op;
  node->op = op;
  node->type = {DType::i64, 1};
  node->normal = normal;
  node->args.reserve(2);
  node->args.push_back(std::move(a));
  node->args.push_back(std::move(b));
  return finished(std::move(node));
}

// --- Other kinds.

Expr make_var(std::string name, Type type) {
  std::shared_ptr<ExprNode> node = new_node();
  node->kind = ExprKind::var;
  node->name = std::move(name);
  node->type = type;
  return finished(std::move(node));
}

Expr make_cast(DType type, Expr value) {
  if (!value.defined()) fail(ErrorCode::bad_definition, "a cast has no value", "an empty expression", "a value", {});
  // A literal is rounded to a storage type at once: no operator could have given it another type.
  if (is_storage(type) && value->untyped_literal) value = adopt(type, value, false, value->where);
  const DType from = value.type().dtype;
  if (!converts(from, type)) {
    fail(ErrorCode::type_mismatch, fmt::format("no conversion goes from {} to {}", name_of(from), name_of(type)),
         to_string(value.type()), is_packed(type) ? "an unpacked type" : "an f32", value->where,
         is_packed(type) ? "only inputs are packed; put two into a byte: lo | hi << 4"
                         : fmt::format("write {}(f32(...)), which rounds twice", name_of(type)));
  }
  ExprNode node;
  node.kind = ExprKind::cast;
  node.type = value.type();
  node.type.dtype = type;
  node.where = value->where;
  node.args = {std::move(value)};
  return make_node(std::move(node));
}

Expr make_access(std::string tensor, DType type, std::vector<Expr> indices) {
  ExprNode node;
  node.name = std::move(tensor);
  node.type = {type, 1};
  node.args = std::move(indices);
  return make_access(std::move(node));
}

Expr make_access(ExprNode node) {
  node.kind = ExprKind::access;
  for (const Expr& index : node.args) {
    if (!index.defined()) {
      fail(ErrorCode::bad_definition, fmt::format("an index of {} is undefined", node.name), "an empty expression",
           "an i64 expression", node.where);
    }
    node.type.lanes = std::max(node.type.lanes, index.type().lanes);
  }
  Expr& outside = node.boundary_value;
  if (node.boundary == Boundary::constant) {
    if (!outside.defined()) outside = make_integer(node.type.dtype, 0);
    if (outside->untyped_literal) outside = adopt(node.type.dtype, outside, false, node.where);
    if (outside.type().dtype != node.type.dtype) {
      fail(ErrorCode::type_mismatch, fmt::format("the boundary value of {} has the wrong type", node.name),
           to_string(outside.type()), to_string(node.type), node.where);
    }
  } else if (outside.defined()) {
    fail(ErrorCode::bad_definition, fmt::format("a boundary value of {} is never used", node.name),
         fmt::format("boundary rule {}", name_of(node.boundary)), "boundary rule constant", node.where);
  }
  return make_node(std::move(node));
}

Expr make_reduce(std::vector<ReductionVar> rvars, std::shared_ptr<const Combiner> combiner, std::vector<Expr> values,
                 const SourceLocation& where) {
  if (!combiner) internal_error("define", "a reduction without a combiner");
  if (values.empty() || values.size() != combiner->identity.size()) {
    fail(ErrorCode::type_mismatch, fmt::format("{} reduces the wrong number of values", combiner->name),
         fmt::format("{}", values.size()), fmt::format("{}", combiner->identity.size()), where);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const DType need = combiner->identity[i].type().dtype;
    if (values[i].defined() && values[i]->untyped_literal) values[i] = adopt(need, values[i], false, where);
    if (!values[i].defined() || values[i].type().dtype != need) {
      fail(ErrorCode::type_mismatch, fmt::format("value {} of {} has the wrong type", i, combiner->name),
           values[i].defined() ? to_string(values[i].type()) : "an empty expression", std::string(name_of(need)),
           where);
    }
  }
  ExprNode node;
  node.kind = ExprKind::reduce;
  node.type = values[0].type();
  node.rvars = std::move(rvars);
  node.combiner = std::move(combiner);
  node.args = std::move(values);
  node.where = where;
  return make_node(std::move(node));
}

Expr make_ramp(Expr base, Expr stride, int lanes) {
  if (base.type() != stride.type() || base.type().lanes != 1) {
    internal_error("define", fmt::format("a ramp of {} by {}", to_string(base.type()), to_string(stride.type())));
  }
  if (lanes == 1) return base;
  ExprNode node;
  node.kind = ExprKind::ramp;
  node.type = base.type().with_lanes(lanes);
  node.args = {std::move(base), std::move(stride)};
  return make_node(std::move(node));
}

Expr make_broadcast(Expr value, int lanes) {
  if (lanes == 1) return value;
  if (value.type().lanes != 1) internal_error("define", "a broadcast of a vector");
  ExprNode node;
  node.kind = ExprKind::broadcast;
  node.type = value.type().with_lanes(lanes);
  node.args = {std::move(value)};
  return make_node(std::move(node));
}

Expr make_instruction(std::string name, std::vector<Expr> args) {
  ExprNode node;
  node.kind = ExprKind::instruction;
  node.type = args.at(0).type();
  node.name = std::move(name);
  node.args = std::move(args);
  return make_node(std::move(node));
}

Expr with_location(const Expr& e, const SourceLocation& where) {
  if (!e.defined()) return e;
  ExprNode node = *e;
  node.where = where;
  return make_node(std::move(node));
}

}  // namespace lathe
