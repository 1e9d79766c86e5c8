// Tokens of a schedule block, with lines as the schedule sees them: inside parentheses a line may end anywhere.
#pragma once

#include "lang/lexer.h"

namespace lathe {

class TokenReader {
 public:
  explicit TokenReader(Lexer lexer) : lexer_(std::move(lexer)) {}

  const Token& peek() {
    if (parentheses_ > 0) lexer_.skip_new_lines();
    return lexer_.peek();
  }
  Token next() {
    Token token = peek();
    lexer_.next();
    if (token.kind != TokenKind::symbol) return token;
    if (token.text == "(") ++parentheses_;
    if (token.text == ")" && parentheses_ > 0) --parentheses_;
    return token;
  }
  bool is(std::string_view text) {
    const Token& token = peek();
    return (token.kind == TokenKind::name || token.kind == TokenKind::symbol) && token.text == text;
  }
  bool is(TokenKind kind) { return peek().kind == kind; }
  bool accept(std::string_view text) {
    if (!is(text)) return false;
    next();
    return true;
  }
  Token expect(std::string_view text) { return is(text) ? next() : lexer_.expect(text); }
  Token expect_name(std::string_view what) { return is(TokenKind::name) ? next() : lexer_.expect_name(what); }
  int64_t expect_integer(std::string_view what) {
    return is(TokenKind::integer) ? next().integer_value : lexer_.expect_integer(what);
  }
  void skip_new_lines() { lexer_.skip_new_lines(); }
  // Takes the `.` of a chain, which may stand on a line after this one.
  bool accept_chain_dot() {
    size_t ahead = 0;
    while (lexer_.peek(ahead).kind == TokenKind::new_line) ++ahead;
    const Token& token = lexer_.peek(ahead);
    if (token.kind != TokenKind::symbol || token.text != ".") return false;
    skip_new_lines();
    next();
    return true;
  }
  [[noreturn]] void fail(const std::string& what, const std::string& need) {
    peek();
    lexer_.fail(what, need);
  }

 private:
  Lexer lexer_;
  int parentheses_ = 0;
};

// How a message shows a token.
inline std::string shown(const Token& token) {
  if (token.kind == TokenKind::end) return "the end of the schedule";
  if (token.kind == TokenKind::new_line) return "the end of the line";
  return "'" + token.text + "'";
}

}  // namespace lathe
