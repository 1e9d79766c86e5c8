// Slips that a C++ compiler finds in an algorithm: it names the author's line and says in a few words what belongs there.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/source_dir.h"

namespace {

struct Slip {
  std::string line, words;                                  // what is said about it
};

const std::vector<Slip> slips = {
    {"C(i) = A(\"i\");", "an index is a Var, an RDom, a number, or an expression of these"},
    {"C(i) = B(i, \"row\");", "an index is a Var, an RDom, a number, or an expression of these"},
    {"C(i) = select(A(i) == 0, A(i), 1.f);", "conditions on values are eq(a, b), ne, lt, le, gt and ge"},
    {"C(i) = select(A(i) > 0, A(i), 1.f);", "gt(a, b)"},
    {"C(i) = select(C(i) >= A(i), A(i), 1.f);", "ge(a, b)"},
    {"C(i) = select(gt(A(i), 0) && gt(A(i), 1), A(i), 1.f);", "a & b"},
    {"C(i) = select(!gt(A(i), 0), A(i), 1.f);", "~a"},
    {"C(i) = sum(i, A(i));", "a reduction or an update runs over an RDom"},
    {"C(i) = \"text\";", "a value is an expression, a number, or several of them in braces"},
    {"make_operator(\"f\", {A, C}, {{C, {N}}});", "the arguments of an operator are Inputs and Params"},
};

// What the compiler says, without colours.
std::string compiled(const std::string& text) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / ("lathe_slips_" + std::to_string(getpid()));
  fs::create_directories(folder);
  std::ofstream(folder / "slips.cpp") << text;
  const std::string command = std::string(LATHE_CXX) + " -std=c++20 -fsyntax-only -I" + source_dir() + " " +
                              (folder / "slips.cpp").string() + " 2>&1";
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  char buffer[4096];
  while (const size_t bytes = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, bytes);
  pclose(pipe);
  fs::remove_all(folder);
  return output;
}

}  // namespace

TEST_CASE("slips in C++ algorithms give errors of a few lines that say what belongs there") {
  std::string text = R"(#include "lang/func.h"
using namespace lathe;
void slips() {
  Var i("i"), j("j");
  Size N("N");
  Input A("A", f32, {N}), B("B", f32, {N, N});
  RDom k(0, N, "k");
  Func C("C");
)";
  const auto first_line = std::count(text.begin(), text.end(), '\n') + 1;
  for (const Slip& slip : slips) text += slip.line + "\n";
  const std::string said = compiled(text + "}\n");
  for (size_t i = 0; i < slips.size(); ++i) {
    CHECK_MESSAGE(said.find(slips[i].words) != std::string::npos, slips[i].line << "\n" << said);
    const std::string place = "slips.cpp:" + std::to_string(first_line + static_cast<long>(i)) + ":";
    CHECK_MESSAGE(said.find(place) != std::string::npos, slips[i].line << "\n" << said);
  }
  const auto lines = std::count(said.begin(), said.end(), '\n');
  CHECK_MESSAGE(lines <= 10 * static_cast<long>(slips.size()), said);
}
