// How many bad inputs there are, that all kinds of kinds.def are tried, and docs/errors.md, which shows one for each
// code. With LATHE_UPDATE=1 the page is rewritten instead.
#include "tests/bad_inputs/kinds.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cctype>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "support/environment.h"
#include "support/error.h"
#include "tests/source_dir.h"

namespace lathe {
namespace {

std::vector<BadInput> all() {
  std::vector<BadInput> list = bad_texts();
  for (const std::vector<BadInput>& more : {bad_calls(), bad_foreign_tensors(), bad_programs(), bad_records()}) {
    list.insert(list.end(), more.begin(), more.end());
  }
  return list;
}

struct Row {
  std::string code, kind, text;
};

std::vector<Row> rows() {
  return {
#define LATHE_ERROR(name, code, kind, text) {code, #kind, text},
#include "support/errors.def"
#undef LATHE_ERROR
  };
}

std::string heading_of(char step) {
  static const std::map<char, std::string> headings = {
      {'1', "Building an algorithm"}, {'2', "Scheduling"},   {'3', "Compiling"},      {'4', "Files"},
      {'5', "Calls"},                 {'6', "Command line and tuning"}, {'9', "Faults of Lathe"}};
  return headings.at(step);
}

// The first input that was answered with the code: texts, which can be shown, stand first.
std::string example_of(const std::string& code, const std::vector<BadInput>& inputs) {
  for (const BadInput& input : inputs) {
    if (input.answer.rfind(code + " ", 0) != 0) continue;
    const std::string answer = input.answer.substr(code.size() + 1);
    return input.text.empty() ? fmt::format("```\n{}\n```\n", answer)
                              : fmt::format("```\n{}```\n\n```\n{}\n```\n", input.text, answer);
  }
  return "";
}

std::string codes_section() {
  static const std::map<std::string, std::string> whose = {
      {"user", "author"}, {"runtime", "caller"}, {"internal", "Lathe"}};
  const std::vector<BadInput> inputs = all();
  std::string table = "| code | whose fault | meaning |\n|---|---|---|\n", sections;
  char step = 0;
  for (const Row& row : rows()) {
    table += fmt::format("| {} | {} | {} |\n", row.code, whose.at(row.kind), row.text);
    const std::string example = example_of(row.code, inputs);
    if (example.empty()) continue;
    if (row.code[1] != step) sections += fmt::format("\n## {}\n", heading_of(step = row.code[1]));
    sections += fmt::format("\n### {}\n\n{}{}.\n\n{}", row.code, static_cast<char>(std::toupper(row.text[0])), row.text.substr(1), example);
  }
  return table + sections;
}

}  // namespace

TEST_CASE("at least two hundred bad inputs are tried, at most six of a kind") {
  std::map<std::string, int> kinds;
  for (const BadInput& input : all()) ++kinds[input.kind];
  for (const auto& [kind, cases] : kinds) CHECK_MESSAGE(cases <= 6, kind);
  CHECK(all().size() >= 200);
}

namespace {

std::string contents(const std::string& path) {
  std::ifstream in(source_dir() + "/" + path);
  REQUIRE_MESSAGE(in.good(), path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("everything that can be wrong with what is given is tried, and has a row that says where") {
  std::set<std::string> tried, told;
  for (const BadInput& input : all()) tried.insert(input.kind);
  const auto refused = [&](const char* what, const char* kind) {
    CHECK_MESSAGE(tried.count(kind) == 1, std::string(what) << ": " << kind);
    told.insert(kind);
  };
  const auto elsewhere = [](const char* what, const std::string& file, const std::string& test) {
    CHECK_MESSAGE(contents("tests/" + file).find("TEST_CASE(\"" + test + "\"") != std::string::npos,
                  std::string(what) << ": " << file);
  };
#define REFUSED(what, kind) refused(what, kind);
#define LEGAL(what, file, test) elsewhere(what, file, test);
#define ELSEWHERE(what, file, test) elsewhere(what, file, test);
#include "tests/bad_inputs/kinds.def"
#undef REFUSED
#undef LEGAL
#undef ELSEWHERE
  for (const std::string& kind : tried) CHECK_MESSAGE(told.count(kind) == 1, kind << " has no row in kinds.def");
}

TEST_CASE("docs/errors.md lists the codes of support/errors.def, with the messages that are thrown") {
  const std::string path = source_dir() + "/docs/errors.md", mark = "<!-- from support/errors.def and tests/bad_inputs -->\n\n";
  std::ifstream in(path);
  std::stringstream page;
  page << in.rdbuf();
  const std::string text = page.str();
  const size_t begin = text.find(mark);
  REQUIRE(begin != std::string::npos);
  const std::string fresh = codes_section(), head = text.substr(0, begin + mark.size());
  if (is_on(Setting::update)) {
    std::ofstream(path) << head << fresh;
  } else {
    CHECK(text.substr(head.size()) == fresh);
  }
}

}  // namespace lathe
