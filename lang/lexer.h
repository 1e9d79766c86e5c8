// Tokens of the text forms: names, numbers, punctuation, line structure. Comments run from # to the end of the line.
// A line goes on while a round or square bracket is open. Columns count characters from 1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/error.h"

namespace lathe {

enum class TokenKind : uint8_t { name, integer, floating, symbol, new_line, end };

struct Token {
  TokenKind kind;
  std::string text;         // names may hold dots ("D.sum", "target.L1"); symbols: longest match of the table
  int64_t integer_value = 0;                                // from 2^63 on the bit pattern of a u64, hence negative
  double float_value = 0;
  SourceLocation where;
  int indent = 0;           // columns of white space before the first token of this line
};

std::string describe(const Token& token);                      // for messages: "'*'", "the end of the line"

class Lexer {
 public:
  // Splits the whole text at once; Error{syntax} on bytes that are no token or not UTF-8, Error{bad_constant} on
  // numbers that no type holds.
  Lexer(std::string_view text, const std::string& file_name, int first_line = 1);

  const Token& peek(size_t ahead = 0) const;
  Token next();
  bool at_end() const { return peek().kind == TokenKind::end; }
  bool is(std::string_view text) const;                     // the next token is this name or symbol
  bool accept(std::string_view text);                       // takes it if so
  Token expect(std::string_view text);                      // Error{syntax}: "got X, need Y"
  Token expect_name(std::string_view what);
  int64_t expect_integer(std::string_view what);            // with or without a minus sign
  void skip_new_lines();
  size_t position() const { return position_; }
  void go_to(size_t position) { position_ = position; }
  [[noreturn]] void fail(const std::string& what, const std::string& need) const;

 private:
  std::vector<Token> tokens_;
  size_t position_ = 0;
};

}  // namespace lathe
