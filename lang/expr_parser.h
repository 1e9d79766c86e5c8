// The parser of expressions, for the files that make it up and for parse.cpp. Others call parse_expr (text.h).
//
// Binding, loosest first: `if` after an access (a mask, loop IR only), or, and, not, the infix operators in the order
// of infix_strength, prefix operators.
#pragma once

#include "lang/text.h"

namespace lathe {

class ExprParser {
 public:
  ExprParser(Lexer& lexer, const ExprScope& scope, int nesting = 0) : lexer_(lexer), scope_(scope), nesting_(nesting) {}

  Expr expression();
  std::vector<Expr> values();  // one expression, or a tuple in parentheses
  std::vector<ReductionVar> domain() { return reduction_vars(); }

 private:
  // parse_expr.cpp
  Expr disjunction();
  Expr conjunction();
  Expr negation();
  Expr infix(int weakest);
  Expr prefix();
  Expr primary();
  Expr number(bool negative, const SourceLocation& where);
  Expr named();
  Expr call(const Token& name);
  Expr variable(const Token& name);
  bool is_local(const std::string& name) const;
  std::vector<std::string> known_vars() const;

  // parse_operand.cpp
  Expr conversion(const Token& name, Type type);
  Expr special_value(DType type);
  Expr stride(const Token& name);
  Expr vector_of(const Token& name);
  Expr instruction(const Token& word);
  int lanes();
  Expr access(const Token& name);
  int component(const Token& name, int components);
  void boundary(ExprNode& node);
  bool tuple_follows() const;

  // parse_reduce.cpp
  bool reduction_follows(const std::string& name) const;
  Expr reduction(const Token& name);
  std::vector<ReductionVar> reduction_vars();
  std::shared_ptr<const Combiner> own_combiner(const std::string& name, const std::vector<DType>& types);
  std::vector<std::string> operand_names(size_t count);
  std::vector<Expr> typed_values(const std::vector<DType>& types, const ExprScope& scope, const std::string& what);
  void skip_to_colon();

  Lexer& lexer_;
  const ExprScope& scope_;
  std::vector<std::string> locals_;        // reduction variables in scope, innermost last
  const ExprNode* bare_access_ = nullptr;  // the latest access, unless parentheses closed it
  int nesting_ = 0;
  int long_chain_ = 0;
};

std::optional<Type> type_named(const std::string& text);  // "f32" or "f32x16"
// `e`, with the element type that a bare number takes where nothing around it decides: i64, or f32 with a decimal
// point.
Expr with_default_type(const Expr& e);
// `e`, with the type `type` if it is a bare number. Others stay as they are.
Expr with_literal_type(DType type, const Expr& e, const SourceLocation& where);
// Refuses words of the language as names of new things.
void check_new_name(const Token& name);
// Throws Error with the step "parse".
[[noreturn]] void refuse_text(ErrorCode code, std::string what, std::string got, std::string need,
                              const SourceLocation& where, std::string hint = {});
std::string did_you_mean(std::string_view name, const std::vector<std::string>& names);

}  // namespace lathe
