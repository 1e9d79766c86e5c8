#include "tests/codegen/asm_loops.h"

#include <algorithm>
#include <map>
#include <sstream>

namespace lathe::test {

namespace {

std::string trimmed(const std::string& line) {
  std::string text = line.substr(0, line.find('#'));
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  text = text.substr(first, text.find_last_not_of(" \t") - first + 1);
  std::replace(text.begin(), text.end(), '\t', ' ');
  return text;
}

std::string unquoted(std::string label) {
  std::erase(label, '"');
  return label;
}

std::vector<std::string> lines_of(const std::string& assembly, const std::string& name) {
  std::vector<std::string> lines;
  std::istringstream in(assembly);
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    const std::string text = trimmed(line);
    if (text.empty()) continue;
    const bool is_label = text.back() == ':';
    if (is_label && !text.starts_with(".L")) inside = unquoted(text).ends_with(name + ":");
    if (text.starts_with(".Lfunc_end")) inside = false;
    if (inside && !(text[0] == '.' && !is_label)) lines.push_back(text);
  }
  return lines;
}

}  // namespace

int AsmLoop::count(const std::string& prefix) const {
  return static_cast<int>(std::count_if(instructions.begin(), instructions.end(),
                                        [&](const std::string& i) { return i.starts_with(prefix); }));
}

int AsmLoop::reads() const {
  return static_cast<int>(std::count_if(instructions.begin(), instructions.end(), [](const std::string& i) {
    return i[0] == 'v' && i.find('(') != std::string::npos && !i.ends_with(")");
  }));
}

int AsmLoop::stack_vectors() const {
  return static_cast<int>(std::count_if(instructions.begin(), instructions.end(), [](const std::string& i) {
    return i[0] == 'v' && (i.find("(%rsp") != std::string::npos || i.find("(%rbp") != std::string::npos);
  }));
}

std::string AsmLoop::text() const {
  std::string all;
  for (const std::string& i : instructions) all += i + "\n";
  return all;
}

std::vector<AsmLoop> innermost_loops(const std::string& assembly, const std::string& name) {
  const std::vector<std::string> lines = lines_of(assembly, name);
  std::map<std::string, size_t> labels;
  std::vector<std::pair<size_t, size_t>> ranges;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].back() == ':') {
      labels[lines[i].substr(0, lines[i].size() - 1)] = i;
    } else if (lines[i][0] == 'j') {
      auto to = labels.find(lines[i].substr(lines[i].rfind(' ') + 1));
      if (to != labels.end()) ranges.emplace_back(to->second, i);
    }
  }
  std::vector<AsmLoop> loops;
  for (const auto& [first, last] : ranges) {
    const bool has_inner = std::any_of(ranges.begin(), ranges.end(), [&, a = first, b = last](const auto& other) {
      return other.first >= a && other.second <= b && (other.first != a || other.second != b);
    });
    if (has_inner) continue;
    AsmLoop loop;
    for (size_t i = first; i <= last; ++i) {
      if (lines[i].back() != ':') loop.instructions.push_back(lines[i]);
    }
    loops.push_back(std::move(loop));
  }
  return loops;
}

std::string function_text(const std::string& assembly, const std::string& name) {
  std::string all;
  for (const std::string& line : lines_of(assembly, name)) all += line + "\n";
  return all;
}

}  // namespace lathe::test
