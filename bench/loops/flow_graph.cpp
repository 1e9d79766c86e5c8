#include "bench/loops/flow_graph.h"

#include <algorithm>
#include <map>

namespace lathe::loops {

namespace {

bool is_jump(const std::string& line) { return line[0] == 'j'; }
bool never_goes_on(const std::string& line) {
  return line.starts_with("jmp") || line.starts_with("ret") || line.starts_with("ud2");
}

}  // namespace

bool is_label(const std::string& line) { return line.back() == ':'; }

FlowGraph::FlowGraph(const std::vector<std::string>& lines) {
  std::map<std::string, int> block_of_label;
  for (size_t i = 0; i < lines.size(); ++i) {
    const bool begins = i == 0 || (is_label(lines[i]) && !is_label(lines[i - 1])) || is_jump(lines[i - 1]) ||
                        never_goes_on(lines[i - 1]);
    if (begins) blocks_.push_back({.begin = i});
    blocks_.back().end = i + 1;
    if (is_label(lines[i])) block_of_label[lines[i].substr(0, lines[i].size() - 1)] = size() - 1;
  }
  for (int b = 0; b < size(); ++b) {
    const std::string& last = lines[blocks_[b].end - 1];
    if (!never_goes_on(last) && b + 1 < size()) connect(b, b + 1);
    if (!is_jump(last)) continue;
    if (auto to = block_of_label.find(last.substr(last.rfind(' ') + 1)); to != block_of_label.end())
      connect(b, to->second);
  }
  find_dominators();
}

void FlowGraph::connect(int from, int to) {
  blocks_[from].next.push_back(to);
  blocks_[to].before.push_back(from);
}

std::vector<int> FlowGraph::reverse_postorder() const {
  std::vector<int> postorder;
  std::vector<bool> seen(blocks_.size());
  std::vector<std::pair<int, size_t>> stack = {{0, 0}};  // a block, and how many of its successors were followed
  seen[0] = true;
  while (!stack.empty()) {
    auto& [b, followed] = stack.back();
    if (followed == blocks_[b].next.size()) {
      postorder.push_back(b);
      stack.pop_back();
      continue;
    }
    const int to = blocks_[b].next[followed++];
    if (seen[to]) continue;
    seen[to] = true;
    stack.emplace_back(to, 0);
  }
  std::reverse(postorder.begin(), postorder.end());
  return postorder;
}

// Cooper, Harvey and Kennedy's iteration.
void FlowGraph::find_dominators() {
  order_.assign(blocks_.size(), -1);
  dominator_.assign(blocks_.size(), -1);
  if (blocks_.empty()) return;
  const std::vector<int> in_order = reverse_postorder();
  for (size_t i = 0; i < in_order.size(); ++i) order_[in_order[i]] = static_cast<int>(i);
  dominator_[0] = 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (int b : in_order) {
      if (b == 0) continue;
      int found = -1;
      for (int from : blocks_[b].before) {
        if (dominator_[from] >= 0) found = found < 0 ? from : common_dominator(found, from);
      }
      if (found == dominator_[b]) continue;
      dominator_[b] = found;
      changed = true;
    }
  }
}

int FlowGraph::common_dominator(int a, int b) const {
  while (a != b) {
    int& later = order_[a] > order_[b] ? a : b;
    later = dominator_[later];
  }
  return a;
}

bool FlowGraph::dominates(int a, int b) const { return common_dominator(a, b) == a; }

std::set<int> FlowGraph::loop_of(int header) const {
  std::vector<int> pending;
  if (!is_reached(header)) return {};
  for (int from : blocks_[header].before) {
    if (is_reached(from) && dominates(header, from)) pending.push_back(from);
  }
  if (pending.empty()) return {};
  std::set<int> body = {header};
  while (!pending.empty()) {
    const int b = pending.back();
    pending.pop_back();
    if (!body.insert(b).second) continue;
    for (int from : blocks_[b].before) {
      if (is_reached(from)) pending.push_back(from);
    }
  }
  return body;
}

}  // namespace lathe::loops
