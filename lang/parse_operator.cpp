// Reads the body of an operator: each line is a definition, an update of one, a range of a size, or the word
// strict.
//
// Definitions may stand in any order: a look over their tokens says who reads whom, and they are parsed producers
// first, because the element type of a Func is that of its value.
#include "lang/parse_operator.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "lang/check_func.h"

namespace lathe {
namespace {

struct Definition {
  Token name;
  std::vector<std::string> vars;
  size_t value_position = 0;                 // in the lexer
  std::vector<std::string> reads;            // tensors, in order of appearance, those of updates included
  std::vector<size_t> updates;               // where their domains begin in the lexer
  enum { fresh, open, done } state = fresh;  // of the walk in order of dependence
};

class OperatorParser {
 public:
  OperatorParser(Lexer& lexer, const ElementTypes& chosen)
      : lexer_(lexer), head_(parse_head(lexer, chosen)), op_(head_.op), scope_(head_.scope) {}

  ParsedOperator parse() {
    body();
    for (Definition& d : definitions_) define(d);
    lexer_.go_to(end_);
    for (const OutputTypes& out : head_.outputs) check_output(out);
    return {checked(std::move(op_)), std::move(head_.types)};
  }

 private:
  // --- The body.

  void body() {
    for (lexer_.skip_new_lines(); !lexer_.at_end() && lexer_.peek().indent > 0; lexer_.skip_new_lines()) {
      const TokenKind second = lexer_.peek(1).kind;
      if (lexer_.is("size") && second == TokenKind::name) {
        size_range();
      } else if (lexer_.is("strict") && (second == TokenKind::new_line || second == TokenKind::end)) {
        lexer_.next();
        op_.strict = true;
      } else if (lexer_.is("over") && second == TokenKind::name) {
        update();
      } else {
        definition();
      }
      expect_line_end(lexer_);
    }
    end_ = lexer_.position();
  }

  void size_range() {
    lexer_.expect("size");
    const Token name = lexer_.expect_name("a size");
    std::vector<std::string> names;
    for (const SizeDecl& s : op_.sizes) names.push_back(s.name);
    auto size = std::find_if(op_.sizes.begin(), op_.sizes.end(), [&](const auto& s) { return s.name == name.text; });
    if (size == op_.sizes.end()) {
      refuse_text(ErrorCode::unknown_name, "an unknown size", describe(name), "a size in an extent of the header",
                  name.where, did_you_mean(name.text, names));
    }
    if (!ranged_.insert(name.text).second) {
      refuse_text(ErrorCode::duplicate_name, "a size has two ranges", describe(name), "one line for each size",
                  name.where);
    }
    if (!lexer_.is("in") && !lexer_.is("multiple")) lexer_.fail("unexpected text", "'in' or 'multiple of'");
    if (lexer_.accept("in")) {
      size->lowest = lexer_.expect_integer("the lowest value");
      lexer_.expect("..");
      size->highest = lexer_.expect_integer("the highest value");
    }
    if (lexer_.accept("multiple")) {
      lexer_.expect("of");
      size->multiple_of = lexer_.expect_integer("a number");
    }
    if (size->lowest >= 0 && size->lowest <= size->highest && size->multiple_of >= 1) return;
    refuse_text(ErrorCode::bad_constant, fmt::format("the range of {} is empty or negative", size->name),
                fmt::format("{}..{} multiple of {}", size->lowest, size->highest, size->multiple_of),
                "0 <= lowest <= highest, and a multiple of at least 1", name.where);
  }

  // The left side now; the value is only looked over.
  void definition() {
    Definition d;
    d.name = new_name(lexer_, head_, "a definition such as C[i] = A[i] + 1, 'size' or 'strict'");
    if (!lexer_.is("[")) lexer_.fail("unexpected text", "'[' and the indices (none for rank 0)");
    lexer_.expect("[");
    if (!lexer_.is("]")) {
      do d.vars.push_back(index_name(d));
      while (lexer_.accept(","));
    }
    lexer_.expect("]");
    lexer_.expect("=");
    d.value_position = lexer_.position();
    if (lexer_.peek().kind == TokenKind::new_line) lexer_.fail("unexpected text", "a value");
    while (lexer_.peek().kind != TokenKind::new_line && !lexer_.at_end()) {
      const Token token = lexer_.next();
      if (token.kind == TokenKind::name && lexer_.is("[")) d.reads.push_back(token.text);
    }
    if (definitions_.size() == most_funcs) refuse_more_funcs(op_.name, d.name.where);
    by_name_[d.name.text] = definitions_.size();
    definitions_.push_back(std::move(d));
  }

