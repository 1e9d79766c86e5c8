// Reads operands of several tokens: conversions, vectors, strides, reads of tensors, tuples.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "lang/expr_parser.h"

namespace lathe {

std::optional<Type> type_named(const std::string& text) {
  const size_t x = text.find('x');
  const std::optional<DType> dtype = dtype_named(text.substr(0, x));
  if (!dtype) return std::nullopt;
  if (x == std::string::npos) return Type{*dtype, 1};
  const std::string digits = text.substr(x + 1);
  if (digits.empty() || digits.size() > 5 || digits.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return Type{*dtype, std::stoi(digits)};
}

namespace {

constexpr int most_lanes = 65536;

// A bare number, converted by name. To a type without fractions only a whole number goes: a slip otherwise.
Expr number_as(DType type, const Expr& literal, const SourceLocation& where) {
  const bool from_float = is_float(literal.type().dtype);
  if (is_float(type) || (!from_float && type != DType::boolean)) return with_literal_type(type, literal, where);
  const double value = from_float ? literal->float_value : static_cast<double>(literal->integer_value);
  const bool is_bit = value == 0 || value == 1;
  const bool fits = type == DType::boolean ? is_bit : std::trunc(value) == value && std::abs(value) < 0x1p53;
  if (!fits) {
    refuse_text(ErrorCode::bad_constant, fmt::format("a constant does not fit {}", name_of(type)),
                fmt::format("{}", value), type == DType::boolean ? "0 or 1" : "a whole number", where);
  }
  const auto whole = static_cast<int64_t>(value);
  return type == DType::boolean ? make_integer(type, whole) : with_literal_type(type, Expr(whole), where);
}

}  // namespace

// f32(x): of a number a typed constant, else a cast.
Expr ExprParser::conversion(const Token& name, Type type) {
  lexer_.expect("(");
  Expr value = special_value(type.dtype);
  if (!value.defined()) {
    value = expression();
    lexer_.expect(")");
    if (value->untyped_literal && value.kind() == ExprKind::constant) {
      value = number_as(type.dtype, value, name.where);
    } else if (value->untyped_literal && is_float(value.type().dtype) && is_float(type.dtype)) {
      value = with_literal_type(type.dtype, value, name.where);
    } else {
      value = make_cast(type.dtype, value);
    }
  }
  if (value.type().lanes != type.lanes) {
    refuse_text(ErrorCode::type_mismatch, "a cast changes the number of lanes", to_string(value.type()),
                to_string(type), name.where, "broadcast(x, lanes) makes a vector of a scalar");
  }
  return with_location(value, name.where);
}

// What no bare number is: inf, -inf, nan, and the upper half of u64. Takes the closing parenthesis too.
Expr ExprParser::special_value(DType type) {
  const size_t sign = lexer_.is("-") ? 1 : 0;
  const Token word = lexer_.peek(sign);
  if (lexer_.peek(sign + 1).text != ")") return {};
  const bool huge = word.kind == TokenKind::integer && word.integer_value < 0 && type == DType::u64 && sign == 0;
  const bool named = word.kind == TokenKind::name && (word.text == "inf" || word.text == "nan") && is_float(type) &&
                     !scope_.vars.contains(word.text) && !is_local(word.text);
  if (!huge && !named) return {};
  for (size_t i = 0; i < sign + 2; ++i) lexer_.next();
  if (huge) return make_integer(type, word.integer_value);
  if (word.text == "nan") return make_float(type, std::numeric_limits<double>::quiet_NaN());
  const double infinity = std::numeric_limits<double>::infinity();
  return make_float(type, sign == 1 ? -infinity : infinity);
}

// --- Vectors and strides.

// stride(A, 1) is the variable "A.stride.1".
Expr ExprParser::stride(const Token& name) {
  lexer_.expect("(");
  const Token tensor = lexer_.expect_name("the name of a tensor");
  lexer_.expect(",");
  const Token dimension = lexer_.next();
  if (dimension.kind != TokenKind::integer && dimension.kind != TokenKind::name) {
    refuse_text(ErrorCode::syntax, "unexpected text", describe(dimension), "a dimension", dimension.where);
  }
  lexer_.expect(")");
  const std::string variable_name = fmt::format("{}.stride.{}", tensor.text, dimension.text);
  if (!scope_.any_name && !scope_.vars.contains(variable_name)) {
    refuse_text(ErrorCode::unknown_name, "an unknown stride",
                fmt::format("stride({}, {})", tensor.text, dimension.text), "a stride that is known here", name.where);
  }
  return with_location(make_var(variable_name), name.where);
}

// ramp(base, step, lanes) and broadcast(x, lanes).
Expr ExprParser::vector_of(const Token& name) {
  lexer_.expect("(");
  std::vector<Expr> args = {expression()};
  lexer_.expect(",");
  if (name.text == "ramp") {
    args.push_back(expression());
    lexer_.expect(",");
  }
  const int count = lanes();
  lexer_.expect(")");
  match_literal_types(args, 0, name.where);
  for (const Expr& a : args) {
    if (a.type() == args[0].type() && a.type().lanes == 1) continue;
    refuse_text(ErrorCode::type_mismatch, fmt::format("operands of {} have the wrong type", name.text),
                to_string(a.type()), "scalars of one type", name.where);
  }
  return with_location(name.text == "ramp" ? make_ramp(args[0], args[1], count) : make_broadcast(args[0], count),
                       name.where);
}

// instruction(vpdpbusd, sum, a, b).
Expr ExprParser::instruction(const Token& word) {
  lexer_.expect("(");
  const std::string name = lexer_.expect_name("the name of an instruction").text;
  std::vector<Expr> args;
  while (lexer_.accept(",")) args.push_back(expression());
  lexer_.expect(")");
  if (args.empty()) refuse_text(ErrorCode::type_mismatch, "an instruction without operands", name, "what it adds to, and operands", word.where);
  return with_location(make_instruction(name, std::move(args)), word.where);
}

int ExprParser::lanes() {
  const SourceLocation where = lexer_.peek().where;
  const int64_t count = lexer_.expect_integer("a number of lanes");
  if (count < 2 || count > most_lanes) {
    refuse_text(ErrorCode::bad_constant, "a vector has an impossible number of lanes", fmt::format("{}", count),
                fmt::format("2 .. {}", most_lanes), where);
  }
  return static_cast<int>(count);
}

// --- Reads of tensors.

Expr ExprParser::access(const Token& name) {
  auto tensor = scope_.tensors.find(name.text);
  if (tensor == scope_.tensors.end()) {
    std::vector<std::string> names;
    for (const auto& [known, types] : scope_.tensors) names.push_back(known);
    refuse_text(ErrorCode::unknown_name, "an unknown tensor", describe(name), "an input or a Func", name.where,
                did_you_mean(name.text, names));
  }
  ExprNode node;
  node.name = name.text;
  node.where = name.where;
  lexer_.expect("[");
  if (!lexer_.is("]")) {
    do node.args.push_back(expression());
    while (lexer_.accept(","));
  }
  lexer_.expect("]");
  auto rank = scope_.ranks.find(name.text);
  if (rank != scope_.ranks.end() && rank->second != static_cast<int>(node.args.size())) {
    refuse_text(ErrorCode::wrong_rank, fmt::format("{} is read with the wrong number of indices", name.text),
                fmt::format("{}", node.args.size()), fmt::format("{}", rank->second), name.where);
  }
  node.component = component(name, static_cast<int>(tensor->second.size()));
  node.type.dtype = tensor->second[node.component];
  boundary(node);
  Expr e = make_access(std::move(node));
  bare_access_ = e.get();
  return e;
}

// The `.1` of C[i, j].1; a tuple without one stands for its first component.
int ExprParser::component(const Token& name, int components) {
  if (!lexer_.is(".") || lexer_.peek(1).kind != TokenKind::integer) return 0;
  lexer_.next();
  const Token number = lexer_.next();
  if (number.integer_value < 0 || number.integer_value >= components) {
    refuse_text(ErrorCode::unknown_name, fmt::format("{} has no such component", name.text), "." + number.text,
                components == 1 ? ".0, or nothing" : fmt::format(".0 to .{}", components - 1), number.where);
  }
  return static_cast<int>(number.integer_value);
}

void ExprParser::boundary(ExprNode& node) {
  if (!lexer_.accept("outside")) return;
  for (Boundary rule : {Boundary::edge, Boundary::mirror, Boundary::wrap, Boundary::none}) {
    if (!lexer_.accept(name_of(rule))) continue;
    node.boundary = rule;
    return;
  }
  node.boundary = Boundary::constant;
  node.boundary_value = with_literal_type(node.type.dtype, prefix(), node.where);
}

// --- Whole right sides.

// A parenthesis is a tuple's if a comma stands directly inside it.
bool ExprParser::tuple_follows() const {
  if (!lexer_.is("(")) return false;
  int depth = 0;
  for (size_t i = 0;; ++i) {
    const Token& token = lexer_.peek(i);
    if (token.kind == TokenKind::end || token.kind == TokenKind::new_line) return false;
    if (token.kind != TokenKind::symbol) continue;
    if (token.text == "(" || token.text == "[") ++depth;
    if (token.text == ")" || token.text == "]") --depth;
    if (depth == 0) return false;
    if (depth == 1 && token.text == ",") return true;
  }
}

std::vector<Expr> ExprParser::values() {
  if (!tuple_follows()) return {expression()};
  std::vector<Expr> list;
  lexer_.expect("(");
  do list.push_back(expression());
  while (lexer_.accept(","));
  lexer_.expect(")");
  return list;
}

}  // namespace lathe
