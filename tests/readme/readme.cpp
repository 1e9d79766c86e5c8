// README.md shows what the program really prints: every marked block is compared with a fresh one. With LATHE_UPDATE=1 the
// blocks are rewritten instead.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "jit/codegen/codegen.h"
#include "jit/ir/text.h"
#include "lathe.h"
#include "support/environment.h"
#include "tests/source_dir.h"

namespace {
using namespace lathe;

const std::string root = source_dir();

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  REQUIRE(in.good());
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

CompileOptions layer_options(const SourceFile& file) {
  CompileOptions options;
  options.target = target_named("x86-64-v3");
  options.schedule = schedule_for(file, file.operators.at(0), options.target->level);
  return options;
}

// The function of this kind and name, as printed after a pass.
std::string function_after(const std::string& pass, const std::string& head) {
  SourceFile file = read_lathe_file(root + "/examples/layer.lathe");
  ir::Program program = compile_to_ir(file.operators.at(0), layer_options(file), pass);
  for (const ir::Function& f : program.functions) {
    std::string text = ir::print(f);
    if (text.rfind(head + "(", 0) == 0) return text;
  }
  FAIL("no function ", head);
  return "";
}

// The instructions of one function, without directives.
std::string assembly_of(const std::string& symbol) {
  SourceFile file = read_lathe_file(root + "/examples/layer.lathe");
  CompileOptions options = layer_options(file);
  std::istringstream lines(assembly_text(compile_to_ir(file.operators.at(0), options), *options.target));
  std::string text, line;
  bool inside = false;
  while (std::getline(lines, line)) {
    if (line == symbol + ":") inside = true;
    bool directive = line.rfind("\t.", 0) == 0;
    if (inside && !directive) {
      size_t tab = line.find('\t', 1);
      if (line[0] == '\t' && tab != std::string::npos) line = "    " + line.substr(1, tab - 1) + " " + line.substr(tab + 1);
      else if (line[0] == '\t') line = "    " + line.substr(1);
      text += line + "\n";
    }
    if (inside && line.find("ret") != std::string::npos) break;
  }
  return text;
}

std::string shown(const std::string& marker) {
  size_t colon = marker.find(": ");
  std::string kind = marker.substr(0, colon), rest = marker.substr(colon + 2);
  if (kind == "file") return read_file(root + "/" + rest);
  if (kind == "assembly") return assembly_of(rest);
  size_t comma = rest.find(", ");
  return function_after(rest.substr(0, comma), rest.substr(comma + 2));
}

TEST_CASE("README.md shows what every stage prints") {
  std::string text = read_file(root + "/README.md"), result;
  bool update = is_on(Setting::update);
  size_t at = 0, blocks = 0;
  while (true) {
    size_t open = text.find("<!-- ", at);
    if (open == std::string::npos) break;
    size_t close = text.find(" -->", open), begin = text.find("```\n", close) + 4, end = text.find("```", begin);
    std::string fresh = shown(text.substr(open + 5, close - open - 5));
    if (!fresh.empty() && fresh.back() != '\n') fresh += '\n';
    if (!update) CHECK(text.substr(begin, end - begin) == fresh);
    result += text.substr(at, begin - at) + fresh;
    at = end;
    ++blocks;
  }
  CHECK(blocks == 5);
  if (update) std::ofstream(root + "/README.md") << result + text.substr(at);
}

}  // namespace
