// Texts that are refused (texts.txt): each with its code, its words and its author's place, before any code is generated.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "jit/compile.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "support/environment.h"
#include "tests/bad_inputs/kinds.h"
#include "tests/errors.h"
#include "tests/source_dir.h"

namespace lathe {
namespace {

std::vector<std::string> lines_of_file(const std::string& path) {
  std::ifstream in(path);
  REQUIRE_MESSAGE(in.good(), path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// What parsing and compiling the text for x86-64-v3 is answered with.
std::string answer_to(const std::string& text) {
  return error_of([&] {
    const SourceFile file = parse_file_text(text, "bad.lathe");
    const Target target = target_named("x86-64-v3");
    const Operator& op = file.operators.at(0);
    compile_to_ir(op, {.schedule = schedule_for(file, op, target.level), .target = target}, "");
  });
}

std::string marked(const std::string& answer) {
  std::istringstream lines(answer);
  std::string text;
  for (std::string line; std::getline(lines, line);) text += "! " + line + "\n";
  return text;
}

std::string unmarked(const std::string& lines) {
  std::istringstream in(lines);
  std::string text;
  for (std::string line; std::getline(in, line);) text += (text.empty() ? "" : "\n") + line.substr(std::min<size_t>(2, line.size()));
  return text;
}

// The file with fresh answers, and its cases.
struct Page {
  std::string fresh;
  std::vector<BadInput> cases;
};

Page read_page(const std::string& path, bool refresh) {
  Page page;
  std::string kind, text, answer;
  const auto finish = [&] {
    if (answer.empty()) return;
    page.cases.push_back({kind, text, unmarked(answer)});
    if (refresh) page.fresh += text + marked(answer_to(text));
    text.clear(), answer.clear();
  };
  for (const std::string& line : lines_of_file(path)) {
    if (line.rfind("!", 0) == 0) {
      answer += line + "\n";
      continue;
    }
    finish();
    if (line.rfind("# kind ", 0) == 0) kind = line.substr(7);
    if (text.empty() && (line.empty() || line[0] == '#')) {
      page.fresh += line + "\n";
    } else {
      text += line + "\n";
    }
  }
  finish();
  return page;
}

const std::string& path() {
  static const std::string name = source_dir() + "/tests/bad_inputs/texts.txt";
  return name;
}

}  // namespace

std::vector<BadInput> bad_texts() { return read_page(path(), false).cases; }

TEST_CASE("bad texts are answered with code, words and place, and nothing is compiled") {
  const int64_t events = compile_events();
  const bool update = is_on(Setting::update);
  const Page page = read_page(path(), update);
  CHECK(page.cases.size() >= 100);
  for (const BadInput& c : page.cases) {
    const std::string answer = answer_to(c.text);
    CHECK_MESSAGE(answer != "no error", c.text);
    CHECK_MESSAGE(answer == c.answer, c.kind << "\n" << c.text);
    CHECK_MESSAGE(answer.find("\n  at bad.lathe:") != std::string::npos, c.text << answer);
  }
  CHECK(compile_events() == events);
  if (update) std::ofstream(path()) << page.fresh;
}

}  // namespace lathe
