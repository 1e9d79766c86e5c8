// Reads the text form of one schedule block. Statements are a header line, params, chains of directives and variants;
// the arguments of a directive follow its signature (signature.h), and a form that does not fit is answered with it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "schedules/checks.h"
#include "schedules/formula.h"
#include "schedules/header_line.h"
#include "schedules/signature.h"
#include "schedules/text.h"

namespace lathe {
namespace {

std::optional<DirectiveKind> directive_named(std::string_view name) {
#define LATHE_DIRECTIVE(row, signature, text) \
  if (name == #row) return DirectiveKind::row;
#include "schedules/directives.def"
#undef LATHE_DIRECTIVE
  return std::nullopt;
}

std::vector<std::string> directive_names() {
  return {
#define LATHE_DIRECTIVE(row, signature, text) #row,
#include "schedules/directives.def"
#undef LATHE_DIRECTIVE
  };
}

class ScheduleParser {
 public:
  ScheduleParser(const SourceBlock& block, const Operator& op) : tokens_(lexer_of(block)), op_(op), scope_(op) {
    funcs_ = stages_of(op);
    schedule_.where = block.where;
  }

  Schedule parse() {
    header();
    while (true) {
      tokens_.skip_new_lines();
      if (tokens_.peek().kind == TokenKind::end) return std::move(schedule_);
      statement();
    }
  }

 private:
  void header() {
    Token name = read_operator_name(tokens_);
    if (name.text != op_.name) unknown_operator(name, {op_.name});
    schedule_.op = name.text;
    if (tokens_.accept("on")) schedule_.target = level();
    if (tokens_.is("if")) {
      SourceLocation where = tokens_.next().where;
      schedule_.condition = scope_.parse(tokens_);
      check_condition("condition of a schedule", schedule_.condition, where);
    }
    end_of_statement();
  }

  // A level such as x86-64-v4 is a row of tokens up to the end of the line.
  std::string level() {
    std::string text;
    while (tokens_.peek().kind != TokenKind::new_line && tokens_.peek().kind != TokenKind::end && !tokens_.is("if")) {
      text += tokens_.next().text;
    }
    if (text.empty()) tokens_.fail("schedule", "a target level such as x86-64-v3");
    return text;
  }

  void end_of_statement() {
    if (tokens_.peek().kind == TokenKind::new_line || tokens_.peek().kind == TokenKind::end || tokens_.is("}")) return;
    tokens_.fail("schedule", "the end of the line");
  }

  void statement() {
    Token first = tokens_.peek();
    if (first.kind != TokenKind::name) tokens_.fail("schedule", "a directive such as C.vectorize(j)");
    tokens_.next();
    if (first.text == "param" && tokens_.peek().kind == TokenKind::name) {
      param();
    } else if (first.text == "specialize" && tokens_.is("(")) {
      specialize(first.where);
    } else {
      chain(first, schedule_.directives);
    }
    end_of_statement();
  }

  void param() {
    ScheduleParam param;
    Token name = tokens_.expect_name("the param's name");
    check_new_param(name.text, scope_.knows(name.text), name.where);
    param.name = name.text;
    param.where = name.where;
    tokens_.expect("=");
    param.formula = scope_.parse(tokens_);
    tokens_.expect("in");
    param.lowest = tokens_.expect_integer("the lowest value");
    tokens_.expect("..");
    param.highest = tokens_.expect_integer("the highest value");
    check_range(param);
    scope_.add_param(param.name);
    schedule_.params.push_back(std::move(param));
  }

  // Copies staged inside a variant are known inside it only.
  void specialize(const SourceLocation& where) {
    Specialization variant;
    variant.where = where;
    tokens_.expect("(");
    variant.condition = scope_.parse(tokens_);
    check_condition("condition of specialize", variant.condition, where);
    tokens_.expect(")");
    tokens_.expect("{");
    std::vector<std::string> outside = funcs_;
    for (tokens_.skip_new_lines(); !tokens_.accept("}"); tokens_.skip_new_lines()) {
      Token first = tokens_.expect_name("a directive such as C.vectorize(j), or }");
      if (first.text == "specialize" || first.text == "param") nested(first);
      chain(first, variant.directives);
      end_of_statement();
    }
    funcs_ = std::move(outside);
    schedule_.specializations.push_back(std::move(variant));
  }

  [[noreturn]] void nested(const Token& word) {
    throw Error(ErrorCode::bad_directive, {.step = "schedule",
                                           .what = "inside a variant",
                                           .got = describe(word),
                                           .need = "directives only; join conditions with 'and'",
                                           .where = word.where});
  }

  // "C.split(...).reorder(...)": the directive is the last of the dotted names before the parenthesis.
  void chain(const Token& first, std::vector<Directive>& into) {
    Token path = first;
    SourceLocation directive_where = first.where;
    while (tokens_.accept(".")) {
      Token more = tokens_.expect_name("a directive");
      path.text += "." + more.text;
      directive_where = more.where;
    }
    size_t dot = path.text.rfind('.');
    if (dot == std::string::npos) {
      throw Error(ErrorCode::bad_directive, {.step = "schedule",
                                             .what = "not a directive",
                                             .got = describe(first),
                                             .need = "F.directive(...), such as C.vectorize(j)",
                                             .where = first.where});
    }
    Token func = path, name = path;
    func.text = path.text.substr(0, dot);
    name.text = path.text.substr(dot + 1);
    name.where = directive_where;
    if (directive_where.column == first.where.column && directive_where.line == first.where.line) {
      name.where.column += static_cast<int>(dot) + 1;
    }
    check_func(func);
    into.push_back(directive(func.text, name));
    while (accept_chain_dot()) into.push_back(directive(func.text, tokens_.expect_name("a directive")));
  }

  // The dot that goes on with a chain may stand on a line after this one.
  bool accept_chain_dot() {
    size_t ahead = 0;
    while (tokens_.peek(ahead).kind == TokenKind::new_line) ++ahead;
    if (tokens_.peek(ahead).kind != TokenKind::symbol || tokens_.peek(ahead).text != ".") return false;
    tokens_.skip_new_lines();
    return tokens_.accept(".");
  }

  void check_func(const Token& func) {
    if (std::find(funcs_.begin(), funcs_.end(), func.text) != funcs_.end()) return;
    unknown_stage(op_, func.text, funcs_, func.where);
  }

  Directive directive(const std::string& func, const Token& name) {
    std::optional<DirectiveKind> kind = directive_named(name.text);
    if (!kind) {
      throw Error(ErrorCode::bad_directive, {.step = "schedule",
                                             .what = "unknown directive",
                                             .got = describe(name),
                                             .need = fmt::format("one of {}", fmt::join(directive_names(), ", ")),
                                             .where = name.where,
                                             .hint = hint_for(name.text, directive_names())});
    }
    Directive d{};
    d.kind = *kind;
    d.func = func;
    d.where = name.where;
    take("(", d);
    if (const std::vector<Slot>* slots = slots_of(*kind)) {
      arguments(*slots, d);
    } else if (*kind == DirectiveKind::tile) {
      tile_arguments(d);
    } else {
      tail_arguments(d);
    }
    take(")", d);
    return d;
  }

  // --- Arguments. Whatever does not fit is answered with the signature.
  [[noreturn]] void bad_arguments(const Directive& d) {
    Token token = tokens_.peek();
    throw Error(ErrorCode::bad_directive, {.step = "schedule",
                                           .what = fmt::format("arguments of {}", info_of(d.kind).name),
                                           .got = describe(token),
                                           .need = std::string(info_of(d.kind).signature),
                                           .where = token.where});
  }

  void take(std::string_view text, const Directive& d) {
    if (!tokens_.accept(text)) bad_arguments(d);
  }

  std::string take_name(const Directive& d) {
    if (tokens_.peek().kind != TokenKind::name) bad_arguments(d);
    return tokens_.next().text;
  }

  int64_t take_integer(const Directive& d) {
    if (tokens_.peek(tokens_.is("-") ? 1 : 0).kind != TokenKind::integer) bad_arguments(d);
    return tokens_.expect_integer("a number");
  }

  void arguments(const std::vector<Slot>& slots, Directive& d) {
    for (size_t s = 0; s < slots.size(); ++s) {
      if (slots[s].optional && tokens_.is(")")) return;
      if (s > 0) take(",", d);
      for (const std::string& word : slots[s].keywords) take(word, d);
      argument(slots[s], d);
    }
  }

  void argument(const Slot& slot, Directive& d) {
    Token token = tokens_.peek();
    switch (slot.kind) {
      case SlotKind::loop:
        d.loops.push_back(take_name(d));
        return;
      case SlotKind::loops:
        do d.loops.push_back(take_name(d));
        while (tokens_.accept(","));
        return;
      case SlotKind::digits:
        do d.digits.push_back(digit(d));
        while (tokens_.accept(","));
        return;
      case SlotKind::func:
        d.target = take_name(d);
        check_func(token);
        return;
      case SlotKind::name:
        d.name = take_name(d);
        check_new_name(d.kind, d.name, funcs_, token.where);
        funcs_.push_back(d.name);
        return;
      case SlotKind::value:
        value(d);
        return;
      case SlotKind::last:
        d.last = scope_.parse(tokens_);
        check_last(d.kind, d.last, token.where);
        return;
      case SlotKind::point:
        do point(d);
        while (tokens_.accept(","));
        return;
      case SlotKind::instruction:
        d.name = take_name(d);
        return;
      case SlotKind::fact:
        d.fact = fact(d);
        return;
      case SlotKind::space:
        d.space = take_name(d);
        check_space(d.space, token.where);
        return;
      case SlotKind::even:
        take("even", d);
        d.even = true;
        return;
    }
  }

  void value(Directive& d) {
    Token token = tokens_.peek();
    if (token.kind == TokenKind::symbol && (token.text == ")" || token.text == ",")) bad_arguments(d);
    d.value = scope_.parse(tokens_);
    check_value(d.kind, d.value, token.where);
  }

  void point(Directive& d) {
    Token token = tokens_.peek();
    if (token.kind == TokenKind::symbol && (token.text == ")" || token.text == ",")) bad_arguments(d);
    d.point.push_back(scope_.parse(tokens_));
    check_index(d.point.back(), token.where);
  }

  // n, n/16, n%16, n/16%4; a dimension may be given by its number.
  Digit digit(const Directive& d) {
    const Token token = tokens_.peek();
    Digit digit(token.kind == TokenKind::integer ? std::to_string(take_integer(d)) : take_name(d));
    if (tokens_.accept("/")) digit.divisor = take_integer(d);
    if (tokens_.accept("%")) digit.modulus = std::max<int64_t>(take_integer(d), 1);
    check_digit(digit, token.where);
    return digit;
  }

  Requirement fact(const Directive& d) {
    Token token = tokens_.peek();
    std::string name = take_name(d);
    if (std::optional<Requirement> found = requirement_named(name)) return *found;
    std::vector<std::string> names = requirement_names();
    throw Error(ErrorCode::bad_directive, {.step = "schedule",
                                           .what = "require",
                                           .got = name,
                                           .need = fmt::format("one of {}", fmt::join(names, ", ")),
                                           .where = token.where,
                                           .hint = hint_for(name, names)});
  }

  // j, i -> jo, io, ji, ii; width 64: 6 rows, 48: 8; even
  void tile_arguments(Directive& d) {
    constexpr std::string_view between[] = {",", "->", ",", ",", ",", ";"};
    for (std::string_view separator : between) {
      d.loops.push_back(take_name(d));
      take(separator, d);
    }
    take("width", d);
    do {
      SourceLocation where = tokens_.peek().where;
      TileClass row;
      row.width = take_integer(d);
      take(":", d);
      row.rows = take_integer(d);
      tokens_.accept("rows");
      check_class(row, where);
      d.classes.push_back(row);
    } while (tokens_.accept(","));
    if (!tokens_.accept(";")) return;
    take("even", d);
    d.even = true;
  }

  // io, rows: full, 2/3, 1/3, then clamp    or    ji, mask
  void tail_arguments(Directive& d) {
    d.loops.push_back(take_name(d));
    take(",", d);
    if (!tokens_.accept("rows")) {
      d.tail = take_tail(d);
      return;
    }
    take(":", d);
    do {
      if (!d.rows.empty() && tokens_.accept("then")) {
        d.tail = take_tail(d);
        return;
      }
      row_count(d);
    } while (tokens_.accept(","));
  }

  Tail take_tail(const Directive& d) {
    std::optional<Tail> tail = tail_named(tokens_.peek().text);
    if (!tail || tokens_.peek().kind != TokenKind::name) bad_arguments(d);
    tokens_.next();
    return *tail;
  }

  void row_count(Directive& d) {
    SourceLocation where = tokens_.peek().where;
    RowCount row;
    if (!tokens_.accept("full")) {
      row.numerator = take_integer(d);
      take("/", d);
      row.denominator = take_integer(d);
    }
    check_row_count(row, d.rows.empty() ? nullptr : &d.rows.back(), where);
    d.rows.push_back(row);
  }

  Lexer tokens_;
  const Operator& op_;
  FormulaScope scope_;
  std::vector<std::string> funcs_;  // what a directive may stand on; staged copies join
  Schedule schedule_;
};

}  // namespace

Schedule parse_schedule(const SourceBlock& block, const Operator& op) { return ScheduleParser(block, op).parse(); }

}  // namespace lathe
