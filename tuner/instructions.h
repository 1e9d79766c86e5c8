// The instructions of one statement of the final loop IR, by what they occupy.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lathe.h"

namespace lathe::tuner {

// Counted are values: operations by pipe, loads and stores of memory. Arithmetic on addresses and masks counts nothing,
// nor do values in registers.
struct Instructions {
  std::map<Pipe, double> ops;  // instructions of a register's width or less
  double loads = 0, stores = 0;
  std::map<int64_t, double> elements;  // operations on elements, by the lanes they are in
  std::map<int64_t, double> moved;     // elements loaded and stored, by lanes

  void add(const Instructions& other, double times);
  double total_ops() const;  // on elements
  int64_t lanes() const;     // that most elements are in; 0: no values
  bool is_scalar() const { return lanes() == 1; }
  // Cycles that each pipe, "loads" and "stores" take.
  std::vector<std::pair<std::string_view, double>> busy(const Target& target) const;
  double cycles(const Target& target) const;  // the busiest of them
};

// Null: operations of this pipe cost nothing.
const PipeInfo* info_of(Pipe pipe, const Target& target);

Instructions instructions_of(const ir::StmtNode& s, const std::set<std::string>& registers, const Target& target);

// Cycles from a value in registers to the value that the next iteration of the loop makes of it; 0 for a loop with
// loops inside.
int chain_cycles(const ir::StmtNode& loop, const Target& target);

}  // namespace lathe::tuner
