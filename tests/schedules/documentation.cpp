// docs/schedule.md and docs/language.md say what the tables say, and their examples are texts that parse.
#include <doctest/doctest.h>

#include "lang/func.h"
#include "tests/schedules/operators.h"
#include "tests/schedules/page.h"

using namespace lathe;

TEST_CASE("every directive has a section in docs/schedule.md with its signature") {
  std::string page = read_page("schedule.md");
  size_t rows = 0;
#define LATHE_DIRECTIVE(name, signature, text)                                                         \
  {                                                                                                    \
    std::string section = section_of(page, "### " #name);                                              \
    CHECK_MESSAGE(section.starts_with("### " #name "\n\n`" signature "`\n"), "the section of " #name); \
    CHECK_MESSAGE(section.find("*Obligations:*") != std::string::npos, #name " has no obligations");   \
    CHECK_MESSAGE(count_of(section, "." #name "(") >= 2, #name " has no example");                     \
    ++rows;                                                                                            \
  }
#include "schedules/directives.def"
#undef LATHE_DIRECTIVE
  CHECK_MESSAGE(count_of(page, "\n### ") == rows, "a section is about no directive");
}

TEST_CASE("the examples of docs/schedule.md are schedules of its operators") {
  std::string page = read_page("schedule.md");
  std::vector<Example> algorithms = examples_of(page, "lathe");
  REQUIRE(algorithms.size() == 1);
  SourceFile file = parse_file_text(algorithms[0].text, "docs/schedule.md");
  std::vector<Example> examples = examples_of(page, "schedule");
  CHECK(examples.size() >= 20);
  for (Example& example : examples) {
    CAPTURE(example.text);
    if (!example.text.starts_with("schedule for")) example = {"schedule for dense\n" + example.text, example.line - 1};
    SourceBlock block{example.text, {"docs/schedule.md", example.line, 1}};
    Schedule schedule = parse_schedule(block, find_operator(file, operator_of(block)));
    CHECK(parse_schedule(block_of(print(schedule)), find_operator(file, schedule.op)) == schedule);
  }
}

TEST_CASE("every scalar operator stands in docs/language.md with its meaning") {
  std::string page = read_page("language.md");
  std::string table = section_of(page, "## Operators");
  size_t rows = 0;
  // A bar inside a table's cell is written with a backslash.
  auto cell_of = [](std::string_view text) {
    std::string cell;
    for (char c : text) cell += c == '|' ? std::string("\\|") : std::string(1, c);
    return cell;
  };
#define LATHE_OP(name, text, arity, form, operands, result, pipe, meaning)                \
  {                                                                                       \
    bool call = OpForm::form == OpForm::call;                                             \
    std::string pattern = call         ? std::string(text) + (arity == 1   ? "(a)"        \
                                                              : arity == 2 ? "(a, b)"     \
                                                                           : "(a, b, c)") \
                          : arity == 1 ? text "a"                                         \
                                       : "a " text " b";                                  \
    std::string row = "\n| `" + cell_of(pattern) + "` | " + cell_of(meaning) + " |\n";    \
    CHECK_MESSAGE(table.find(row) != std::string::npos, "no row" << row);                 \
    ++rows;                                                                               \
  }
#include "lang/ops.def"
#undef LATHE_OP
  CHECK_MESSAGE(count_of(table, "\n| `") == rows, "a row is about no operator");
}

TEST_CASE("every element type stands in docs/language.md") {
  std::string types = section_of(read_page("language.md"), "## Types");
#define LATHE_DTYPE(name, text, bits, kind, role) \
  CHECK_MESSAGE(types.find("| `" text "` | " #bits " |") != std::string::npos, "no row for " text);
#include "support/dtypes.def"
#undef LATHE_DTYPE
}

TEST_CASE("the error shown in docs/language.md is the one that is thrown") {
  std::string page = read_page("language.md");
  std::string text = examples_of(page, "lathe").at(0).text;
  size_t read = text.find("* B[k");
  REQUIRE(read != std::string::npos);
  std::string message = "no error";
  try {
    parse_file_text(text.replace(read + 2, 1, "Bx"), "dense.lathe");
  } catch (const Error& e) {
    message = e.what();
  }
  CHECK_MESSAGE(page.find("```\n" + message + "\n```") != std::string::npos, message);
}

// The C++ of the first example of docs/language.md.
TEST_CASE("the C++ example of docs/language.md gives the operator of its text") {
  Var i("i"), j("j");
  Size M("M"), N("N"), K("K");
  Input A("A", f32, {M, K}), B("B", f32, {K, N}), bias("bias", f32, {N});
  RDom k(0, K, "k");
  Func C("C"), D("D");
  C(i, j) = sum(k, A(i, k) * B(k, j));
  D(i, j) = max(C(i, j) + bias(j), 0.f);
  Operator dense = make_operator("dense", {A, B, bias}, {{D, {M, N}}});
  std::vector<Example> examples = examples_of(read_page("language.md"), "lathe");
  CHECK(print(dense) == print(parse_file_text(examples.at(0).text, "docs/language.md").operators.at(0)));
}

TEST_CASE("the examples of docs/language.md parse, and print back to the same") {
  std::vector<Example> examples = examples_of(read_page("language.md"), "lathe");
  CHECK(examples.size() >= 8);
  for (const Example& example : examples) {
    CAPTURE(example.text);
    SourceFile file = parse_file_text(example.text, "docs/language.md");
    CHECK(!file.operators.empty());
    for (const Operator& op : file.operators) {
      CHECK(parse_file_text(print(op), "printed").operators.at(0) == op);
      for (const SourceBlock& block : file.schedules) {
        if (operator_of(block) == op.name) CHECK(parse_schedule(block, op).op == op.name);
      }
    }
  }
}
