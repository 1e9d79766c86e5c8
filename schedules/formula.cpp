// Reads and prints the expressions of schedules.
#include "schedules/formula.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lang/text.h"
#include "schedules/checks.h"

namespace lathe {
namespace {

constexpr Op all_ops[] = {
#define LATHE_OP(name, text, arity, form, result, pipe, meaning) Op::name,
#include "lang/ops.def"
#undef LATHE_OP
};

constexpr int deepest_nesting = 200;

// Where nested calls of the parser stand; refuses text that would exhaust the stack.
class Depth {
 public:
  Depth(int& depth, TokenReader& tokens) : depth_(depth) {
    if (++depth_ > deepest_nesting) {
      --depth_;
      tokens.fail("nesting of a formula", fmt::format("at most {} levels", deepest_nesting));
    }
  }
  ~Depth() { --depth_; }
  Depth(const Depth&) = delete;

 private:
  int& depth_;
};

class FormulaParser {
 public:
  FormulaParser(TokenReader& tokens, const FormulaScope& scope) : tokens_(tokens), scope_(scope) {}

  Expr either() {
    Expr left = both();
    while (tokens_.is("or")) left = joined(Op::bit_or, left, [&] { return both(); });
    return left;
  }

 private:
  Expr both() {
    Expr left = negated();
    while (tokens_.is("and")) left = joined(Op::bit_and, left, [&] { return negated(); });
    return left;
  }

  Expr negated() {
    Depth depth(depth_, tokens_);
    if (!tokens_.is("not")) return infix(0);
    SourceLocation where = tokens_.next().where;
    Expr operand = negated();
    check_condition("operand of 'not'", operand, where);
    return make_op(Op::bit_not, {operand}, where);
  }

  template <class Right>
  Expr joined(Op op, const Expr& left, const Right& right_side) {
    Token word = tokens_.next();
    Expr right = right_side();
    for (const Expr& operand : {left, right}) check_condition("operand of '" + word.text + "'", operand, word.where);
    return make_op(op, {left, right}, word.where);
  }

  const Op* op_here(OpForm form) {
    if (!tokens_.is(form == OpForm::call ? TokenKind::name : TokenKind::symbol)) return nullptr;
    auto fits = [&](Op op) { return info_of(op).form == form && info_of(op).text == tokens_.peek().text; };
    auto found = std::find_if(std::begin(all_ops), std::end(all_ops), fits);
    return found == std::end(all_ops) ? nullptr : &*found;
  }

  Expr infix(int weakest) {
    Expr left = prefix();
    for (const Op* op = op_here(OpForm::infix); op && infix_strength(*op) >= weakest; op = op_here(OpForm::infix)) {
      SourceLocation where = tokens_.next().where;
      Expr right = infix(infix_strength(*op) + 1);
      left = make_op(*op, {left, right}, where);
    }
    return left;
  }

  Expr prefix() {
    Depth depth(depth_, tokens_);
    const Op* op = op_here(OpForm::prefix);
    if (!op) return primary();
    SourceLocation where = tokens_.next().where;
    if (*op == Op::neg && tokens_.is(TokenKind::integer)) return Expr(-tokens_.next().integer_value);
    return make_op(*op, {prefix()}, where);
  }

  Expr primary() {
    if (tokens_.accept("(")) {
      Expr inner = either();
      tokens_.expect(")");
      return inner;
    }
    if (tokens_.is(TokenKind::integer)) return Expr(tokens_.next().integer_value);
    if (tokens_.is(TokenKind::floating)) return Expr(tokens_.next().float_value);
    if (!tokens_.is(TokenKind::name)) tokens_.fail("formula", "a size, a parameter, a number or '('");
    const Op* call = op_here(OpForm::call);
    Token name = tokens_.next();
    if (!tokens_.is("(")) return variable(name);
    if (name.text == "stride") return stride();
    if (name.text == "bytes") return bytes();
    if (!call) unknown_call(name);
    return make_op(*call, arguments(*call), name.where);
  }

  std::vector<Expr> arguments(Op op) {
    std::vector<Expr> args;
    tokens_.expect("(");
    for (int i = 0; i < info_of(op).arity; ++i) {
      if (i > 0) tokens_.expect(",");
      args.push_back(either());
    }
    tokens_.expect(")");
    return args;
  }

  Expr variable(const Token& name) {
    if (name.text == "true" || name.text == "false") return make_integer(DType::boolean, name.text == "true");
    if (name.text.starts_with("target.")) return target_fact(name);
    std::vector<std::string> known = scope_.params;
    for (const SizeDecl& size : scope_.op->sizes) known.push_back(size.name);
    if (std::find(known.begin(), known.end(), name.text) != known.end()) {
      return with_location(make_var(name.text), name.where);
    }
    for (const ParamDecl& param : scope_.op->params) {
      if (param.name == name.text) return with_location(make_var(name.text, {param.dtype, 1}), name.where);
      known.push_back(param.name);
    }
    throw Error(ErrorCode::unknown_name, {.step = "schedule",
                                          .what = "unknown name in a formula",
                                          .got = shown(name),
                                          .need = one_of("a size, a parameter or a target fact", known),
                                          .where = name.where,
                                          .hint = hint_for(name.text, known)});
  }

  Expr target_fact(const Token& name) {
    std::vector<std::string> facts(std::begin(target_facts), std::end(target_facts));
    if (std::find(facts.begin(), facts.end(), name.text) != facts.end()) {
      return with_location(make_var(name.text), name.where);
    }
    throw Error(ErrorCode::unknown_name, {.step = "schedule",
                                          .what = "unknown target fact",
                                          .got = shown(name),
                                          .need = fmt::format("one of {}", fmt::join(facts, ", ")),
                                          .where = name.where,
                                          .hint = hint_for(name.text, facts)});
  }

