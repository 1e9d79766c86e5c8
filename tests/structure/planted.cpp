// Planted bugs keep up with the code: each patch of tests/planted/ still finds the lines that it replaces, once. The table
// beside them says how soon each was found.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
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

std::vector<fs::path> patches() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(fs::path(source_dir()) / "tests/planted")) {
    if (entry.path().extension() == ".patch") found.push_back(entry.path());
  }
  return found;
}

TEST_CASE("planted bugs fit the code, one in each class at least") {
  std::set<std::string> names;
  for (const fs::path& patch : patches()) {
    check_patch(patch);
    names.insert(patch.stem());
  }
  for (const char* name : {"tail_off_by_one", "strided_region", "boundary", "rfactor_identity", "layout_digit_order", "mask", "alias_scope",
                           "stale_memo", "scratch_reuse", "race", "index_narrowing", "bf16_rounding", "nan_in_min_and_max",
                           "parameter_at_its_end", "epilogue_on_the_wrong_block", "floor_division_of_negatives"}) {
    CHECK_MESSAGE(names.count(name), "no planted bug " << name);
  }
}

TEST_CASE("the table of planted bugs says of each that it was found within 20,000 cases") {
  const std::vector<std::string> page = lines_of(fs::path(source_dir()) / "tests/planted/README.md");
  for (const fs::path& patch : patches()) {
    const std::string start = "| " + patch.stem().string() + " | " + lines_of(patch).at(0).substr(2) + " | ";
    const auto row = std::find_if(page.begin(), page.end(), [&](const std::string& line) { return line.starts_with(start); });
    REQUIRE_MESSAGE(row != page.end(), start);
    long seed = 0, cases = 0;
    REQUIRE_MESSAGE(std::sscanf(row->c_str() + start.size(), "%ld | %ld |", &seed, &cases) == 2, *row);
    CHECK_MESSAGE((seed >= 1 && cases >= 1 && cases <= 20000), *row);
  }
}

}  // namespace