  // over DOMAIN: NAME[...] = values. Only looked over, like a definition; but what it updates stands above it.
  void update() {
    lexer_.expect("over");
    const size_t domain = lexer_.position();
    Token target;
    std::vector<std::string> reads;
    for (int depth = 0; lexer_.peek().kind != TokenKind::new_line && !lexer_.at_end();) {
      const Token token = lexer_.next();
      if (token.text == "(" || token.text == "[") ++depth;
      if (token.text == ")" || token.text == "]") --depth;
      if (token.text == ":" && depth == 0 && target.text.empty()) target = lexer_.peek();
      if (token.kind == TokenKind::name && lexer_.is("[")) reads.push_back(token.text);
    }
    if (target.text.empty()) lexer_.fail("update", "':' and what is updated, as in over n < N: H[i] = H[i] + 1");
    const auto known = by_name_.find(target.text);
    if (known == by_name_.end()) {
      std::vector<std::string> names;
      for (const auto& [name, at] : by_name_) names.push_back(name);
      refuse_text(ErrorCode::unknown_name, "an update of something that is not defined above it", describe(target),
                  "a definition in a line before", target.where, did_you_mean(target.text, names));
    }
    Definition& d = definitions_[known->second];
    d.updates.push_back(domain);
    for (std::string& name : reads) {
      if (name != d.name.text) d.reads.push_back(std::move(name));
    }
  }

  std::string index_name(const Definition& d) {
    const Token index = lexer_.next();
    if (index.kind != TokenKind::name || (!lexer_.is(",") && !lexer_.is("]"))) {
      const Token& strange = index.kind == TokenKind::name ? lexer_.peek() : index;
      refuse_text(ErrorCode::bad_definition, fmt::format("an index on the left side of {} is no name", d.name.text),
                  describe(strange), "distinct names", index.where);
    }
    check_new_name(index);
    const bool repeated = std::find(d.vars.begin(), d.vars.end(), index.text) != d.vars.end();
    if (repeated || scope_.vars.contains(index.text)) {
      refuse_text(ErrorCode::duplicate_name, fmt::format("an index of {} has a name that is taken", d.name.text),
                  describe(index), "a name that is no size, parameter or other index", index.where);
    }
    return index.text;
  }

  // --- Values, producers first.

  void define(Definition& d) {
    if (d.state == Definition::done) return;
    if (d.state == Definition::open) cycle(d);
    d.state = Definition::open;
    path_.push_back(d.name.text);
    for (const std::string& name : d.reads) {
      auto producer = by_name_.find(name);
      if (producer != by_name_.end()) define(definitions_[producer->second]);
    }
    path_.pop_back();
    d.state = Definition::done;
    value(d);
  }

  [[noreturn]] void cycle(const Definition& d) {
    std::string got;
    for (auto it = std::find(path_.begin(), path_.end(), d.name.text); it != path_.end(); ++it) got += *it + " -> ";
    refuse_text(ErrorCode::recursion, fmt::format("{} needs itself", d.name.text), got + d.name.text,
                "Funcs that read earlier ones", d.name.where);
  }

  void value(const Definition& d) {
    lexer_.go_to(d.value_position);
    ExprScope scope = scope_;
    for (const std::string& v : d.vars) scope.vars[v] = Type{};
    std::vector<Expr> values = ExprParser(lexer_, scope).values();
    expect_line_end(lexer_);
    FuncContents f;
    f.name = d.name.text;
    f.vars = d.vars;
    f.where = d.name.where;
    if (values.size() == 1 && values[0].kind() == ExprKind::reduce) {
      f.rvars = values[0]->rvars;
      f.combiner = values[0]->combiner;
      f.values = values[0].args();
    } else {
      f.values = with_types(d, std::move(values));
    }
    for (const Expr& e : f.values) check_reductions(e);
    std::vector<DType>& types = scope_.tensors[f.name];
    for (int i = 0; i < f.components(); ++i) types.push_back(f.dtype(i));
    scope_.ranks[f.name] = static_cast<int>(f.vars.size());
    for (size_t domain : d.updates) f.updates.push_back(update_of(f, domain));
    op_.funcs.push_back(std::move(f));
  }

