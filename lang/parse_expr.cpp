// Reads operators, by precedence climbing, and names. Every node gets the place of its operator or first token.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "lang/expr_parser.h"

namespace lathe {
namespace {

constexpr int deepest_nesting = 200;
constexpr int longest_chain = 2000;  // of operators without brackets, in one expression

constexpr std::array<std::string_view, 7> reserved_words = {"and", "or", "not", "true", "false", "if", "outside"};

// Counts brackets and prefix operators around the text being read.
class Nesting {
 public:
  Nesting(int& depth, const Lexer& lexer) : depth_(depth) {
    if (++depth_ > deepest_nesting) {
      --depth_;
      refuse_text(ErrorCode::syntax, "an expression is nested too deeply",
                  fmt::format("more than {} levels", deepest_nesting), "fewer parentheses, or a Func for a part of it",
                  lexer.peek().where);
    }
  }
  ~Nesting() { --depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  int& depth_;
};

std::optional<Op> op_named(std::string_view text, OpForm form) {
  constexpr Op all[] = {
#define LATHE_OP(name, text, arity, form, operands, result, pipe, meaning) Op::name,
#include "lang/ops.def"
#undef LATHE_OP
  };
  for (Op op : all) {
    if (info_of(op).form == form && info_of(op).text == text) return op;
  }
  return std::nullopt;
}

std::vector<std::string> function_names() {
  std::vector<std::string> names = {"sum", "prod", "argmin", "argmax", "reduce", "stride", "ramp", "broadcast", "instruction"};
#define LATHE_OP(name, text, arity, form, operands, result, pipe, meaning) \
  if (OpForm::form == OpForm::call) names.push_back(text);
#include "lang/ops.def"
#undef LATHE_OP
#define LATHE_DTYPE(name, text, bits, kind, role) names.push_back(text);
#include "support/dtypes.def"
#undef LATHE_DTYPE
  return names;
}

void check_boolean(const Expr& e, std::string_view word, const SourceLocation& where) {
  if (e.type().dtype == DType::boolean) return;
  refuse_text(ErrorCode::type_mismatch, fmt::format("an operand of {} is not a condition", word), to_string(e.type()),
              "bool", where, "compare: x != 0; the operators on bits are &, | and ~");
}

}  // namespace

void refuse_text(ErrorCode code, std::string what, std::string got, std::string need, const SourceLocation& where,
                 std::string hint) {
  throw Error(code, {"parse", std::move(what), std::move(got), std::move(need), where, std::move(hint)});
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& names) {
  const std::string nearest = nearest_name(name, names);
  return nearest.empty() ? "" : fmt::format("did you mean {}?", nearest);
}

void check_new_name(const Token& name) {
  if (std::find(reserved_words.begin(), reserved_words.end(), name.text) == reserved_words.end()) return;
  refuse_text(ErrorCode::syntax, "a word of the language is used as a name", describe(name), "another name",
              name.where);
}

Expr with_literal_type(DType type, const Expr& e, const SourceLocation& where) {
  if (!e->untyped_literal) return e;
  std::vector<Expr> pair = {make_var("", {type, e.type().lanes}), e};
  match_literal_types(pair, 0, where);
  return pair[1]->where.known() ? pair[1] : with_location(pair[1], where);
}

Expr with_default_type(const Expr& e) {
  return with_literal_type(is_float(e.type().dtype) ? DType::f32 : DType::i64, e, e->where);
}

// --- Operators.

Expr ExprParser::expression() {
  Nesting level(nesting_, lexer_);
  Expr e = disjunction();
  if (!lexer_.is("if") || e.kind() != ExprKind::access || e.get() != bare_access_) return e;
  const SourceLocation where = lexer_.next().where;
  Expr mask = expression();
  if (mask.type() != Type{DType::boolean, e.type().lanes}) {
    refuse_text(ErrorCode::type_mismatch, "a mask has the wrong type", to_string(mask.type()),
                to_string(Type{DType::boolean, e.type().lanes}), where);
  }
  ExprNode node = *e;
  node.mask = std::move(mask);
  return make_access(std::move(node));
}

Expr ExprParser::disjunction() {
  Expr e = conjunction();
  while (lexer_.is("or")) {
    const SourceLocation where = lexer_.next().where;
    Expr other = conjunction();
    check_boolean(e, "or", where);
    check_boolean(other, "or", where);
    e = make_op(Op::bit_or, {e, other}, where);
  }
  return e;
}

Expr ExprParser::conjunction() {
  Expr e = negation();
  while (lexer_.is("and")) {
    const SourceLocation where = lexer_.next().where;
    Expr other = negation();
    check_boolean(e, "and", where);
    check_boolean(other, "and", where);
    e = make_op(Op::bit_and, {e, other}, where);
  }
  return e;
}

Expr ExprParser::negation() {
  if (!lexer_.is("not")) return infix(1);
  const SourceLocation where = lexer_.next().where;
  Nesting level(nesting_, lexer_);
  Expr e = negation();
  check_boolean(e, "not", where);
  return make_op(Op::bit_not, {e}, where);
}

Expr ExprParser::infix(int weakest) {
  Expr left = prefix();
  for (int links = 1;; ++links) {
    if (lexer_.peek().kind != TokenKind::symbol) return left;
    const std::optional<Op> op = op_named(lexer_.peek().text, OpForm::infix);
    if (!op || infix_strength(*op) < weakest) return left;
    const SourceLocation where = lexer_.next().where;
    // Trees as deep as a chain is long would overflow the stack of whoever walks them.
    if (links > 8 && ++long_chain_ > longest_chain) {
      refuse_text(ErrorCode::syntax, "an expression is too long",
                  fmt::format("more than {} operators in a row", longest_chain), "a Func for a part of it", where);
    }
    Expr right = infix(infix_strength(*op) + 1);
    left = make_op(*op, {std::move(left), std::move(right)}, where);
  }
}

Expr ExprParser::prefix() {
  if (!lexer_.is("-") && !lexer_.is("~")) return primary();
  const Token sign = lexer_.next();
  const TokenKind kind = lexer_.peek().kind;
  if (sign.text == "-" && (kind == TokenKind::integer || kind == TokenKind::floating)) return number(true, sign.where);
  Nesting level(nesting_, lexer_);
  Expr e = prefix();
  return make_op(sign.text == "-" ? Op::neg : Op::bit_not, {std::move(e)}, sign.where);
}

// --- Operands.

Expr ExprParser::primary() {
  const Token token = lexer_.peek();
  if (token.kind == TokenKind::integer || token.kind == TokenKind::floating) return number(false, token.where);
  if (lexer_.accept("(")) {
    Expr e = expression();
    lexer_.expect(")");
    bare_access_ = nullptr;
    return e;
  }
  if (lexer_.is("not")) lexer_.fail("expression", "parentheses around 'not ...' here");
  if (token.kind != TokenKind::name || lexer_.is("and") || lexer_.is("or") || lexer_.is("if") || lexer_.is("outside")) {
    lexer_.fail("expression", "a number, a name or '('");
  }
  return named();
}

Expr ExprParser::number(bool negative, const SourceLocation& where) {
  const Token token = lexer_.next();
  if (token.kind == TokenKind::floating) {
    return with_location(Expr(negative ? -token.float_value : token.float_value), where);
  }
  const int64_t value = token.integer_value;
  const bool lowest = value == std::numeric_limits<int64_t>::min();
  if (value < 0 && !(negative && lowest)) {
    refuse_text(ErrorCode::bad_constant, "an integer is too large", (negative ? "-" : "") + token.text,
                "-2^63 .. 2^63 - 1", where, "write u64(...) around a larger one");
  }
  return with_location(Expr(negative && !lowest ? -value : value), where);
}

Expr ExprParser::named() {
  const Token name = lexer_.next();
  if (name.text == "true" || name.text == "false") {
    return with_location(make_integer(DType::boolean, name.text == "true" ? 1 : 0), name.where);
  }
  if (lexer_.is("[")) return access(name);
  if (lexer_.is("(")) return call(name);
  return variable(name);
}

Expr ExprParser::variable(const Token& name) {
  auto known = scope_.vars.find(name.text);
  if (is_local(name.text)) return with_location(make_var(name.text), name.where);
  if (known != scope_.vars.end()) return with_location(make_var(name.text, known->second), name.where);
  if (scope_.tensors.contains(name.text)) {
    refuse_text(ErrorCode::wrong_rank, fmt::format("{} is read without indices", name.text), name.text,
                fmt::format("{}[...]", name.text), name.where, fmt::format("rank 0 is read as {}[]", name.text));
  }
  if (scope_.types.contains(name.text)) {
    refuse_text(ErrorCode::type_mismatch, "an element type is used as a value", describe(name),
                fmt::format("{}(...), which converts to it", name.text), name.where);
  }
  if (scope_.any_name) return with_location(make_var(name.text), name.where);
  refuse_text(ErrorCode::unknown_name, "an unknown name", describe(name),
              "an index, a size, a parameter or a reduction variable", name.where,
              did_you_mean(name.text, known_vars()));
}

std::vector<std::string> ExprParser::known_vars() const {
  std::vector<std::string> names = locals_;
  for (const auto& [name, type] : scope_.vars) names.push_back(name);
  return names;
}

Expr ExprParser::call(const Token& name) {
  if (reduction_follows(name.text)) return reduction(name);
  if (name.text == "stride") return stride(name);
  if (name.text == "ramp" || name.text == "broadcast") return vector_of(name);
  if (name.text == "instruction") return instruction(name);
  if (const std::optional<Type> type = type_named(name.text)) return conversion(name, *type);
  if (const auto type = scope_.types.find(name.text); type != scope_.types.end()) return conversion(name, {type->second, 1});
  const std::optional<Op> op = op_named(name.text, OpForm::call);
  if (!op) {
    refuse_text(ErrorCode::unknown_name, "an unknown function", describe(name), "a function of the language",
                name.where,
                scope_.tensors.contains(name.text) ? fmt::format("tensors are read with {}[...]", name.text)
                                                   : did_you_mean(name.text, function_names()));
  }
  lexer_.expect("(");
  std::vector<Expr> args;
  do args.push_back(expression());
  while (lexer_.accept(","));
  lexer_.expect(")");
  return make_op(*op, std::move(args), name.where);
}

bool ExprParser::is_local(const std::string& name) const {
  return std::find(locals_.begin(), locals_.end(), name) != locals_.end();
}

Expr parse_expr(Lexer& lexer, const ExprScope& scope) { return ExprParser(lexer, scope).expression(); }

}  // namespace lathe
