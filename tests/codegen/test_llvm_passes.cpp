// What LLVM runs after our own passes is pinned: a new version, or another setting, shows as a difference of the list.
// With LATHE_UPDATE=1 the lists are rewritten instead.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "jit/codegen/codegen.h"
#include "support/environment.h"
#include "tests/source_dir.h"

namespace lathe {
namespace {

std::string list_for(const std::string& target) {
  std::string text;
  for (const std::string& name : llvm_passes(target_named(target))) text += name + "\n";
  return text;
}

}  // namespace

TEST_CASE("LLVM runs the passes that are listed") {
  for (const char* target : {"x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
    const std::string path = fmt::format("{}/tests/codegen/llvm_passes.{}.txt", source_dir(), target);
    const std::string fresh = list_for(target);
    if (is_on(Setting::update)) std::ofstream(path) << fresh;
    std::ifstream in(path);
    std::stringstream golden;
    golden << in.rdbuf();
    CHECK_MESSAGE(golden.str() == fresh, path);
  }
}

TEST_CASE("no pass of LLVM chooses addresses, unrolls, vectorizes or combines expressions anew") {
  const std::string list = list_for("x86-64-v3");
  CHECK(list.find("X86 DAG->DAG Instruction Selection\n") != std::string::npos);
  for (const char* absent : {"Loop Strength Reduction", "Unroll loops", "CodeGen Prepare", "Constant Hoisting", "Loop Vectorization",
                             "SLP Vectorizer", "Combine redundant instructions", "Early CSE", "Global Value Numbering"}) {
    CHECK_MESSAGE(list.find(absent) == std::string::npos, absent);
  }
}

}  // namespace lathe
