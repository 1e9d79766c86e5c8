// The longest common subsequence of lines, behind what both texts begin with and before what both end with: nests differ in
// few places.
#include "tools/text_diff.h"

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <vector>

namespace lathe::tools {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

struct Line {
  char mark;
  std::string text;
};

// length[i][j]: common lines of a from i on and b from j on.
std::vector<Line> compared(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const size_t width = b.size() + 1;
  std::vector<uint32_t> length((a.size() + 1) * width, 0);
  for (size_t i = a.size(); i-- > 0;) {
    for (size_t j = b.size(); j-- > 0;) {
      length[i * width + j] = a[i] == b[j] ? length[(i + 1) * width + j + 1] + 1
                                           : std::max(length[(i + 1) * width + j], length[i * width + j + 1]);
    }
  }
  std::vector<Line> lines;
  size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      lines.push_back({' ', a[i]}), ++i, ++j;
    } else if (j == b.size() || (i < a.size() && length[(i + 1) * width + j] >= length[i * width + j + 1])) {
      lines.push_back({'-', a[i++]});
    } else {
      lines.push_back({'+', b[j++]});
    }
  }
  return lines;
}

}  // namespace

std::string text_diff(const std::string& before, const std::string& after, int context) {
  std::vector<std::string> a = lines_of(before), b = lines_of(after), tail;
  std::vector<Line> all;
  size_t same = 0;
  while (same < a.size() && same < b.size() && a[same] == b[same]) all.push_back({' ', a[same++]});
  a.erase(a.begin(), a.begin() + static_cast<long>(same));
  b.erase(b.begin(), b.begin() + static_cast<long>(same));
  for (; !a.empty() && !b.empty() && a.back() == b.back(); a.pop_back(), b.pop_back()) tail.push_back(a.back());
  for (Line& line : compared(a, b)) all.push_back(std::move(line));
  for (auto line = tail.rbegin(); line != tail.rend(); ++line) all.push_back({' ', *line});

  std::vector<bool> shown(all.size(), false);
  const auto count = static_cast<long>(all.size());
  for (long i = 0; i < count; ++i) {
    if (all[static_cast<size_t>(i)].mark == ' ') continue;
    for (long near = std::max(0L, i - context); near <= std::min(count - 1, i + context); ++near) shown[static_cast<size_t>(near)] = true;
  }
  std::string text;
  for (size_t i = 0; i < all.size(); ++i) {
    if (shown[i]) text += std::string(1, all[i].mark) + " " + all[i].text + "\n";
    else if (i == 0 || shown[i - 1]) text += "...\n";
  }
  return text;
}

}  // namespace lathe::tools
