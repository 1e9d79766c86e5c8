// What a program executes for one call, counted and not measured: the final loop IR is walked with the call's sizes and
// strides, each loop body once, times how often it runs. The same on every machine.
//
// A branch on data counts both of its sides by half.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tuner/instructions.h"

namespace lathe::tuner {

// The code right inside a loop, calls included, loops inside it not.
struct ExecutedLoop {
  std::string function, loop;  // "": outside of all loops
  double iterations = 0;
  Instructions each;                          // of one iteration, on average
  int chain_cycles = 0;                       // latency from a value to its next value, one iteration later
  double cycles(const Target& target) const;  // of one iteration: the busiest pipe, loads, stores, or chain
};

struct Executed {
  std::vector<ExecutedLoop> loops;  // most cycles first
  double cycles = 0;
  Instructions all;
};

// Values of the entry's scalars by name, as scalars_of makes them.
Executed executed(const ir::Program& program, const Target& target, const std::map<std::string, int64_t>& scalars);

// The value of a scalar integer expression where these names tell it.
std::optional<int64_t> known_value(const Expr& e, const std::map<std::string, int64_t>& values);

// The scalars of a call with dense, aligned arguments; schedule parameters at their values.
std::map<std::string, int64_t> scalars_of(const Operator& op, const std::map<std::string, int64_t>& sizes);

}  // namespace lathe::tuner
