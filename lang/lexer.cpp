// Splits text into tokens in one walk, and offers them to a parser that looks ahead.
#include "lang/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace lathe {
namespace {

// Longer symbols stand before their beginnings.
constexpr std::array<std::string_view, 33> symbols = {"->", "..", "==", "!=", "<=", ">=", "<<", ">>", "(", ")", "[",
                                                      "]",  "{",  "}",  ",",  ":",  ";",  ".",  "+",  "-", "*", "/",
                                                      "%",  "&",  "|",  "^",  "~",  "<",  ">",  "=",  "@", "!", "?"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// Bytes of the UTF-8 character at the start of `text`; 0 where there is none. Overlong forms and surrogates are none.
size_t character_bytes(std::string_view text) {
  const auto byte = [&](size_t i) -> unsigned { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto follows = [&](size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool second = follows(1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf);
    return second && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool second = follows(1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf);
    return second && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

class Splitter {
 public:
  Splitter(std::string_view text, const std::string& file_name, int first_line) : text_(text) {
    here_ = {file_name, first_line, 1};
    if (text_.substr(0, 3) == "\xef\xbb\xbf") at_ = 3;
  }

  std::vector<Token> split() {
    while (at_ < text_.size()) one();
    end_line();
    add(TokenKind::end, 0);
    return std::move(tokens_);
  }

 private:
  char ahead(size_t i = 0) const { return at_ + i < text_.size() ? text_[at_ + i] : '\0'; }

  void one() {
    const char c = ahead();
    if (c == '\n') {
      end_line();
      ++at_;
      ++here_.line;
      here_.column = 1;
      indent_ = 0;
      line_has_token_ = false;
    } else if (is_space(c)) {
      step(1);
      if (!line_has_token_) ++indent_;
    } else if (c == '#') {
      while (at_ < text_.size() && ahead() != '\n') step_character();
    } else if (is_letter(c)) {
      name();
    } else if (is_digit(c)) {
      number();
    } else {
      symbol();
    }
  }

  void step(size_t bytes) {
    at_ += bytes;
    here_.column += static_cast<int>(bytes);
  }

  void step_character() {
    const size_t bytes = character_bytes(text_.substr(at_));
    if (bytes == 0) {
      fail(ErrorCode::syntax, "a byte that is not UTF-8", fmt::format("0x{:02x}", static_cast<unsigned char>(ahead())),
           "UTF-8 text");
    }
    at_ += bytes;
    ++here_.column;
  }

  Token& add(TokenKind kind, size_t bytes) {
    tokens_.push_back({kind, std::string(text_.substr(at_, bytes)), 0, 0, here_, indent_});
    line_has_token_ = true;
    step(bytes);
    return tokens_.back();
  }

  // Lines without tokens, and line ends inside brackets, are no line ends.
  void end_line() {
    if (open_brackets_ > 0 || tokens_.empty() || tokens_.back().kind == TokenKind::new_line) return;
    tokens_.push_back({TokenKind::new_line, "", 0, 0, here_, indent_});
  }

  void name() {
    size_t bytes = 1;
    const auto in_name = [&](size_t i) { return is_letter(ahead(i)) || is_digit(ahead(i)); };
    while (in_name(bytes) || (ahead(bytes) == '.' && in_name(bytes + 1))) ++bytes;
    add(TokenKind::name, bytes);
  }

  void number() {
    size_t bytes = 0;
    const auto digits = [&] {
      while (is_digit(ahead(bytes))) ++bytes;
    };
    digits();
    bool is_float = false;
    if (ahead(bytes) == '.' && is_digit(ahead(bytes + 1))) {
      is_float = true;
      ++bytes;
      digits();
    }
    if (ahead(bytes) == 'e' || ahead(bytes) == 'E') {
      const size_t sign = ahead(bytes + 1) == '+' || ahead(bytes + 1) == '-' ? 1 : 0;
      if (is_digit(ahead(bytes + 1 + sign))) {
        is_float = true;
        bytes += 1 + sign;
        digits();
      }
    }
    if (is_letter(ahead(bytes))) {
      while (is_letter(ahead(bytes)) || is_digit(ahead(bytes))) ++bytes;
      fail(ErrorCode::syntax, "a number runs into a name", fmt::format("'{}'", text_.substr(at_, bytes)),
           "a space or an operator after the number");
    }
    if (is_float) {
      floating(bytes);
    } else {
      integer(bytes);
    }
  }

  void integer(size_t bytes) {
    const char* begin = text_.data() + at_;
    uint64_t value = 0;
    if (std::from_chars(begin, begin + bytes, value).ec != std::errc{}) {
      fail(ErrorCode::bad_constant, "an integer is too large", shortened(bytes), "an integer below 2^64");
    }
    add(TokenKind::integer, bytes).integer_value = static_cast<int64_t>(value);
  }

  void floating(size_t bytes) {
    const char* begin = text_.data() + at_;
    double value = 0;
    if (std::from_chars(begin, begin + bytes, value).ec != std::errc{}) {
      fail(ErrorCode::bad_constant, "a number is out of range", shortened(bytes), "a number that f64 holds");
    }
    add(TokenKind::floating, bytes).float_value = value;
  }

  std::string shortened(size_t bytes) const {
    constexpr size_t most = 40;
    return bytes <= most ? std::string(text_.substr(at_, bytes)) : std::string(text_.substr(at_, most)) + "...";
  }

  void symbol() {
    for (std::string_view s : symbols) {
      if (text_.substr(at_, s.size()) != s) continue;
      if (s == "(" || s == "[") ++open_brackets_;
      if ((s == ")" || s == "]") && open_brackets_ > 0) --open_brackets_;
      add(TokenKind::symbol, s.size());
      return;
    }
    const SourceLocation where = here_;
    const size_t begin = at_;
    step_character();
    std::string got = fmt::format("'{}'", text_.substr(begin, at_ - begin));
    const auto byte = static_cast<unsigned char>(text_[begin]);
    if (byte < 0x20 || byte == 0x7f) got = fmt::format("0x{:02x}", byte);
    here_ = where;
    fail(ErrorCode::syntax, "a character that begins nothing", std::move(got), "a name, a number or punctuation");
  }

  [[noreturn]] void fail(ErrorCode code, std::string what, std::string got, std::string need) const {
    throw Error(code, {"parse", std::move(what), std::move(got), std::move(need), here_, {}});
  }

  std::string_view text_;
  size_t at_ = 0;
  SourceLocation here_;
  int indent_ = 0;
  bool line_has_token_ = false;
  int open_brackets_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::string describe(const Token& token) {
  if (token.kind == TokenKind::new_line) return "the end of the line";
  if (token.kind == TokenKind::end) return "the end of the text";
  return fmt::format("'{}'", token.text);
}

Lexer::Lexer(std::string_view text, const std::string& file_name, int first_line)
    : tokens_(Splitter(text, file_name, first_line).split()) {}

const Token& Lexer::peek(size_t ahead) const { return tokens_[std::min(position_ + ahead, tokens_.size() - 1)]; }

Token Lexer::next() {
  Token token = peek();
  if (position_ + 1 < tokens_.size()) ++position_;
  return token;
}

bool Lexer::is(std::string_view text) const {
  const Token& token = peek();
  return (token.kind == TokenKind::name || token.kind == TokenKind::symbol) && token.text == text;
}

bool Lexer::accept(std::string_view text) {
  if (!is(text)) return false;
  next();
  return true;
}

Token Lexer::expect(std::string_view text) {
  if (!is(text)) fail("unexpected text", fmt::format("'{}'", text));
  return next();
}

Token Lexer::expect_name(std::string_view what) {
  if (peek().kind != TokenKind::name) fail("unexpected text", std::string(what));
  return next();
}

int64_t Lexer::expect_integer(std::string_view what) {
  const bool negative = is("-") && peek(1).kind == TokenKind::integer;
  const Token& token = peek(negative ? 1 : 0);
  if (token.kind != TokenKind::integer) fail("unexpected text", std::string(what));
  if (token.integer_value < 0) {
    throw Error(ErrorCode::bad_constant,
                {"parse", "an integer is too large", token.text, "an integer below 2^63", token.where, {}});
  }
  const int64_t value = negative ? -token.integer_value : token.integer_value;
  if (negative) next();
  next();
  return value;
}

void Lexer::skip_new_lines() {
  while (peek().kind == TokenKind::new_line) next();
}

void Lexer::fail(const std::string& what, const std::string& need) const {
  throw Error(ErrorCode::syntax, {"parse", what, describe(peek()), need, peek().where, {}});
}

}  // namespace lathe
