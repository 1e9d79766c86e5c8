// Expressions of schedules: integer formulas and conditions over sizes, parameters, strides and target facts. They are
// expressions of the language (parse_expr), in a scope that knows two things more:
//
//   stride(B, K)   elements between neighbours along a dimension of an argument, given by its number or by the size
//                  that is its extent in B's declaration: the var "B.stride.0"
//                  (an output in the place of an input is no argument: the input is)
//   bytes(Y)       bytes of all elements of an argument: the product 4 * M * N
#pragma once

#include "lang/text.h"
#include "targets/target.h"

namespace lathe {

class FormulaScope {
 public:
  explicit FormulaScope(const Operator& op);
  void add_param(const std::string& name) { names_.vars[name] = Type{}; }
  bool knows(const std::string& name) const { return names_.vars.contains(name); }
  Expr parse(Lexer& tokens) const;
  // Every name in a formula is known and of the type that it has here; `where` is blamed where a name knows no place.
  void check(const Expr& formula, const SourceLocation& where) const;

 private:
  void add_strides(const TensorArgument& t);
  void add_bytes(const std::string& name, int element_bits, const std::vector<Expr>& extents);
  [[noreturn]] void refuse_name(const std::string& name, const SourceLocation& where) const;
  Expr stride_of(const std::string& name, const SourceLocation& where) const;

  const Operator& op_;
  ExprScope names_;     // of any name
  Substitution bytes_;  // "Y.bytes" and its product
};

// The target facts that formulas may use, with their values.
Substitution values_of_facts(const Target& target);

// The text with each "bytes(Y)" as the name "Y.bytes", which the scope gives its meaning. Columns stay what they were.
std::string with_bytes_as_names(std::string text);

}  // namespace lathe
