// The programs of docs/ir.md are what they say: each parses, is well formed in its stage and prints as it is written.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "jit/ir/text.h"
#include "jit/ir/verify.h"
#include "tests/source_dir.h"

using namespace lathe;

TEST_CASE("the programs in docs/ir.md are well formed and print as written") {
  std::ifstream file(source_dir() + "/docs/ir.md");
  REQUIRE(file);
  std::stringstream whole;
  whole << file.rdbuf();
  const std::string text = whole.str();
  size_t programs = 0;
  for (ir::Stage stage : {ir::Stage::nested, ir::Stage::flat, ir::Stage::final}) {
    const std::string fence = "\n```" + std::string(name_of(stage)) + "\n";
    for (size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at + 1)) {
      const size_t begin = at + fence.size();
      const std::string example = text.substr(begin, text.find("```", begin) - begin);
      CAPTURE(example);
      const ir::Program program = ir::parse_program(example, "docs/ir.md");
      ir::verify(program, stage);
      CHECK(ir::print(program) == example);
      ++programs;
    }
  }
  CHECK(programs == 4);
}
