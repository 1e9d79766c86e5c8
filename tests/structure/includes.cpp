// The rooms of the house: which folder may include which, over the real #include lines.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/source_dir.h"

namespace {
namespace fs = std::filesystem;

const fs::path root = source_dir();

// A folder and what its files may include: folders (with a final slash) or single headers. Its own folder is implied.
struct Rule {
  std::string folder;
  std::vector<std::string> allowed;
};

// The first rule whose folder holds a file is the file's. Expressions are one type from the algorithm to the final IR
// (docs/design/one-expression.md), so the folders of jit/ that work on IR include the headers of expressions, and the
// analyses over them.
const std::vector<Rule> rules = {
    {"support/", {}},
    {"targets/", {"support/"}},
    {"lang/", {"support/"}},
    {"analysis/", {"lang/", "support/"}},
    {"schedules/", {"lang/", "analysis/", "targets/", "support/"}},
    {"jit/ir/", {"lang/expr.h", "lang/text.h", "lang/lexer.h", "lang/expr_parser.h", "lang/ops.def", "support/"}},
    {"jit/lower/", {"jit/ir/", "schedules/", "analysis/", "lang/", "targets/", "support/"}},
    {"jit/passes/", {"jit/ir/", "analysis/", "lang/expr.h", "lang/text.h", "targets/", "support/"}},
    {"jit/codegen/",
     {"jit/ir/", "jit/runtime/abi.h", "jit/runtime/content_key.h", "jit/runtime/kernel.h", "lang/expr.h",
      "lang/ops.def", "targets/", "support/"}},
    {"jit/runtime/", {"targets/", "support/"}},
    {"jit/", {"jit/", "schedules/", "analysis/", "lang/", "targets/", "support/"}},
    {"lathe.h", {"jit/", "schedules/", "analysis/", "lang/", "targets/", "support/"}},
    {"tuner/", {"lathe.h", "jit/", "schedules/", "analysis/", "lang/", "targets/", "support/"}},
    {"stdlib/", {"lang/", "schedules/", "support/"}},
    {"interop/halide/", {"lang/", "analysis/", "support/"}},
    // Beyond lathe.h a tool needs what shows or measures the inside: stages as text, the meter, the oracle, the
    // counter.
    {"tools/",
     {"lathe.h", "tuner/", "support/", "stdlib/", "jit/ir/text.h", "jit/codegen/codegen.h", "jit/runtime/meter.h", "lang/oracle.h",
      "analysis/count_ops.h"}},
    {"examples/", {"lathe.h", "tuner/tuned.h", "support/", "tools/", "jit/runtime/meter.h", "lang/oracle.h", "analysis/count_ops.h"}},
};

// Third-party headers by the beginning of their path, and the folders whose sources may include them.
const std::vector<Rule> libraries = {
    {"fmt/",
     {"support/", "targets/", "lang/", "analysis/", "schedules/", "jit/", "stdlib/", "tuner/", "interop/", "tools/", "bench/", "examples/", "tests/"}},
    {"llvm/", {"jit/codegen/", "jit/runtime/"}},
    {"toml++/", {"targets/", "tuner/"}},
    {"oneapi/", {"jit/runtime/"}},
    {"tbb/", {"jit/runtime/"}},
    {"hwloc", {"jit/runtime/"}},
    {"CLI/", {"tools/", "bench/", "tests/"}},
    {"nlohmann/", {"tuner/", "tools/", "bench/", "tests/"}},
    {"sqlite3.h", {"tuner/"}},
    {"png.h", {"tools/"}},
    {"jpeglib.h", {"tools/"}},
    {"Halide.h", {"interop/halide/"}},
    {"doctest/", {"tests/"}},
    {"z3++.h", {"tests/proofs/"}},
};

struct Include {
  std::string file;  // that has the line, from the root
  int line;
  std::string path;  // between the quotes or brackets
  bool system;       // brackets
};

bool begins_with_any(const std::string& text, const std::vector<std::string>& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(), [&](const std::string& b) { return text.starts_with(b); });
}

// Files of the tree that people wrote, from the root.
std::vector<std::string> files_of_tree() {
  std::vector<std::string> files;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::recursive_directory_iterator(); ++entry) {
    std::string path = entry->path().lexically_relative(root).generic_string();
    if (entry->is_directory() && (path == "build" || path == "out" || path == ".git" || path == "shared"))
      entry.disable_recursion_pending();
    else if (entry->is_regular_file())
      files.push_back(path);
  }
  return files;
}

bool is_source(const std::string& path) {
  return path.ends_with(".h") || path.ends_with(".cpp") || path.ends_with(".def");
}

