// Reads the text form of the loop IR back. One function reads one kind of statement. Which kind it is shows in the
// first two tokens, so that every word may also be the name of a buffer or a value.
//
// Scopes are not checked here: a name gets the type of its latest definition, and an unknown one is an i64. verify()
// says what is wrong with such a program, in words about programs.
#include <algorithm>

#include "jit/ir/text.h"
#include "jit/ir/words.h"
#include "lang/expr_parser.h"

namespace lathe::ir {

namespace {

// Braces in braces that no pass makes, and that recursion over statements still survives.
constexpr int deepest_nesting = 500;

class Parser {
 public:
  Parser(std::string_view text, const std::string& file_name) : lexer_(text, file_name) {}

  Program program() {
    Program result;
    lexer_.skip_new_lines();
    lexer_.expect("program");
    result.name = lexer_.expect_name("the name of the program").text;
    result.strict = lexer_.accept("strict");
    lexer_.skip_new_lines();
    while (!lexer_.at_end()) {
      result.functions.push_back(function());
      lexer_.skip_new_lines();
    }
    return result;
  }

 private:
  Function function() {
    Function f;
    f.kind = static_cast<FunctionKind>(word(function_words, "entry, variant or unit"));
    f.name = lexer_.expect_name("the name of the function").text;
    scope_ = {};
    scope_.any_name = true;
    lexer_.expect("(");
    // Strides may be written in terms of parameters that follow: their names are read as i64, which they must be.
    while (!lexer_.is(";") && !lexer_.is(")")) {
      f.buffers.push_back(buffer());
      if (!lexer_.accept(",")) break;
    }
    if (lexer_.accept(";")) {
      do f.params.push_back(param());
      while (lexer_.accept(","));
    }
    lexer_.expect(")");
    f.body = braces();
    return f;
  }

  Buffer buffer() {
    Buffer b;
    b.name = lexer_.expect_name("a buffer").text;
    lexer_.expect(":");
    b.dtype = dtype();
    if (!lexer_.is("readonly") && !lexer_.is("strides") && is_one_of(space_words)) {
      b.space = static_cast<Space>(word(space_words, "a space"));
    }
    b.read_only = lexer_.accept("readonly");
    b.strides = strides();
    declare(b.name, b.dtype);
    return b;
  }

  Param param() {
    Param p;
    p.name = lexer_.expect_name("a parameter").text;
    lexer_.expect(":");
    p.type = type();
    scope_.vars[p.name] = p.type;
    return p;
  }

  Stmt braces() {
    if (++nesting_ > deepest_nesting) lexer_.fail("statements nested too deeply", "fewer levels");
    lexer_.expect("{");
    Stmt body = statements();
    lexer_.expect("}");
    --nesting_;
    return body;
  }

  // Statements up to the closing brace. What follows a let or alloc is its body.
  Stmt statements() {
    struct Item {
      Stmt stmt;
      bool takes_rest;
    };
    std::vector<Item> items;
    lexer_.skip_new_lines();
    while (!lexer_.is("}")) {
      const bool takes_rest = starts("let") || starts("alloc");
      items.push_back({statement(), takes_rest});
      if (!lexer_.is("}") && lexer_.peek().kind != TokenKind::new_line) lexer_.fail("statement", "a new line");
      lexer_.skip_new_lines();
    }
    std::vector<Stmt> list;  // from the last statement to the first
    for (auto item = items.rbegin(); item != items.rend(); ++item) {
      if (item->takes_rest) {
        StmtNode n = *item->stmt;
        n.body = {make_block({list.rbegin(), list.rend()})};
        list = {std::make_shared<const StmtNode>(std::move(n))};
      } else {
        list.push_back(std::move(item->stmt));
      }
    }
    return make_block({list.rbegin(), list.rend()});
  }

  // Is this a statement that begins with this word? Words may also be names of buffers: "let[i] = 0".
  bool starts(std::string_view first) const { return lexer_.is(first) && lexer_.peek(1).kind == TokenKind::name; }

  Stmt statement() {
    if (lexer_.is("{")) return braces();
    if (lexer_.is("unit") && lexer_.peek(1).text == "{") return unit();
    if (lexer_.is("if")) return branch();
    if (starts("let")) return let();
    if (starts("for")) return loop();
    if (starts("alloc")) return alloc();
    if (starts("prefetch")) return prefetch();
    if (starts("trace")) return trace();
    if (starts("call")) return call();
    return store();
  }

  Stmt unit() {
    lexer_.expect("unit");
    Stmt body = braces();
    StmtNode n;
    n.unit = true;
    if (body) n.body = body->kind == StmtKind::block && !body->unit ? body->body : std::vector<Stmt>{body};
    return std::make_shared<const StmtNode>(std::move(n));
  }

  Stmt branch() {
    lexer_.expect("if");
    Expr condition = expression();
    Stmt yes = braces();
    Stmt no = lexer_.accept("else") ? braces() : nullptr;
    return make_branch(std::move(condition), std::move(yes), std::move(no));
  }

  Stmt let() {
    lexer_.expect("let");
    const std::string name = lexer_.expect_name("the name of the let").text;
    lexer_.expect("=");
    Expr value = expression();
    scope_.vars[name] = value.type();
    return make_let(name, std::move(value), nullptr, lexer_.accept("held"));
  }

  Stmt loop() {
    lexer_.expect("for");
    const std::string name = lexer_.expect_name("the loop's variable").text;
    lexer_.expect("in");
    Expr min = expression();
    lexer_.expect(",");
    Expr extent = expression();
    const auto kind = static_cast<LoopKind>(word(loop_words, "serial, parallel, vector or unroll"));
    Expr when = lexer_.accept("when") ? expression() : Expr();
    const bool is_unit = lexer_.accept("unit");
    scope_.vars[name] = Type{};
    Stmt made = make_loop(name, std::move(min), std::move(extent), kind, braces(), std::move(when));
    return is_unit ? make_unit(made) : made;
  }

