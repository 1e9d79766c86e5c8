#include <doctest/doctest.h>

#include "lang/lexer.h"
#include "tests/errors.h"

using namespace lathe;

namespace {

std::string split(std::string_view text) {
  Lexer lexer(text, "t.lathe");
  std::string list;
  for (; !lexer.at_end(); lexer.next()) {
    const Token& token = lexer.peek();
    list += (list.empty() ? "" : " ") + (token.kind == TokenKind::new_line ? std::string("|") : token.text);
  }
  return list;
}

std::string lexer_error(std::string_view text) {
  return failure_of([&] { Lexer lexer(text, "t.lathe"); });
}

}  // namespace

TEST_CASE("symbols are taken as long as they get") {
  CHECK(split("a->b<=c<<d..e==f") == "a -> b <= c << d .. e == f |");
}

TEST_CASE("names hold dots, numbers end before them") {
  CHECK(split("D.sum C[i].0 1..16 x.y.z 0.5 1e-3 C.0") == "D.sum C [ i ] . 0 1 .. 16 x.y.z 0.5 1e-3 C.0 |");
}

TEST_CASE("lines end where no bracket is open; comments and empty lines are nothing") {
  CHECK(split("# head\n\na = (b # one\n  + c)\n\n  d[\n1]\n") == "a = ( b + c ) | d [ 1 ] |");
  CHECK(split("{\n}") == "{ | } |");
  CHECK(split("") == "");
}

TEST_CASE("tokens know their place and the indent of their line") {
  Lexer lexer("a\n  b c # \xc3\xa9\n\td", "t.lathe", 7);
  CHECK(to_string(lexer.next().where) == "t.lathe:7:1");
  lexer.skip_new_lines();
  CHECK(lexer.peek().indent == 2);
  lexer.next();
  CHECK(to_string(lexer.peek().where) == "t.lathe:8:5");
  CHECK(lexer.next().indent == 2);
  lexer.skip_new_lines();
  CHECK(lexer.peek().indent == 1);
}

TEST_CASE("windows line ends and a byte order mark are white space") {
  CHECK(split("\xef\xbb\xbf"
              "a\r\nb\r\n") == "a | b |");
}

TEST_CASE("numbers have values") {
  Lexer lexer("42 0.25 1e3 18446744073709551615", "t");
  CHECK(lexer.next().integer_value == 42);
  CHECK(lexer.next().float_value == 0.25);
  CHECK(lexer.next().float_value == 1000);
  CHECK(lexer.next().integer_value == -1);
}

TEST_CASE("an integer is expected with or without its sign") {
  Lexer lexer("7 -7 9223372036854775808", "t");
  CHECK(lexer.expect_integer("a number") == 7);
  CHECK(lexer.expect_integer("a number") == -7);
  CHECK_THROWS_WITH_AS(
      lexer.expect_integer("a number"),
      "lathe: parse: an integer is too large: got 9223372036854775808, need an integer below 2^63\n  at t:1:6", Error);
}

TEST_CASE("what is no token is refused with its place") {
  CHECK(lexer_error("a\n b $ c") ==
        "lathe: parse: a character that begins nothing: got '$', need a name, a number or punctuation\n"
        "  at t.lathe:2:4");
  CHECK(lexer_error("a \xc3\xa9") ==
        "lathe: parse: a character that begins nothing: got '\xc3\xa9', need a name, a number or punctuation\n"
        "  at t.lathe:1:3");
  CHECK(lexer_error("# \xff") == "lathe: parse: a byte that is not UTF-8: got 0xff, need UTF-8 text\n  at t.lathe:1:3");
  CHECK(lexer_error("\xc0\x80") == "lathe: parse: a byte that is not UTF-8: got 0xc0, need UTF-8 text\n  at t.lathe:1:1");
  CHECK(lexer_error("\x01") ==
        "lathe: parse: a character that begins nothing: got 0x01, need a name, a number or punctuation\n"
        "  at t.lathe:1:1");
  CHECK(lexer_error("2x") ==
        "lathe: parse: a number runs into a name: got '2x', need a space or an operator after the number\n"
        "  at t.lathe:1:1");
}

TEST_CASE("numbers that no type holds are bad constants") {
  CHECK(lexer_error("99999999999999999999") ==
        "lathe: parse: an integer is too large: got 99999999999999999999, need an integer below 2^64\n"
        "  at t.lathe:1:1");
  CHECK(lexer_error("1e999") ==
        "lathe: parse: a number is out of range: got 1e999, need a number that f64 holds\n  at t.lathe:1:1");
}

TEST_CASE("a missing token is reported with what stands there") {
  Lexer lexer("a b\n", "t.lathe");
  lexer.next();
  CHECK_THROWS_WITH_AS(lexer.expect(")"), "lathe: parse: unexpected text: got 'b', need ')'\n  at t.lathe:1:3", Error);
  lexer.next();
  CHECK_THROWS_WITH_AS(lexer.expect_name("a loop"),
                       "lathe: parse: unexpected text: got the end of the line, need a loop\n  at t.lathe:1:4", Error);
  lexer.next();
  CHECK_THROWS_WITH_AS(lexer.expect_integer("a factor"),
                       "lathe: parse: unexpected text: got the end of the text, need a factor\n  at t.lathe:2:1",
                       Error);
}
