#include "bench/loops/case_loops.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "bench/loops/flow_graph.h"
#include "bench/loops/loop_counts.h"
#include "support/error.h"

namespace lathe::loops {

namespace {

bool is_plain(const AsmFunction& f) { return f.name.ends_with(".plain"); }

bool calls_one_of(const AsmLoop& loop, const std::set<std::string>& functions) {
  return std::any_of(loop.instructions.begin(), loop.instructions.end(), [&](std::string text) {
    std::erase(text, '"');
    return text.starts_with("call") && functions.contains(text.substr(text.rfind(' ') + 1));
  });
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; }

// A register, a number or label, or one other character.
std::string word_at(const std::string& text, size_t begin) {
  size_t end = begin + 1;
  while (end < text.size() && (text[begin] == '%' || is_word(text[begin])) && is_word(text[end])) ++end;
  return text.substr(begin, end - begin);
}

char kind_of_register(const std::string& name) {
  const bool is_vector = name.find("mm") == 2, is_mask = name[1] == 'k';
  return is_vector || is_mask ? name[1] : 'r';
}

[[noreturn]] void refuse(const std::string& line) {
  throw Error(
      ErrorCode::syntax,
      {"loops", "a line that is no loop", line, "case NAME: ..., loop FUNCTION: ..., or an instruction", {}, ""});
}

}  // namespace

std::string shape_of(const AsmLoop& loop) {
  std::map<std::string, size_t> registers;
  std::string shape = loop.has_frame_pointer ? "framed\n" : "";
  for (const std::string& text : loop.instructions) {
    size_t at = std::min(text.find(' '), text.size());
    shape += text.substr(0, at);
    while (at < text.size()) {
      const std::string word = word_at(text, at);
      if (word[0] == '%')
        shape += word == "%rsp" ? word
                                : fmt::format("%{}{}", kind_of_register(word),
                                              registers.emplace(word, registers.size()).first->second);
      else if (!is_word(word[0]))
        shape += word;
      at += word.size();
    }
    shape += "\n";
  }
  return shape;
}

CaseLoops hot_loops(const std::string& name, const std::string& assembly) {
  CaseLoops result{.name = name};
  const std::vector<AsmFunction> functions = functions_of(assembly);
  std::set<std::string> names;
  for (const AsmFunction& f : functions) names.insert(f.name);
  std::map<std::string, size_t> known;  // shapes and where they stand
  for (const AsmFunction& f : functions) {
    ++result.functions;
    result.instructions += static_cast<int>(
        std::count_if(f.lines.begin(), f.lines.end(), [](const std::string& line) { return !is_label(line); }));
    if (is_plain(f)) continue;
    for (AsmLoop& loop : innermost_loops(f)) {
      if (calls_one_of(loop, names)) continue;
      const auto [place, is_new] = known.emplace(shape_of(loop), result.loops.size());
      if (is_new)
        result.loops.push_back({std::move(loop)});
      else
        ++result.loops[place->second].times;
    }
  }
  return result;
}

std::vector<AsmLoop> plain_loops(const std::string& assembly) {
  std::vector<AsmLoop> loops;
  for (const AsmFunction& f : functions_of(assembly)) {
    if (is_plain(f)) std::ranges::move(innermost_loops(f), std::back_inserter(loops));
  }
  return loops;
}

void keep_text(CaseLoops& now, const CaseLoops& before) {
  std::map<std::string, const AsmLoop*> known;
  for (const HotLoop& hot : before.loops) known.emplace(shape_of(hot.loop), &hot.loop);
  for (HotLoop& hot : now.loops) {
    const auto there = known.find(shape_of(hot.loop));
    if (there != known.end()) hot.loop.instructions = there->second->instructions;
  }
}

std::string print(const CaseLoops& loops, const Target& target) {
  std::string text =
      fmt::format("case {}: {} functions, {} instructions\n", loops.name, loops.functions, loops.instructions);
  for (const HotLoop& hot : loops.loops) {
    text += fmt::format("loop {} x{}{}: {}\n", hot.loop.function, hot.times,
                        hot.loop.has_frame_pointer ? " framed" : "", print(counts_of(hot.loop, target)));
    for (const std::string& i : hot.loop.instructions) text += "  " + i + "\n";
  }
  return text;
}

std::vector<CaseLoops> parse_case_loops(const std::string& text) {
  std::vector<CaseLoops> cases;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    const size_t colon = line.find(':');
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with("case ") && colon != std::string::npos) {
      CaseLoops& c = cases.emplace_back(CaseLoops{.name = line.substr(5, colon - 5)});
      if (std::sscanf(line.c_str() + colon, ": %d functions, %d", &c.functions, &c.instructions) != 2) refuse(line);
    } else if (line.starts_with("loop ") && colon != std::string::npos && !cases.empty()) {
      std::istringstream words(line.substr(5, colon - 5));
      HotLoop hot;
      std::string times, framed;
      words >> hot.loop.function >> times >> framed;
      if (std::sscanf(times.c_str(), "x%d", &hot.times) != 1) refuse(line);
      hot.loop.has_frame_pointer = framed == "framed";
      cases.back().loops.push_back(std::move(hot));
    } else if (line.starts_with("  ") && !cases.empty() && !cases.back().loops.empty()) {
      cases.back().loops.back().loop.instructions.push_back(line.substr(2));
    } else {
      refuse(line);
    }
  }
  return cases;
}

}  // namespace lathe::loops
