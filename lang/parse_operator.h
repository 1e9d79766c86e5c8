// The parser of one operator, for parse.cpp: from its header to the next line that is not indented.
#pragma once

#include <set>

#include "lang/expr_parser.h"

namespace lathe {

struct OutputTypes {
  Token name;
  std::vector<DType> types;  // as declared, one for each component
};

// What the header says, for the reader of the body.
struct OperatorHead {
  Operator op;
  std::vector<TypeParam> types;
  ExprScope scope;              // sizes, parameters, inputs
  std::set<std::string> names;  // declared so far
  std::vector<OutputTypes> outputs;
};

// An operator for the element types that were chosen, and its type parameters.
struct ParsedOperator {
  Operator op;
  std::vector<TypeParam> types;
};

// `chosen`: of type parameters; the others have their defaults.
OperatorHead parse_head(Lexer& lexer, const ElementTypes& chosen);
ParsedOperator parse_operator(Lexer& lexer, const ElementTypes& chosen = {});

Token new_name(Lexer& lexer, OperatorHead& head, std::string_view what);
void expect_line_end(const Lexer& lexer);

}  // namespace lathe
