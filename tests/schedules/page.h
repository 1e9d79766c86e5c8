// A page of docs/ as tests see it: its sections and fenced blocks.
#pragma once

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/source_dir.h"

inline std::string read_page(const std::string& name) {
  std::ifstream in(source_dir() + "/docs/" + name);
  REQUIRE_MESSAGE(in.good(), "docs/" << name << " cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// The part of a page from a heading to the next one; "" when there is none.
inline std::string section_of(const std::string& page, const std::string& heading) {
  size_t begin = page.find("\n" + heading + "\n");
  if (begin == std::string::npos) return "";
  return page.substr(begin + 1, page.find("\n#", begin + 1) - begin - 1);
}

// The contents of the fenced blocks of a language, with the page's line of their first line.
struct Example {
  std::string text;
  int line = 0;
};
inline std::vector<Example> examples_of(const std::string& page, const std::string& language) {
  std::vector<Example> found;
  std::istringstream lines(page);
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      found.back().text += line + "\n";
    } else if (line == "```" + language) {
      inside = true;
      found.push_back({"", number + 1});
    }
  }
  return found;
}

inline size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}
