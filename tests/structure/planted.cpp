// Planted bugs keep up with the code: each patch of tests/planted/ still finds the lines that it replaces, once.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "tests/source_dir.h"

namespace {
namespace fs = std::filesystem;

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream in(path);
  REQUIRE_MESSAGE(in.good(), path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

size_t places_of(const std::vector<std::string>& piece, const std::vector<std::string>& lines) {
  size_t found = 0;
  for (size_t at = 0; at + piece.size() <= lines.size(); ++at) {
    found += std::equal(piece.begin(), piece.end(), lines.begin() + static_cast<long>(at));
  }
  return found;
}

// The lines before a hunk's change, with those around them.
void check_hunk(const std::vector<std::string>& before, const std::string& file, const fs::path& patch) {
  CHECK_MESSAGE(places_of(before, lines_of(fs::path(source_dir()) / file)) == 1, patch.filename() << " does not fit " << file);
}

void check_patch(const fs::path& patch) {
  std::string file;
  std::vector<std::string> before;
  for (const std::string& line : lines_of(patch)) {
    const bool starts = line.starts_with("--- a/") || line.starts_with("@@ ");
    if (starts && !before.empty()) check_hunk(before, file, patch), before.clear();
    if (line.starts_with("--- a/")) file = line.substr(6);
    else if (!file.empty() && (line[0] == ' ' || line[0] == '-')) before.push_back(line.substr(1));
  }
  CHECK_MESSAGE(!before.empty(), patch);
  check_hunk(before, file, patch);
}

TEST_CASE("planted bugs fit the code, one in each class at least") {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(source_dir()) / "tests/planted")) {
    check_patch(entry.path());
    names.insert(entry.path().stem());
  }
  for (const char* name : {"tail_off_by_one", "strided_region", "boundary", "rfactor_identity", "layout_digit_order", "mask", "alias_scope",
                           "stale_memo", "scratch_reuse", "race", "index_narrowing", "bf16_rounding", "nan_in_min_and_max",
                           "parameter_at_its_end", "epilogue_on_the_wrong_block", "floor_division_of_negatives"}) {
    CHECK_MESSAGE(names.count(name), "no planted bug " << name);
  }
}

}  // namespace
