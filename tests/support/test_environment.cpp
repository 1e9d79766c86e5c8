// docs/environment.md is the table of environment.def. LATHE_UPDATE=1 rewrites it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "support/environment.h"
#include "tests/source_dir.h"

using namespace lathe;

namespace {

const std::string page = source_dir() + "/docs/environment.md";

std::string fresh_table() {
  std::string text = "| variable | read by | values | what it does |\n|---|---|---|---|\n";
  for (const SettingInfo& s : all_settings()) {
    text += "| `" + std::string(s.variable) + "` | " + std::string(s.reader) + " | " + std::string(s.values) + " | " +
            std::string(s.text) + " |\n";
  }
  return text;
}

}  // namespace

TEST_CASE("docs/environment.md says what the table of environment variables says") {
  std::ifstream in(page);
  REQUIRE(in.good());
  std::stringstream whole;
  whole << in.rdbuf();
  const std::string text = whole.str();
  const size_t begin = text.find("| variable |");
  REQUIRE(begin != std::string::npos);
  const size_t end = std::min(text.find("\n\n", begin), text.size() - 1) + 1;
  if (is_on(Setting::update)) {
    std::ofstream(page) << text.substr(0, begin) << fresh_table() << text.substr(end);
  } else {
    CHECK(text.substr(begin, end - begin) == fresh_table());
  }
}

TEST_CASE("a setting is what its variable holds now") {
  unsetenv("LATHE_FUZZ_COUNT");
  CHECK(setting(Setting::fuzz_count) == "");
  CHECK_FALSE(is_on(Setting::fuzz_count));
  CHECK(number_of(Setting::fuzz_count, 7) == 7);
  setenv("LATHE_FUZZ_COUNT", "12", 1);
  CHECK(number_of(Setting::fuzz_count, 7) == 12);
  CHECK(is_on(Setting::fuzz_count));
  setenv("LATHE_FUZZ_COUNT", "0", 1);
  CHECK_FALSE(is_on(Setting::fuzz_count));
  unsetenv("LATHE_FUZZ_COUNT");
}