  Stmt alloc() {
    lexer_.expect("alloc");
    const std::string name = lexer_.expect_name("the buffer's name").text;
    lexer_.expect(":");
    const DType type = dtype();
    lexer_.expect("[");
    std::vector<Expr> extents = list_until("]");
    const auto space = static_cast<Space>(word(space_words, "heap, stack or registers"));
    const int64_t align = lexer_.accept("align") ? lexer_.expect_integer("a power of two") : StmtNode{}.align_bytes;
    std::vector<Expr> padded = strides();
    declare(name, type);
    StmtNode n = *make_alloc(name, type, space, std::move(extents), nullptr);
    n.align_bytes = align;
    n.strides = std::move(padded);
    return std::make_shared<const StmtNode>(std::move(n));
  }

  Stmt store() {
    Expr streaming;
    if (lexer_.is("stream") && (starts("stream") || lexer_.peek(1).text == "(")) {
      lexer_.expect("stream");
      streaming = make_true();
      if (lexer_.accept("(")) {
        streaming = expression();
        lexer_.expect(")");
      }
    }
    const Token at = lexer_.expect_name("a statement");
    lexer_.expect("[");
    std::vector<Expr> indices = list_until("]");
    lexer_.expect("=");
    // A bare number takes the type and the lanes of the place it goes to.
    Type place = {dtype_of(at), 1};
    for (const Expr& index : indices) place.lanes = std::max(place.lanes, index.type().lanes);
    std::vector<Expr> sides = {make_var(at.text, place), parse_expr(lexer_, scope_)};
    match_literal_types(sides, 0, at.where);
    Expr value = std::move(sides[1]);
    Expr mask = lexer_.accept("if") ? expression() : Expr();
    StmtNode n = *make_store(at.text, std::move(indices), std::move(value), std::move(mask));
    n.streaming = std::move(streaming);
    return std::make_shared<const StmtNode>(std::move(n));
  }

  Stmt prefetch() {
    lexer_.expect("prefetch");
    const std::string name = lexer_.expect_name("a buffer").text;
    lexer_.expect("[");
    std::vector<Expr> indices = list_until("]");
    const auto request = static_cast<Request>(word(request_words, "read, soon or write"));
    return make_prefetch(name, std::move(indices), request);
  }

  Stmt trace() {
    lexer_.expect("trace");
    const std::string name = lexer_.expect_name("what is traced").text;
    lexer_.expect("[");
    std::vector<Expr> indices = list_until("]");
    lexer_.expect("=");
    return make_trace(name, expression(), std::move(indices));
  }

  Stmt call() {
    lexer_.expect("call");
    const std::string name = lexer_.expect_name("a function").text;
    std::vector<BufferArgument> buffers;
    std::vector<Expr> values;
    lexer_.expect("(");
    while (!lexer_.is(";") && !lexer_.is(")")) {
      std::string buffer = lexer_.expect_name("a buffer").text;
      Expr offset = lexer_.accept("+") ? expression() : make_integer(DType::i64, 0);
      buffers.push_back({std::move(buffer), std::move(offset)});
      if (!lexer_.accept(",")) break;
    }
    if (lexer_.accept(";")) {
      values = list_until(")");
    } else {
      lexer_.expect(")");
    }
    return make_call(name, std::move(values), std::move(buffers));
  }

  // --- Parts of statements.
  Expr expression() { return with_default_type(parse_expr(lexer_, scope_)); }

  std::vector<Expr> list_until(std::string_view close) {
    std::vector<Expr> list;
    if (!lexer_.is(close)) {
      do list.push_back(expression());
      while (lexer_.accept(","));
    }
    lexer_.expect(close);
    return list;
  }

  std::vector<Expr> strides() {
    if (!lexer_.accept("strides")) return {};
    lexer_.expect("[");
    return list_until("]");
  }

  void declare(const std::string& buffer, DType type) { scope_.tensors[buffer] = {type}; }

  DType dtype_of(const Token& buffer) const {
    auto it = scope_.tensors.find(buffer.text);
    if (it != scope_.tensors.end()) return it->second.front();
    std::vector<std::string> known;
    for (const auto& [name, types] : scope_.tensors) known.push_back(name);
    refuse_text(ErrorCode::unknown_name, "a store to an unknown buffer", buffer.text,
                "a parameter or an alloc around the store", buffer.where, did_you_mean(buffer.text, known));
  }

  DType dtype() {
    const Type t = type();
    if (t.lanes != 1) lexer_.fail("buffer of vectors", "an element type");
    return t.dtype;
  }

  Type type() {
    const auto result = type_named(lexer_.peek().text);
    if (!result) lexer_.fail("type", "an element type such as f32, or f32x16");
    lexer_.next();
    return *result;
  }

  template <class Words>
  bool is_one_of(const Words& words) const {
    for (std::string_view w : words) {
      if (lexer_.is(w)) return true;
    }
    return false;
  }

  template <class Words>
  size_t word(const Words& words, const std::string& need) {
    for (size_t i = 0; i < words.size(); ++i) {
      if (lexer_.accept(words[i])) return i;
    }
    lexer_.fail("IR", need);
  }

  Lexer lexer_;
  ExprScope scope_;
  int nesting_ = 0;
};

}  // namespace

Program parse_program(std::string_view text, const std::string& file_name) { return Parser(text, file_name).program(); }

}  // namespace lathe::ir
