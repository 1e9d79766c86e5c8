// Reads files: operators, and the raw text of the schedule blocks between them.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "lang/parse_operator.h"

namespace lathe {
namespace {

class FileParser {
 public:
  // `chosen`: element types for the generic operators of these names.
  FileParser(std::string_view text, const std::string& file_name, std::map<std::string, ElementTypes> chosen = {})
      : lexer_(text, file_name), text_(text), file_name_(file_name), chosen_(std::move(chosen)) {
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      lines_.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
  }

  SourceFile parse() {
    SourceFile file;
    file.text = text_;
    file.name = file_name_;
    for (lexer_.skip_new_lines(); !lexer_.at_end(); lexer_.skip_new_lines()) {
      if (at_schedule()) {
        add_schedule(file);
      } else if (at_alternatives()) {
        named_.push_back(alternatives());
      } else {
        add_operator(file);
      }
    }
    for (const NamedAlternatives& named : named_) add(file, named);
    return file;
  }

 private:
  // Before the operators are looked up, which may stand below.
  struct NamedAlternatives {
    Token name;
    std::vector<std::pair<Token, double>> list;
  };

  bool at_alternatives() const {
    return lexer_.peek().indent == 0 && lexer_.is("alternatives") && lexer_.peek(1).kind == TokenKind::name &&
           lexer_.peek(2).text == "=";
  }

  NamedAlternatives alternatives() {
    lexer_.expect("alternatives");
    NamedAlternatives named{lexer_.expect_name("a name for all"), {}};
    check_new_name(named.name);
    lexer_.expect("=");
    do {
      named.list.push_back({lexer_.expect_name("an operator"), 1});
      if (!lexer_.accept("within")) continue;
      const Token factor = lexer_.next();
      if (factor.kind != TokenKind::integer && factor.kind != TokenKind::floating) {
        refuse_text(ErrorCode::syntax, "unexpected text", describe(factor), "a factor on the error of the first", factor.where);
      }
      named.list.back().second = factor.kind == TokenKind::integer ? static_cast<double>(factor.integer_value) : factor.float_value;
    } while (lexer_.accept(","));
    expect_line_end(lexer_);
    return named;
  }

  static void add(SourceFile& file, const NamedAlternatives& named) {
    std::vector<Alternative> list;
    for (const auto& [op, within] : named.list) {
      try {
        list.push_back({find_operator(file, op.text), within});
      } catch (const Error& error) {
        refuse_text(ErrorCode::unknown_name, "an alternative that is no operator of the file", describe(op),
                    error.parts().need, op.where, error.parts().hint);
      }
    }
    for (const Operator& op : file.operators) {
      if (op.name == named.name.text) {
        refuse_text(ErrorCode::duplicate_name, "alternatives have the name of an operator", describe(named.name), "a name of their own",
                    named.name.where);
      }
    }
    if (file.find_alternatives(named.name.text)) {
      refuse_text(ErrorCode::duplicate_name, "two lists of alternatives have one name", describe(named.name), "another name", named.name.where);
    }
    file.alternatives.push_back(make_alternatives(named.name.text, std::move(list), named.name.where));
  }

  // Of a generic operator also the instances that nobody has chosen yet, so that each that is admitted exists.
  void add_operator(SourceFile& file) {
    const size_t start = lexer_.position();
    const auto chosen = chosen_.find(lexer_.peek().text);
    const ElementTypes types = chosen == chosen_.end() ? ElementTypes{} : chosen->second;
    ParsedOperator parsed = parse_operator(lexer_, types);
    if (!parsed.types.empty()) {
      const size_t end = lexer_.position();
      check_instances(start, parsed.types, 0, {});
      file.generics.push_back({parsed.op.name, header_at(start), std::move(parsed.types)});
      lexer_.go_to(end);
    }
    add(file, std::move(parsed.op));
  }

  // With types for the first `known` parameters, all for the others.
  void check_instances(size_t start, const std::vector<TypeParam>& params, size_t known, const ElementTypes& types) {
    if (known < params.size()) {
      for (DType type : types_in(params[known].admitted)) {
        ElementTypes more = types;
        more[params[known].name] = type;
        check_instances(start, params, known + 1, more);
      }
      return;
    }
    try {
      lexer_.go_to(start);
      parse_operator(lexer_, types);
    } catch (const Error& error) {
      ErrorParts parts = error.parts();
      for (const auto& [name, type] : types) parts.what += fmt::format(", where {} is {}", name, name_of(type));
      throw Error(error.code(), std::move(parts));
    }
  }

