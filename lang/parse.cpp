// Reads files: operators, and the raw text of the schedule blocks between them.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "lang/parse_operator.h"

namespace lathe {
namespace {

class FileParser {
 public:
  FileParser(std::string_view text, const std::string& file_name) : lexer_(text, file_name) {
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      lines_.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
  }

  SourceFile parse() {
    SourceFile file;
    for (lexer_.skip_new_lines(); !lexer_.at_end(); lexer_.skip_new_lines()) {
      if (at_schedule()) {
        file.schedules.push_back(schedule());
      } else {
        add(file, parse_operator(lexer_));
      }
    }
    return file;
  }

 private:
  static void add(SourceFile& file, Operator op) {
    for (const Operator& other : file.operators) {
      if (other.name != op.name) continue;
      refuse_text(ErrorCode::duplicate_name, "two operators have one name", fmt::format("'{}'", op.name),
                  fmt::format("a name other than that at {}", to_string(other.where)), op.where);
    }
    file.operators.push_back(std::move(op));
  }

  bool at_schedule() const {
    return lexer_.peek().indent == 0 && lexer_.is("schedule") && lexer_.peek(1).text == "for";
  }

  // An operator's header has an arrow behind its closing parenthesis; a directive has none there.
  bool at_operator() const {
    if (lexer_.peek().indent > 0 || lexer_.peek().kind != TokenKind::name || lexer_.peek(1).text != "(") return false;
    int depth = 0;
    for (size_t i = 1;; ++i) {
      const Token& token = lexer_.peek(i);
      if (token.kind == TokenKind::end || token.kind == TokenKind::new_line) return false;
      if (token.kind != TokenKind::symbol) continue;
      if (token.text == "(") ++depth;
      if (token.text == ")" && --depth == 0) return lexer_.peek(i + 1).text == "->";
    }
  }

  SourceBlock schedule() {
    const SourceLocation where = lexer_.peek().where;
    int last_line = where.line;
    do {
      while (lexer_.peek().kind != TokenKind::new_line && !lexer_.at_end()) last_line = lexer_.next().where.line;
      lexer_.skip_new_lines();
    } while (!lexer_.at_end() && !at_schedule() && !at_operator());
    SourceBlock block{"", where};
    for (int line = where.line; line <= last_line; ++line) block.text += std::string(lines_[line - 1]) + "\n";
    return block;
  }

  Lexer lexer_;
  std::vector<std::string_view> lines_;
};

}  // namespace

SourceFile parse_file_text(std::string_view text, const std::string& file_name) {
  return FileParser(text, file_name).parse();
}

SourceFile read_lathe_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || in.bad()) {
    throw Error(ErrorCode::bad_file, {"read",
                                      "a file cannot be read",
                                      fmt::format("'{}' ({})", path, std::strerror(errno)),
                                      "a readable .lathe file",
                                      {},
                                      {}});
  }
  return parse_file_text(text.str(), path);
}

const Operator& find_operator(const SourceFile& file, const std::string& name) {
  if (name.empty() && file.operators.size() == 1) return file.operators.front();
  std::vector<std::string> names;
  std::string list;
  for (const Operator& op : file.operators) {
    if (op.name == name) return op;
    names.push_back(op.name);
    list += (list.empty() ? "" : ", ") + op.name;
  }
  if (file.operators.empty()) list = "a file with an operator in it";
  refuse_text(ErrorCode::unknown_name, name.empty() ? "the operator to use is not named" : "an unknown operator",
              name.empty() ? fmt::format("a file of {} operators", names.size()) : fmt::format("'{}'", name), list, {},
              did_you_mean(name, names));
}

}  // namespace lathe
