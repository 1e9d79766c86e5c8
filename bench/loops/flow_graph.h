// The basic blocks of a function in assembly, and its natural loops.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace lathe::loops {

// Lines that run one after the other, and which blocks may follow them and come before.
struct Block {
  size_t begin = 0, end = 0;
  std::vector<int> next = {}, before = {};
};

class FlowGraph {
 public:
  // Labels and instructions; the first is the function's entry. A jump whose target is not among them leaves the
  // function.
  explicit FlowGraph(const std::vector<std::string>& lines);

  int size() const { return static_cast<int>(blocks_.size()); }
  const Block& block(int b) const { return blocks_[b]; }
  // The blocks of the loop that jumps back to this one; none where nothing does.
  std::set<int> loop_of(int header) const;

 private:
  void connect(int from, int to);
  void find_dominators();
  std::vector<int> reverse_postorder() const;
  int common_dominator(int a, int b) const;
  bool is_reached(int b) const { return order_[b] >= 0; }
  bool dominates(int a, int b) const;

  std::vector<Block> blocks_;
  std::vector<int> order_, dominator_;  // place in reverse postorder, -1: not reached; immediate dominator
};

bool is_label(const std::string& line);

}  // namespace lathe::loops
