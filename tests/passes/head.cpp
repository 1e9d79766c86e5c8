#include "tests/passes/head.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "jit/ir/text.h"
#include "jit/passes/simplify_program.h"
#include "tests/source_dir.h"

namespace lathe {
namespace {

struct Pair {
  std::string before, after;
};

// The comment at the top of the file from "// before" to the first empty line of it, cut at "// after".
Pair pair_of(const std::string& file) {
  std::ifstream in(fmt::format("{}/jit/passes/{}.cpp", source_dir(), file));
  REQUIRE_MESSAGE(in.good(), "jit/passes/" << file << ".cpp cannot be read");
  Pair pair;
  std::string* part = nullptr;
  const auto starts = [](const std::string& line, const char* word) { return line.rfind(word, 0) == 0; };
  for (std::string line; std::getline(in, line) && starts(line, "// ");) {
    line = line.substr(3);
    if (starts(line, "before ")) part = &pair.before, line = line.substr(6);
    if (starts(line, "after ")) part = &pair.after, line = line.substr(5);
    if (part) *part += line + "\n";
  }
  REQUIRE_MESSAGE((!pair.before.empty() && !pair.after.empty()), file << " shows no before and after in its head");
  return pair;
}

ir::Program program_of(const std::string& parameters, const std::string& body) {
  return ir::parse_program(fmt::format("program p\nentry main({}) {{\n{}\n}}\n", parameters, body));
}

// Strides of parameters are gone once offsets are explicit; the pair is about statements.
std::string text_of(const ir::Program& program) { return ir::print(program.entry().body); }

}  // namespace

void check_head(const std::string& file, const std::string& parameters,
                const std::function<ir::Program(const ir::Program&)>& pass) {
  const Pair pair = pair_of(file);
  const auto simple = [&](const ir::Program& program) {
    return text_of(file == "simplify_program" ? program : simplify_program(program));
  };
  CHECK(simple(pass(program_of(parameters, pair.before))) == simple(program_of(parameters, pair.after)));
}

std::string body_after(const std::string& parameters, const std::string& body,
                       const std::function<ir::Program(const ir::Program&)>& pass) {
  return text_of(pass(program_of(parameters, body)));
}

}  // namespace lathe
