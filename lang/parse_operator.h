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
  ExprScope scope;              // sizes, parameters, inputs
  std::set<std::string> names;  // declared so far
  std::vector<OutputTypes> outputs;
};

OperatorHead parse_head(Lexer& lexer);
Operator parse_operator(Lexer& lexer);

Token new_name(Lexer& lexer, OperatorHead& head, std::string_view what);
void expect_line_end(const Lexer& lexer);

}  // namespace lathe