std::vector<Include> includes_of(const std::string& path) {
  std::vector<Include> includes;
  std::ifstream file(root / path);
  std::string text;
  for (int line = 1; std::getline(file, text); line++) {
    if (!text.starts_with("#include ") || text.size() < 12) continue;
    char closing = text[9] == '<' ? '>' : '"';
    includes.push_back({path, line, text.substr(10, text.find(closing, 10) - 10), closing == '>'});
  }
  return includes;
}

std::vector<Include> all_includes() {
  std::vector<Include> includes;
  for (const std::string& path : files_of_tree()) {
    if (!is_source(path)) continue;
    std::vector<Include> more = includes_of(path);
    includes.insert(includes.end(), more.begin(), more.end());
  }
  return includes;
}

const Rule* rule_of(const std::vector<Rule>& table, const std::string& path) {
  auto found =
      std::find_if(table.begin(), table.end(), [&](const Rule& rule) { return path.starts_with(rule.folder); });
  return found == table.end() ? nullptr : &*found;
}

// The name on the first line of an include's file, for messages.
std::string place(const Include& include) {
  return include.file + ":" + std::to_string(include.line) + " includes " + include.path;
}

TEST_CASE("folders include only the folders that the architecture allows them") {
  int checked = 0;
  for (const Include& include : all_includes()) {
    const Rule* rule = rule_of(rules, include.file);
    if (include.system || !rule) continue;
    checked++;
    bool allowed = include.path.starts_with(rule->folder) || begins_with_any(include.path, rule->allowed);
    CHECK_MESSAGE(allowed, place(include));
  }
  CHECK(checked > 50);
}

TEST_CASE("every folder with sources has a rule") {
  for (const std::string& path : files_of_tree()) {
    if (is_source(path) && !path.starts_with("tests/") && !path.starts_with("bench/"))
      CHECK_MESSAGE(rule_of(rules, path), path);
  }
}

TEST_CASE("quoted includes name files of the tree from its root, or in tests a file beside") {
  for (const Include& include : all_includes()) {
    if (include.system) continue;
    fs::path beside = root / fs::path(include.file).parent_path() / include.path;
    bool found = include.path == "stdlib/operators.h" ||    // made at build time
                 fs::exists(root / include.path) || (include.file.starts_with("tests/") && fs::exists(beside));
    CHECK_MESSAGE(found, place(include));
  }
}

TEST_CASE("third-party headers are included only by the folders that use the library") {
  for (const Include& include : all_includes()) {
    const Rule* library = include.system ? rule_of(libraries, include.path) : nullptr;
    if (library) CHECK_MESSAGE(begins_with_any(include.file, library->allowed), place(include));
  }
}

TEST_CASE("no header that a user of the library sees includes a third party") {
  std::set<std::string> headers;
  std::vector<std::string> pending = {"lathe.h", "jit/codegen/codegen.h", "jit/runtime/meter.h"};
  while (!pending.empty()) {
    std::string path = pending.back();
    pending.pop_back();
    if (!headers.insert(path).second) continue;
    for (const Include& include : includes_of(path)) {
      if (!include.system)
        pending.push_back(include.path);
      else
        CHECK_MESSAGE(!rule_of(libraries, include.path), place(include));
    }
  }
  CHECK(headers.size() > 15);
}

TEST_CASE("only code generation, optional components and the tests hide third-party headers in headers of their own") {
  for (const Include& include : all_includes()) {
    if (!include.system || !rule_of(libraries, include.path) || !include.file.ends_with(".h")) continue;
    CHECK_MESSAGE(begins_with_any(include.file, {"jit/codegen/", "jit/runtime/", "interop/", "tests/"}), place(include));
  }
}

// Its table would not list what something else reads.
TEST_CASE("only support/environment.cpp reads the environment") {
  const std::regex call("(\\W|secure_)getenv\\(");
  for (const std::string& path : files_of_tree()) {
    if (!is_source(path) || path == "support/environment.cpp") continue;
    std::ifstream file(root / path);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    CHECK_MESSAGE(!std::regex_search(text, call), path << " reads the environment");
  }
}

TEST_CASE("no file names the host of a package registry") {
  // In two halves each, so that this file does not name them either.
  const std::pair<const char*, const char*> hosts[] = {{"pypi.", "org"},           {"files.python", "hosted"},
                                                       {"deb.", "debian.org"},     {"security.", "debian.org"},
                                                       {"archive.", "ubuntu.com"}, {"conda.", "anaconda.org"}};
  for (const std::string& path : files_of_tree()) {
    std::ifstream file(root / path, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    for (const auto& [left, right] : hosts) {
      std::string host = std::string(left) + right;
      CHECK_MESSAGE(text.find(host) == std::string::npos, path << " names " << host);
    }
  }
}

}  // namespace
