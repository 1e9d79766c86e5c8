// Counts over a loop of assembly, and a model of what an iteration costs on a target (docs/design/hot-loops.md).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bench/loops/assembly.h"
#include "targets/target.h"

namespace lathe::loops {

// Of one iteration; both sides of a branch count.
struct LoopCounts {
  double instructions = 0;
  double cycles = 0;             // the busiest pipe's, or those of the longest chain through iterations
  double arithmetic = 0;         // vector instructions on the add, mul and divide pipes
  double loads = 0, stores = 0;  // without spills
  double spills = 0;             // accesses of values that found no register
  double divisions = 0;          // integers too; square roots
  double scalars = 0;            // floating-point arithmetic on one number
  double calls = 0;
  double streaming = 0;     // stores that bypass the caches
  double vector_bytes = 0;  // of the widest register
  double operations = 0;    // of the formula, as far as the instructions show it
  double bytes = 0;         // loaded and stored, without spills
  const char* bound = "";   // what the cycles come from: "mul", "loads", "chain"
};

// One row per count that two loops are compared by.
struct CountInfo {
  std::string_view name;
  double LoopCounts::* value;
  bool more_is_better;
  bool per_work;  // grows with what an iteration does
};
std::span<const CountInfo> count_infos();

// What an iteration does: operations; where it has none, bytes that it moves.
double work_of(const LoopCounts& counts);

LoopCounts counts_of(const AsmLoop& loop, const Target& target);
// "24 instructions, 6 cycles (mul), ...; 192 operations: 0.125 instructions, 0.0417 loads, 0 stores, 0.0312 cycles
// each", zeros left out in the first part.
std::string print(const LoopCounts& counts);

}  // namespace lathe::loops
