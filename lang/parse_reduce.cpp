// Reads reductions: sum(k < K: value) and reduce(k < K, identity, (x, y) -> combined: value).
//
// The identity and the combination stand before the value, but only the value tells their types. So the value is read
// first, from behind the colon, and the reader then goes back.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lang/expr_parser.h"

namespace lathe {
namespace {

constexpr std::array<std::string_view, 8> builtin_names = {"sum", "prod", "min", "max", "min_number", "max_number", "argmin", "argmax"};

// "reduce" stands for a combiner of the author's; "reduce.argmax" gives it a name.
constexpr std::string_view own = "reduce";
bool names_own(std::string_view name) {
  return name == own || (name.substr(0, own.size()) == own && name.substr(own.size(), 1) == ".");
}

// The operand name that stands twice, or "".
std::string repeated_operand(const Combiner& c) {
  std::vector<std::string> names = c.left;
  names.insert(names.end(), c.right.begin(), c.right.end());
  std::sort(names.begin(), names.end());
  auto twice = std::adjacent_find(names.begin(), names.end());
  return twice == names.end() ? "" : *twice;
}

void check_count(const std::string& what, size_t got, size_t need, const SourceLocation& where) {
  if (got == need) return;
  refuse_text(ErrorCode::type_mismatch, fmt::format("{} of a reduction has the wrong number of components", what),
              fmt::format("{}", got), fmt::format("{}, as the value has", need), where);
}

}  // namespace

// `max(a, b)` is an operator, `max(k < K: a)` a reduction: it has a colon directly inside its parentheses.
bool ExprParser::reduction_follows(const std::string& name) const {
  if (names_own(name)) return true;
  if (std::find(builtin_names.begin(), builtin_names.end(), name) == builtin_names.end()) return false;
  if (name == "sum" || name == "prod" || finds_places(name)) return true;
  if (lexer_.peek(1).kind != TokenKind::name || lexer_.peek(2).text != "<") return false;
  int depth = 0;
  for (size_t i = 0;; ++i) {
    const Token& token = lexer_.peek(i);
    if (token.kind == TokenKind::end || token.kind == TokenKind::new_line) return false;
    if (token.kind != TokenKind::symbol) continue;
    if (token.text == "(" || token.text == "[") ++depth;
    if (token.text == ")" || token.text == "]") --depth;
    if (depth == 0) return false;
    if (depth == 1 && token.text == ":") return true;
  }
}

Expr ExprParser::reduction(const Token& name) {
  lexer_.expect("(");
  std::vector<ReductionVar> rvars = reduction_vars();
  const bool is_own = names_own(name.text);
  size_t rules = 0;
  if (is_own) {
    lexer_.expect(",");
    rules = lexer_.position();
    skip_to_colon();
  }
  lexer_.expect(":");
  for (const ReductionVar& r : rvars) locals_.push_back(r.name);
  std::vector<Expr> terms = values();
  locals_.resize(locals_.size() - rvars.size());
  lexer_.expect(")");

  if (finds_places(name.text)) {
    check_count("the value", terms.size(), 1, name.where);
    for (const ReductionVar& r : rvars) terms.push_back(make_var(r.name));
  }
  std::vector<DType> types;
  for (Expr& e : terms) {
    e = with_default_type(e);
    types.push_back(e.type().dtype);
  }
  std::shared_ptr<const Combiner> how;
  if (is_own) {
    const size_t end = lexer_.position();
    lexer_.go_to(rules);
    how = own_combiner(name.text.size() > own.size() ? name.text.substr(own.size() + 1) : name.text, types);
    lexer_.go_to(end);
  } else {
    how = builtin_combiner(name.text, types, name.where);
  }
  return make_reduce(std::move(rvars), std::move(how), std::move(terms), name.where);
}

// k < K, l < L: extents are written in what stands outside the reduction.
std::vector<ReductionVar> ExprParser::reduction_vars() {
  std::vector<ReductionVar> rvars;
  do {
    const Token name = lexer_.expect_name("a reduction variable such as k in 'k < K'");
    check_new_name(name);
    const bool repeated = std::any_of(rvars.begin(), rvars.end(), [&](const auto& r) { return r.name == name.text; });
    if (repeated || is_local(name.text) || scope_.vars.contains(name.text)) {
      refuse_text(ErrorCode::duplicate_name, "a reduction variable has a name that is taken", describe(name),
                  "a new name", name.where);
    }
    lexer_.expect("<");
    Expr extent = expression();
    if (extent.type() != Type{}) {
      refuse_text(ErrorCode::type_mismatch, fmt::format("the extent of {} has the wrong type", name.text),
                  to_string(extent.type()), "i64", name.where);
    }
    rvars.push_back({name.text, std::move(extent)});
  } while (lexer_.is(",") && lexer_.peek(1).kind == TokenKind::name && lexer_.peek(2).text == "<" &&
           lexer_.accept(","));
  return rvars;
}

void ExprParser::skip_to_colon() {
  int depth = 0;
  while (depth > 0 || !lexer_.is(":")) {
    const TokenKind kind = lexer_.peek().kind;
    if (lexer_.is("(") || lexer_.is("[")) ++depth;
    if (lexer_.is(")") || lexer_.is("]")) --depth;
    if (depth < 0 || kind == TokenKind::end || kind == TokenKind::new_line) {
      lexer_.fail("reduction", "':' and the value to reduce");
    }
    lexer_.next();
  }
}

// identity, (x, y) -> combined
std::shared_ptr<const Combiner> ExprParser::own_combiner(const std::string& name, const std::vector<DType>& types) {
  Combiner c;
  c.name = name;
  ExprScope operands;
  operands.types = scope_.types;
  c.identity = typed_values(types, operands, "the identity");
  lexer_.expect(",");
  lexer_.expect("(");
  c.left = operand_names(types.size());
  lexer_.expect(",");
  c.right = operand_names(types.size());
  lexer_.expect(")");
  lexer_.expect("->");
  for (size_t i = 0; i < types.size(); ++i) {
    operands.vars[c.left[i]] = {types[i], 1};
    operands.vars[c.right[i]] = {types[i], 1};
  }
  if (const std::string twice = repeated_operand(c); !twice.empty()) {
    refuse_text(ErrorCode::duplicate_name, "two operands of a reduction have one name", fmt::format("'{}'", twice),
                "names that differ", lexer_.peek().where);
  }
  c.combined = typed_values(types, operands, "the combination");
  if (!lexer_.is(":")) lexer_.fail("reduction", "':' and the value to reduce");
  return std::make_shared<const Combiner>(std::move(c));
}

// x, or (x0, x1) for a tuple.
std::vector<std::string> ExprParser::operand_names(size_t count) {
  std::vector<std::string> names;
  const auto one = [&] {
    const Token name = lexer_.expect_name("the name of an operand");
    check_new_name(name);
    names.push_back(name.text);
  };
  const SourceLocation where = lexer_.peek().where;
  if (lexer_.accept("(")) {
    do one();
    while (lexer_.accept(","));
    lexer_.expect(")");
  } else {
    one();
  }
  check_count("an operand", names.size(), count, where);
  return names;
}

// As many values as the reduction has components, each of its component's type, over nothing but what `scope` holds.
std::vector<Expr> ExprParser::typed_values(const std::vector<DType>& types, const ExprScope& scope,
                                           const std::string& what) {
  const SourceLocation where = lexer_.peek().where;
  std::vector<Expr> list = ExprParser(lexer_, scope, nesting_).values();
  check_count(what, list.size(), types.size(), where);
  for (size_t i = 0; i < list.size(); ++i) {
    list[i] = with_literal_type(types[i], list[i], where);
    if (list[i].type() == Type{types[i], 1}) continue;
    refuse_text(ErrorCode::type_mismatch, fmt::format("{} of a reduction has the wrong type", what),
                to_string(list[i].type()), fmt::format("{}, the type of the value", name_of(types[i])), where);
  }
  return list;
}

}  // namespace lathe