  Update update_of(const FuncContents& f, size_t domain) {
    lexer_.go_to(domain);
    ExprScope scope = scope_;
    for (const std::string& v : f.vars) scope.vars[v] = Type{};
    Update u;
    u.rvars = ExprParser(lexer_, scope).domain();
    for (const ReductionVar& r : u.rvars) scope.vars[r.name] = Type{};
    lexer_.expect(":");
    u.where = lexer_.next().where;
    lexer_.expect("[");
    if (!lexer_.is("]")) {
      do u.indices.push_back(with_literal_type(DType::i64, ExprParser(lexer_, scope).expression(), u.where));
      while (lexer_.accept(","));
    }
    lexer_.expect("]");
    lexer_.expect("=");
    u.values = ExprParser(lexer_, scope).values();
    for (size_t i = 0; i < u.values.size() && i < f.values.size(); ++i) {
      u.values[i] = with_literal_type(f.dtype(static_cast<int>(i)), u.values[i], u.where);
    }
    expect_line_end(lexer_);
    return u;
  }

  // A bare number takes the type that the output declares.
  std::vector<Expr> with_types(const Definition& d, std::vector<Expr> values) const {
    for (const OutputTypes& out : head_.outputs) {
      if (out.name.text != d.name.text || out.types.size() != values.size()) continue;
      for (size_t i = 0; i < values.size(); ++i)
        values[i] = with_literal_type(out.types[i], values[i], values[i]->where);
    }
    for (Expr& e : values) e = with_default_type(e);
    return values;
  }

  static void check_reductions(const Expr& value) {
    visit(value, [](const Expr& e) {
      if (e.kind() != ExprKind::reduce || e.args().size() == 1) return;
      refuse_text(ErrorCode::bad_definition, "a tuple is reduced inside a larger expression",
                  fmt::format("{} components", e.args().size()), "a Func of its own for the reduction", e->where);
    });
  }

  // --- Outputs.

  void check_output(const OutputTypes& declared) const {
    const FuncContents* func = op_.find_func(declared.name.text);
    if (!func) {
      std::vector<std::string> names;
      for (const FuncContents& f : op_.funcs) names.push_back(f.name);
      refuse_text(ErrorCode::unknown_name, "an output is not defined", describe(declared.name),
                  fmt::format("a definition of {}", declared.name.text), declared.name.where,
                  did_you_mean(declared.name.text, names));
    }
    std::vector<DType> types;
    for (int i = 0; i < func->components(); ++i) types.push_back(func->dtype(i));
    if (types == declared.types) return;
    refuse_text(ErrorCode::type_mismatch,
                fmt::format("output {} is declared with another type than its value has", func->name),
                types_text(declared.types), fmt::format("{}, the type of its value", types_text(types)),
                declared.name.where, fmt::format("its value stands at {}", to_string(func->where)));
  }

  static std::string types_text(const std::vector<DType>& types) {
    std::string text;
    for (DType type : types) text += fmt::format("{}{}", text.empty() ? "" : ", ", name_of(type));
    return types.size() == 1 ? text : fmt::format("({})", text);
  }

  Lexer& lexer_;
  OperatorHead head_;
  Operator& op_;
  ExprScope& scope_;
  std::set<std::string> ranged_;  // sizes that have a line
  std::vector<Definition> definitions_;
  std::map<std::string, size_t> by_name_;  // indices in definitions_
  std::vector<std::string> path_;          // from the definition that is walked to the one that is read now
  size_t end_ = 0;
};

}  // namespace

ParsedOperator parse_operator(Lexer& lexer, const ElementTypes& chosen) { return OperatorParser(lexer, chosen).parse(); }

}  // namespace lathe
