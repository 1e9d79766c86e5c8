#include "bench/loops/assembly.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "bench/loops/flow_graph.h"

namespace lathe::loops {

namespace {

std::string trimmed(const std::string& line) {
  std::string text = line.substr(0, line.find('#'));
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  text = text.substr(first, text.find_last_not_of(" \t") - first + 1);
  std::replace(text.begin(), text.end(), '\t', ' ');
  return text;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

AsmLoop loop_text(const AsmFunction& function, const FlowGraph& graph, const std::set<int>& body, int header) {
  AsmLoop loop{function.name, {}, function.has_frame_pointer};
  std::vector<int> blocks(body.begin(), body.end());
  std::rotate(blocks.begin(), std::find(blocks.begin(), blocks.end(), header), blocks.end());
  for (int b : blocks) {
    for (size_t i = graph.block(b).begin; i < graph.block(b).end; ++i) {
      if (!is_label(function.lines[i])) loop.instructions.push_back(function.lines[i]);
    }
  }
  return loop;
}

}  // namespace

std::string AsmFunction::text() const { return joined(lines); }
std::string AsmLoop::text() const { return joined(instructions); }

int AsmLoop::count(const std::string& prefix) const {
  return static_cast<int>(std::count_if(instructions.begin(), instructions.end(),
                                        [&](const std::string& i) { return i.starts_with(prefix); }));
}

std::vector<AsmFunction> functions_of(const std::string& assembly) {
  std::vector<AsmFunction> functions;
  std::istringstream in(assembly);
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    const std::string text = trimmed(line);
    if (text.empty()) continue;
    if (text.starts_with(".Lfunc_end")) inside = false;
    if (is_label(text) && !text.starts_with(".L")) {
      functions.push_back({text.substr(0, text.size() - 1), {}});
      std::erase(functions.back().name, '"');
      inside = true;
    } else if (inside && (text[0] != '.' || is_label(text))) {
      AsmFunction& function = functions.back();
      function.lines.push_back(text);
      if (text == "movq %rsp, %rbp") function.has_frame_pointer = true;
    }
  }
  return functions;
}

AsmFunction function_named(const std::string& assembly, const std::string& end) {
  for (AsmFunction& function : functions_of(assembly)) {
    if (function.name.ends_with(end)) return std::move(function);
  }
  return {};
}

std::vector<AsmLoop> innermost_loops(const AsmFunction& function) {
  const FlowGraph graph(function.lines);
  std::map<int, std::set<int>> bodies;
  for (int b = 0; b < graph.size(); ++b) {
    if (std::set<int> body = graph.loop_of(b); !body.empty()) bodies[b] = std::move(body);
  }
  std::vector<AsmLoop> loops;
  for (const auto& [header, body] : bodies) {
    const auto others = std::count_if(body.begin(), body.end(), [&](int b) { return bodies.contains(b); });
    if (others == 1) loops.push_back(loop_text(function, graph, body, header));
  }
  return loops;
}

std::vector<AsmLoop> innermost_loops(const std::string& assembly, const std::string& end) {
  return innermost_loops(function_named(assembly, end));
}

}  // namespace lathe::loops