  [[noreturn]] void unknown_call(const Token& name) {
    std::vector<std::string> calls = {"stride", "bytes"};
    for (Op op : all_ops) {
      if (info_of(op).form == OpForm::call) calls.emplace_back(info_of(op).text);
    }
    throw Error(ErrorCode::unknown_name, {.step = "schedule",
                                          .what = "unknown function in a formula",
                                          .got = shown(name),
                                          .need = "stride(B, k), bytes(Y) or an operator such as min(a, b)",
                                          .where = name.where,
                                          .hint = hint_for(name.text, calls)});
  }

  static std::string one_of(const std::string& what, const std::vector<std::string>& names) {
    return names.empty() ? what : fmt::format("{}: {}", what, fmt::join(names, ", "));
  }

  // The extents of an argument, as declared.
  const std::vector<Expr>& extents_of(const Token& name) {
    if (const InputDecl* input = scope_.op->find_input(name.text)) return input->extents;
    if (const OutputDecl* output = scope_.op->find_output(name.text)) return output->extents;
    std::vector<std::string> arguments;
    for (const InputDecl& input : scope_.op->inputs) arguments.push_back(input.name);
    for (const OutputDecl& output : scope_.op->outputs) arguments.push_back(output.func);
    throw Error(ErrorCode::unknown_name, {.step = "schedule",
                                          .what = "unknown argument in a formula",
                                          .got = shown(name),
                                          .need = one_of("an input or output", arguments),
                                          .where = name.where,
                                          .hint = hint_for(name.text, arguments)});
  }

  Expr stride() {
    tokens_.expect("(");
    Token tensor = tokens_.expect_name("an input or output");
    const std::vector<Expr>& extents = extents_of(tensor);
    tokens_.expect(",");
    size_t dimension = stride_dimension(tensor, extents);
    tokens_.expect(")");
    return with_location(make_var(fmt::format("{}.stride.{}", tensor.text, dimension)), tensor.where);
  }

  size_t stride_dimension(const Token& tensor, const std::vector<Expr>& extents) {
    Token token = tokens_.next();
    std::vector<size_t> fitting;
    for (size_t d = 0; d < extents.size(); ++d) {
      bool same = token.kind == TokenKind::integer ? token.integer_value == static_cast<int64_t>(d)
                                                   : extents[d] == make_var(token.text);
      if (same) fitting.push_back(d);
    }
    if (fitting.size() == 1) return fitting.front();
    throw Error(ErrorCode::bad_directive,
                {.step = "schedule",
                 .what = fmt::format("dimension in stride({}, {})", tensor.text, token.text),
                 .got = fitting.empty() ? shown(token)
                                        : fmt::format("{}, the extent of {} dimensions", shown(token), fitting.size()),
                 .need = extents.empty() ? tensor.text + " has no dimension"
                                         : fmt::format("a number from 0 to {}, or the size that is one extent of {}",
                                                       extents.size() - 1, tensor.text),
                 .where = token.where});
  }

  Expr bytes() {
    tokens_.expect("(");
    Token tensor = tokens_.expect_name("an input or output");
    const std::vector<Expr>& extents = extents_of(tensor);
    tokens_.expect(")");
    int64_t element_bytes = 0;
    if (const InputDecl* input = scope_.op->find_input(tensor.text)) {
      element_bytes = bytes_of(input->dtype);
    } else if (const FuncContents* func = scope_.op->find_func(tensor.text)) {
      for (int c = 0; c < func->components(); ++c) element_bytes += bytes_of(func->dtype(c));
    }
    Expr product(element_bytes);
    for (const Expr& extent : extents) product = product * extent;
    return product;
  }

  TokenReader& tokens_;
  const FormulaScope& scope_;
  int depth_ = 0;
};

// The var "B.stride.1" under the name that prints as the author wrote it.
Expr with_stride_calls(const Expr& e) {
  return transform(e, [](const Expr& node) {
    constexpr std::string_view mark = ".stride.";
    if (node.kind() != ExprKind::var) return node;
    size_t at = node->name.rfind(mark);
    if (at == std::string::npos) return node;
    std::string call = fmt::format("stride({}, {})", node->name.substr(0, at), node->name.substr(at + mark.size()));
    return make_var(call, node.type());
  });
}

// Levels of the words: 0 takes `or`, 1 takes `and`, 2 takes `not`.
std::string print_words(const Expr& e, int level) {
  auto in_parentheses = [&](const std::string& text, int own) { return own < level ? "(" + text + ")" : text; };
  if (e.type().dtype == DType::boolean) {
    if (e.is_op(Op::bit_or)) return in_parentheses(print_words(e.arg(0), 0) + " or " + print_words(e.arg(1), 1), 0);
    if (e.is_op(Op::bit_and)) return in_parentheses(print_words(e.arg(0), 1) + " and " + print_words(e.arg(1), 2), 1);
    if (e.is_op(Op::bit_not)) return "not " + print_words(e.arg(0), 2);
  }
  return print(e);
}

}  // namespace

Expr parse_formula(TokenReader& tokens, const FormulaScope& scope) { return FormulaParser(tokens, scope).either(); }

std::string print_formula(const Expr& e) { return print_words(with_stride_calls(e), 0); }

}  // namespace lathe
