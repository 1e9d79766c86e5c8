// Reads the header of an operator: inputs, parameters, outputs.
//
// Sizes are not declared by themselves: a name in an extent that is no parameter is one. Type parameters stand behind the
// inputs that name them, and are read first.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "lang/parse_operator.h"

namespace lathe {
namespace {

class HeadParser {
 public:
  HeadParser(Lexer& lexer, const ElementTypes& chosen) : lexer_(lexer), chosen_(chosen) {}

  OperatorHead parse() {
    header();
    declare_sizes();
    return std::move(head_);
  }

 private:
  void header() {
    if (lexer_.peek().indent > 0)
      lexer_.fail("a line belongs to no operator", "an operator's name in the first column");
    const Token name = lexer_.expect_name("an operator such as scale(A: f32[N]) -> B: f32[N], or 'schedule for'");
    check_new_name(name);
    head_.op.name = name.text;
    head_.op.where = name.where;
    lexer_.expect("(");
    type_params();
    if (!lexer_.is(")") && !lexer_.is(";")) {
      do input();
      while (lexer_.accept(","));
    }
    if (lexer_.accept(";")) {
      do param();
      while (lexer_.accept(","));
    }
    if (!lexer_.is(")")) lexer_.fail("unexpected text", "',', ';' or ')'");
    lexer_.expect(")");
    lexer_.expect("->");
    do {
      lexer_.skip_new_lines();
      output();
    } while (lexer_.accept(","));
    expect_line_end(lexer_);
  }

  void input() {
    const Token name = new_name(lexer_, head_, "an input such as A: f32[M, K]");
    InputDecl in{name.text, DType::f32, {}, name.where};
    lexer_.expect(":");
    in.dtype = dtype();
    in.extents = extents();
    head_.scope.tensors[in.name] = {in.dtype};
    head_.scope.ranks[in.name] = static_cast<int>(in.extents.size());
    head_.op.inputs.push_back(std::move(in));
  }

  // --- Element types that parameters stand for.

  void type_params() {
    const size_t start = lexer_.position();
    bool behind_inputs = false;
    for (int depth = 0; !lexer_.at_end() && !(depth == 0 && lexer_.is(")"));) {
      const Token token = lexer_.next();
      if (token.text == "(" || token.text == "[") ++depth;
      if (token.text == ")" || token.text == "]") --depth;
      behind_inputs = behind_inputs || token.text == ";";
      if (behind_inputs && (token.text == ";" || token.text == ",") && at_type_param()) type_param();
    }
    lexer_.go_to(start);
    const SourceLocation& where = head_.op.where;
    try {
      head_.scope.types = element_types(head_.op.name, head_.types, chosen_);
    } catch (const Error& error) {
      ErrorParts parts = error.parts();
      if (!parts.where.known()) parts.where = where;
      throw Error(error.code(), std::move(parts));
    }
  }

  // dtype: floats = f32, or dtype: f32 | f64 = f32: neither a class of types nor several are the type of a value.
  bool at_type_param() const {
    if (lexer_.peek().kind != TokenKind::name || lexer_.peek(1).text != ":") return false;
    if (class_named(lexer_.peek(2).text) || lexer_.peek(3).text == "|") return true;
    return lexer_.peek(3).text == "=" && dtype_named(lexer_.peek(4).text).has_value();
  }

  void type_param() {
    const Token name = new_name(lexer_, head_, "a type parameter such as dtype: floats = f32");
    TypeParam param{.name = name.text, .where = name.where};
    lexer_.expect(":");
    do param.admitted = param.admitted | admitted();
    while (lexer_.accept("|"));
    lexer_.expect("=");
    const SourceLocation where = lexer_.peek().where;
    param.usual = dtype();
    if (!param.admitted.has(param.usual)) {
      refuse_text(ErrorCode::type_mismatch, fmt::format("the default of {} is not among its types", param.name),
                  std::string(name_of(param.usual)), "one of " + names_of(param.admitted), where);
    }
    head_.types.push_back(std::move(param));
  }

  static const DTypeClass* class_named(const std::string& text) {
    for (const DTypeClass& c : dtype_classes()) {
      if (c.name == text) return &c;
    }
    return nullptr;
  }

  DTypeSet admitted() {
    const Token token = lexer_.expect_name("an element type or a class of them, such as floats");
    if (const DTypeClass* all = class_named(token.text)) return all->types;
    if (const std::optional<DType> type = dtype_named(token.text)) return {*type};
    std::vector<std::string> names = dtype_names();
    for (const DTypeClass& c : dtype_classes()) names.emplace_back(c.name);
    unknown_type(token, names);
  }

  void param() {
    if (at_type_param()) {  // known already
      while (!lexer_.is(",") && !lexer_.is(")")) lexer_.next();
      return;
    }
    const Token name = new_name(lexer_, head_, "a parameter such as stride = 1");
    ParamDecl p{.name = name.text};
    if (lexer_.accept(":")) {
      p.is_static = false;
      p.dtype = dtype();
    }
    lexer_.expect("=");
    p.default_value = default_value(p);
    head_.scope.vars[p.name] = {p.dtype, 1};
    head_.op.params.push_back(std::move(p));
  }

  double default_value(const ParamDecl& p) {
    const SourceLocation where = lexer_.peek().where;
    const bool negative = lexer_.accept("-");
    const Token token = lexer_.next();
    double value = 0;
    if (token.text == "true" || token.text == "false") {
      value = token.text == "true" ? 1 : 0;
    } else if (token.text == "inf" || token.text == "nan") {
      value = token.text == "inf" ? HUGE_VAL : std::nan("");
    } else if (token.kind == TokenKind::integer || token.kind == TokenKind::floating) {
      value = token.kind == TokenKind::floating ? token.float_value : static_cast<double>(token.integer_value);
    } else {
      refuse_text(ErrorCode::syntax, "unexpected text", describe(token), "a number, the default value", where);
    }
    if (negative) value = -value;
    check_default(p, token, value, where);
    return value;
  }