  // The lines of a header, as one.
  std::string header_at(size_t start) {
    lexer_.go_to(start);
    const int first = lexer_.peek().where.line;
    int last = first;
    for (Token token; lexer_.peek().kind != TokenKind::new_line || token.text == "," || token.text == "->";) {
      if (lexer_.peek().kind == TokenKind::new_line) lexer_.skip_new_lines();
      token = lexer_.next();
      last = token.where.line;
    }
    std::string header;
    for (int line = first; line <= last; ++line) {
      std::istringstream words(std::string(lines_[line - 1].substr(0, lines_[line - 1].find('#'))));
      for (std::string word; words >> word;) header += (header.empty() ? "" : " ") + word;
    }
    return header;
  }

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

  void add_schedule(SourceFile& file) {
    const Token op = lexer_.peek(2);
    SourceBlock block = schedule();
    if (!chosen_.contains(op.text)) file.schedules.push_back(std::move(block));
  }

  SourceBlock schedule() {
    const SourceLocation where = lexer_.peek().where;
    int last_line = where.line;
    do {
      while (lexer_.peek().kind != TokenKind::new_line && !lexer_.at_end()) last_line = lexer_.next().where.line;
      lexer_.skip_new_lines();
    } while (!lexer_.at_end() && !at_schedule() && !at_operator() && !at_alternatives());
    SourceBlock block{"", where};
    for (int line = where.line; line <= last_line; ++line) block.text += std::string(lines_[line - 1]) + "\n";
    return block;
  }

  Lexer lexer_;
  std::string_view text_;
  const std::string& file_name_;
  std::map<std::string, ElementTypes> chosen_;
  std::vector<std::string_view> lines_;
  std::vector<NamedAlternatives> named_;
};

}  // namespace

const Alternatives* SourceFile::find_alternatives(std::string_view name) const {
  for (const Alternatives& a : alternatives) {
    if (a.name == name) return &a;
  }
  return nullptr;
}

const Alternatives* SourceFile::alternatives_with(std::string_view op) const {
  for (const Alternatives& a : alternatives) {
    if (a.find(op)) return &a;
  }
  return nullptr;
}

const GenericOperator* SourceFile::find_generic(std::string_view op) const {
  for (const GenericOperator& g : generics) {
    if (g.name == op) return &g;
  }
  return nullptr;
}

SourceFile with_types(const SourceFile& file, const std::string& name, const ElementTypes& types) {
  const Operator& op = find_operator(file, name);
  const GenericOperator* generic = file.find_generic(op.name);
  const std::vector<TypeParam> none;
  const ElementTypes all = element_types(op.name, generic ? generic->types : none, types);
  bool usual = true;
  for (const auto& [param, type] : all) usual = usual && generic->find(param)->usual == type;
  if (usual) return file;
  std::map<std::string, ElementTypes> chosen{{op.name, all}};
  if (const Alternatives* others = file.alternatives_with(op.name)) {
    for (const Alternative& other : others->list) chosen[other.op.name] = all;
  }
  return FileParser(file.text, file.name, std::move(chosen)).parse();
}

SourceFile parse_file_text(std::string_view text, const std::string& file_name) {
  return FileParser(text, file_name).parse();
}

SourceFile read_lathe_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  std::error_code no_matter;
  const bool folder = std::filesystem::is_directory(path, no_matter);   // opens, and reads as nothing
  if (folder) errno = EISDIR;
  if (in && !folder) text << in.rdbuf();
  if (!in || in.bad() || folder) {
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
  if (const Alternatives* all = file.find_alternatives(name)) return find_operator(file, all->meaning().name);
  std::vector<std::string> names;
  std::string list;
  for (const Operator& op : file.operators) {
    if (op.name == name) return op;
    names.push_back(op.name);
    list += (list.empty() ? "" : ", ") + op.name;
  }
  for (const Alternatives& a : file.alternatives) names.push_back(a.name);
  if (file.operators.empty()) list = "a file with an operator in it";
  refuse_text(ErrorCode::unknown_name, name.empty() ? "the operator to use is not named" : "an unknown operator",
              name.empty() ? fmt::format("'{}', a file of {} operators", file.name, names.size()) : fmt::format("'{}'", name), list, {},
              did_you_mean(name, names));
}

}  // namespace lathe
