// The version of the C interface counts with what it holds: programs built with one version would misread another.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "jit/runtime/abi.h"
#include "jit/runtime/content_key.h"
#include "tests/source_dir.h"

namespace {

// Without comments, and with one space for each row of blanks.
std::string declarations_of(const std::string& text) {
  std::string result;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text.compare(at, 2, "/*") == 0) at = text.find("*/", at) + 1;
    else if (text[at] != ' ' && text[at] != '\n') result += text[at];
    else if (!result.empty() && result.back() != ' ') result += ' ';
  }
  return result;
}

TEST_CASE("a change to what programs in C see counts the version of the interface up") {
  std::ifstream in(source_dir() + "/jit/runtime/abi.h");
  REQUIRE(in.good());
  const std::string declarations = declarations_of({std::istreambuf_iterator<char>(in), {}});
  CHECK(declarations.find("LATHE_ABI_VERSION 2") != std::string::npos);
  CHECK_MESSAGE(lathe::content_key(declarations).substr(0, 16) == "21714fd27110cbd5",
                "count LATHE_ABI_VERSION up in jit/runtime/abi.h; then take the key of the new version");
}

}  // namespace
