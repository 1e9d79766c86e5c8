// Arithmetic on addresses is C's own: it does not overflow (jit/ir/ir.h), and a C compiler may know that. Arithmetic on
// values of integer types wraps: it is done without signs and converted back.
#include "bench/emit_c_expr.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <limits>

#include "support/error.h"
#include "support/small_float.h"

namespace lathe::bench {

std::string c_type(DType type) {
  switch (type) {
    case DType::boolean:
      return "bool";
    case DType::f32:
      return "float";
    case DType::f64:
      return "double";
    default:
      return fmt::format("{}int{}_t", is_signed(type) ? "" : "u", bits_of(type));
  }
}

std::string c_element(DType type) { return type == DType::boolean ? "uint8_t" : c_type(type); }

namespace {

// The unsigned type in which an integer operator is computed: wide enough that C promotes nothing to int.
std::string wrapping_type(DType type) { return bits_of(type) == 64 ? "uint64_t" : "uint32_t"; }

std::string integer_text(DType type, int64_t value) {
  if (type == DType::boolean) return value ? "true" : "false";
  if (type == DType::u64) return fmt::format("UINT64_C({})", static_cast<uint64_t>(value));
  if (value == std::numeric_limits<int64_t>::min()) return "INT64_MIN";
  if (type == DType::i64) return fmt::format("INT64_C({})", value);
  return fmt::format("(({})INT64_C({}))", c_type(type), value);
}

std::string float_text(DType type, double value) {
  const char* suffix = type == DType::f32 ? "f" : "";
  if (std::isnan(value)) return fmt::format("__builtin_nan{}(\"\")", suffix);
  if (std::isinf(value)) return fmt::format("({}__builtin_inf{}())", value < 0 ? "-" : "", suffix);
  return fmt::format("({:a}{})", value, suffix);
}

// f16 and bf16 are kept as their bits: no operator takes them but conversions.
bool is_bits(DType type) { return is_float(type) && is_storage(type); }

std::string bits_text(DType type, double value) {
  const uint16_t bits = type == DType::f16 ? Float16(value).bits : BFloat16(value).bits;
  return fmt::format("((uint16_t){})", bits);
}

std::string cast_text(DType to, DType from, const std::string& value) {
  if (to == from) return value;
  if (is_bits(from)) return cast_text(to, DType::f32, fmt::format("f32_of_{}({})", name_of(from), value));
  if (is_bits(to) && !is_float(from)) return cast_text(to, DType::f64, fmt::format("((double){})", value));
  if (is_bits(to) || (is_float(from) && is_integer(to))) {
    return fmt::format("{}_of_{}({})", name_of(to), name_of(from), value);
  }
  return fmt::format("(({}){})", c_type(to), value);
}

// Operators that are C's own, on the types that they exist for.
const char* symbol_of(Op op) {
  switch (op) {
    case Op::add:
      return "+";
    case Op::sub:
      return "-";
    case Op::mul:
      return "*";
    case Op::bit_and:
      return "&";
    case Op::bit_or:
      return "|";
    case Op::bit_xor:
      return "^";
    case Op::eq:
      return "==";
    case Op::ne:
      return "!=";
    case Op::lt:
      return "<";
    case Op::le:
      return "<=";
    case Op::gt:
      return ">";
    case Op::ge:
      return ">=";
    default:
      return nullptr;
  }
}

std::string helper(const Expr& e, DType type, const std::vector<std::string>& args) {
  std::string list;
  for (const std::string& a : args) list += (list.empty() ? "" : ", ") + a;
  return fmt::format("{}_{}({})", info_of(e->op).name, name_of(type), list);
}

}  // namespace

std::string CExpressions::name(const std::string& ir_name) {
  auto [it, is_new] = names_.try_emplace(ir_name);
  if (is_new) {
    it->second = fmt::format("v{}_{}", names_.size(), ir_name);
    for (char& c : it->second)
      if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return it->second;
}

bool CExpressions::holds_data(const Expr& e) const {
  bool found = false;
  visit(e, [&](const Expr& node) {
    found = found || node.kind() == ExprKind::access || (node.kind() == ExprKind::var && data_.count(node->name));
  });
  return found;
}

std::string CExpressions::text(const Expr& e) {
  const DType type = e.type().dtype;
  if (e.type().lanes != 1) internal_error("C", "a vector value: only loops before they are expanded have C text");
  switch (e.kind()) {
    case ExprKind::constant:
      if (is_bits(type)) return bits_text(type, e->float_value);
      return is_float(type) ? float_text(type, e->float_value) : integer_text(type, e->integer_value);
    case ExprKind::var:
      return name(e->name);
    case ExprKind::op:
      return op_text(e);
    case ExprKind::access:
      return access_text(e);
    case ExprKind::cast:
      return cast_text(type, e.arg(0).type().dtype, text(e.arg(0)));
    default:
      internal_error("C", "an expression that does not belong into loop IR");
  }
}

std::string CExpressions::access_text(const Expr& e) {
  const std::string element = fmt::format("{}[{}]", name(e->name), text(e.arg(0)));
  const std::string value = e.type().dtype == DType::boolean ? fmt::format("({} != 0)", element) : element;
  if (!e->mask.defined()) return value;
  return fmt::format("({} ? {} : ({})0)", text(e->mask), value, c_type(e.type().dtype));
}

std::string CExpressions::op_text(const Expr& e) {
  std::vector<std::string> args;
  for (const Expr& a : e.args()) args.push_back(text(a));
  if (e.is_op(Op::select)) return fmt::format("({} ? {} : {})", args[0], args[1], args[2]);
  const DType type = e.arg(0).type().dtype;
  const char* symbol = symbol_of(e->op);
  if (symbol && (is_float(type) || info_of(e->op).boolean_result))
    return fmt::format("({} {} {})", args[0], symbol, args[1]);
  if (type == DType::boolean) {
    if (e.is_op(Op::bit_not)) return fmt::format("(!{})", args[0]);
    return fmt::format("({} {} {})", args[0], symbol, args[1]);
  }
  if (is_float(type)) return e.is_op(Op::neg) ? fmt::format("(-{})", args[0]) : helper(e, type, args);
  return type == DType::i64 && !holds_data(e) ? index_op(e, args) : integer_op(e, args);
}

std::string CExpressions::index_op(const Expr& e, const std::vector<std::string>& args) {
  if (const char* symbol = symbol_of(e->op)) return fmt::format("({} {} {})", args[0], symbol, args[1]);
  int64_t by = 0;
  const bool divides = e.is_op(Op::div) || e.is_op(Op::mod);
  if (divides && is_integer_constant(e.arg(1), &by) && by > 0 && std::has_single_bit(static_cast<uint64_t>(by))) {
    if (e.is_op(Op::mod)) return fmt::format("({} & {})", args[0], by - 1);
    return fmt::format("({} >> {})", args[0], std::countr_zero(static_cast<uint64_t>(by)));
  }
  return integer_op(e, args);
}

std::string CExpressions::integer_op(const Expr& e, const std::vector<std::string>& args) {
  const DType type = e.arg(0).type().dtype;
  const std::string own = c_type(type), wide = wrapping_type(type);
  if (const char* symbol = symbol_of(e->op)) {
    return fmt::format("(({})(({}){} {} ({}){}))", own, wide, args[0], symbol, wide, args[1]);
  }
  switch (e->op) {
    case Op::neg:
      return fmt::format("(({})(0 - ({}){}))", own, wide, args[0]);
    case Op::bit_not:
      return fmt::format("(({})~({}){})", own, wide, args[0]);
    case Op::fma:
      return fmt::format("(({})(({}){} * ({}){} + ({}){}))", own, wide, args[0], wide, args[1], wide, args[2]);
    case Op::floor:
    case Op::ceil:
    case Op::round:
      return args[0];
    default:
      return helper(e, type, args);
  }
}

}  // namespace lathe::bench