  static void check_default(const ParamDecl& p, const Token& token, double value, const SourceLocation& where) {
    const bool word = token.text == "true" || token.text == "false";
    if (word != (p.dtype == DType::boolean)) {
      refuse_text(ErrorCode::type_mismatch, fmt::format("the default value of {} has the wrong type", p.name),
                  describe(token), std::string(name_of(p.dtype)), where);
    }
    if (is_float(p.dtype) || word) return;
    const bool exact = token.kind == TokenKind::integer && token.integer_value >= 0 && std::abs(value) <= 0x1p53;
    const int bits = bits_of(p.dtype);
    const double lowest = is_signed(p.dtype) ? -std::ldexp(1, bits - 1) : 0;
    const double above = std::ldexp(1, is_signed(p.dtype) ? bits - 1 : bits);
    if (exact && value >= lowest && value < above) return;
    refuse_text(ErrorCode::bad_constant, fmt::format("the default value of {} does not fit", p.name),
                (value < 0 ? "-" : "") + token.text,
                fmt::format("a whole number that {} and f64 hold", name_of(p.dtype)), where);
  }

  void output() {
    const Token name = lexer_.expect_name("an output such as D: f32[M, N]");
    check_new_name(name);
    OutputTypes declared{name, {}};
    lexer_.expect(":");
    if (lexer_.accept("(")) {
      do declared.types.push_back(dtype());
      while (lexer_.accept(","));
      lexer_.expect(")");
    } else {
      declared.types.push_back(dtype());
    }
    for (const OutputTypes& other : head_.outputs) {
      if (other.name.text != name.text) continue;
      refuse_text(ErrorCode::duplicate_name, "an output is declared twice", describe(name), "a new name", name.where);
    }
    OutputDecl output{name.text, extents(), "", name.where};
    if (lexer_.accept("in")) output.in = lexer_.expect_name("the input whose place the output takes").text;
    head_.op.outputs.push_back(std::move(output));
    head_.outputs.push_back(std::move(declared));
  }

  DType dtype() {
    const Token token = lexer_.expect_name("an element type such as f32");
    if (const std::optional<DType> type = dtype_named(token.text)) return *type;
    if (const auto chosen = head_.scope.types.find(token.text); chosen != head_.scope.types.end()) return chosen->second;
    std::vector<std::string> names = dtype_names();
    for (const TypeParam& param : head_.types) names.push_back(param.name);
    unknown_type(token, names);
  }

  static std::vector<std::string> dtype_names() {
    return {
#define LATHE_DTYPE(name, text, bits, kind, role) text,
#include "support/dtypes.def"
#undef LATHE_DTYPE
    };
  }

  [[noreturn]] static void unknown_type(const Token& token, const std::vector<std::string>& names) {
    refuse_text(ErrorCode::unknown_name, "an unknown element type", describe(token),
                fmt::format("{}", fmt::join(names, ", ")), token.where, did_you_mean(token.text, names));
  }

  // Over names that become sizes or are parameters.
  std::vector<Expr> extents() {
    ExprScope any;
    any.any_name = true;
    std::vector<Expr> list;
    lexer_.expect("[");
    if (!lexer_.is("]")) {
      do {
        const SourceLocation where = lexer_.peek().where;
        list.push_back(parse_expr(lexer_, any));
        if (list.back().type() != Type{}) {
          refuse_text(ErrorCode::type_mismatch, "an extent has the wrong type", to_string(list.back().type()), "i64",
                      where);
        }
      } while (lexer_.accept(","));
    }
    lexer_.expect("]");
    return list;
  }

  void declare_sizes() {
    const auto declare = [&](const Expr& e) {
      if (e.kind() != ExprKind::var) return;
      for (const ParamDecl& p : head_.op.params) {
        if (p.name != e->name || p.is_static) continue;
        refuse_text(ErrorCode::bad_definition, "an extent depends on a run-time parameter", p.name,
                    "sizes and static parameters", e->where, fmt::format("'{} = ...' declares a static one", p.name));
      }
      if (head_.scope.vars.contains(e->name)) return;
      if (e->name.find('.') != std::string::npos || !head_.names.insert(e->name).second) {
        refuse_text(ErrorCode::duplicate_name, "a size has a name that it cannot have", fmt::format("'{}'", e->name),
                    "a name that nothing else has", e->where);
      }
      head_.scope.vars[e->name] = Type{};
      head_.op.sizes.push_back({.name = e->name});
    };
    for (const InputDecl& in : head_.op.inputs) {
      for (const Expr& e : in.extents) visit(e, declare);
    }
    for (const OutputDecl& out : head_.op.outputs) {
      for (const Expr& e : out.extents) visit(e, declare);
    }
  }

  Lexer& lexer_;
  const ElementTypes& chosen_;
  OperatorHead head_;
};

}  // namespace

OperatorHead parse_head(Lexer& lexer, const ElementTypes& chosen) { return HeadParser(lexer, chosen).parse(); }

Token new_name(Lexer& lexer, OperatorHead& head, std::string_view what) {
  const Token name = lexer.expect_name(what);
  check_new_name(name);
  if (!head.names.insert(name.text).second) {
    refuse_text(ErrorCode::duplicate_name, "a name is declared twice", describe(name), "a new name", name.where);
  }
  return name;
}

void expect_line_end(const Lexer& lexer) {
  if (lexer.peek().kind != TokenKind::new_line && !lexer.at_end()) lexer.fail("unexpected text", "the end of the line");
}

}  // namespace lathe
