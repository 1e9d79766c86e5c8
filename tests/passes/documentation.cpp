// docs/passes.md lists the pipeline: what each pass does, the stage it reaches, and the reasons for the order, from the
// tables of pipeline.cpp and the heads of the passes. LATHE_UPDATE=1 rewrites it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "jit/ir/verify.h"
#include "jit/passes/pipeline.h"
#include "support/environment.h"
#include "tests/source_dir.h"

namespace lathe {
namespace {

const std::string page = source_dir() + "/docs/passes.md";
constexpr std::string_view mark = "<!-- generated -->\n";

std::string read_all(const std::string& path) {
  std::ifstream in(path);
  REQUIRE_MESSAGE(in.good(), path << " cannot be read");
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// A pass that runs twice has a second name; its file is that of its function.
std::string file_of(std::string_view pass) {
  return pass == "simplify" || pass == "tidy" ? "simplify_program" : std::string(pass);
}

// The comment at the top of the pass's header, in one line.
std::string summary_of(std::string_view pass) {
  std::istringstream lines(read_all(fmt::format("{}/jit/passes/{}.h", source_dir(), file_of(pass))));
  std::string text;
  for (std::string line; std::getline(lines, line) && line.starts_with("// ");) text += (text.empty() ? "" : " ") + line.substr(3);
  return text;
}

std::string fresh() {
  std::string text = "| pass | what it does | the program is then |\n|---|---|---|\n";
  for (const Pass& pass : pipeline()) {
    text += fmt::format("| [`{}`](../jit/passes/{}.cpp) | {} | {} |\n", pass.name, file_of(pass.name), summary_of(pass.name),
                        ir::name_of(pass.reached));
  }
  text += "\n## Why in this order\n\n| pass | before | because |\n|---|---|---|\n";
  for (const PassOrder& fact : pass_order()) text += fmt::format("| `{}` | `{}` | {} |\n", fact.before, fact.after, fact.reason);
  return text;
}

}  // namespace

TEST_CASE("docs/passes.md says what the tables of the pipeline say") {
  const std::string text = read_all(page);
  const size_t begin = text.find(mark);
  REQUIRE(begin != std::string::npos);
  const std::string head = text.substr(0, begin + mark.size());
  if (is_on(Setting::update)) {
    std::ofstream(page) << head << fresh();
  } else {
    CHECK(text.substr(head.size()) == fresh());
  }
}

}  // namespace lathe
