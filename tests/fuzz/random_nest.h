// A random loop nest of one Func, or of one of its updates: the lines that make it, and its loops as they stand afterwards.
#pragma once

#include <string>
#include <vector>

#include "lang/algorithm.h"
#include "tests/fuzz/taste.h"

namespace lathe {

struct RandomLoop {
  std::string name;
  std::string root;                                         // the index or reduction variable that it belongs to
  std::string before = {};                                  // a loop that must stand outside of this one
  bool reduction = false;
  bool constant = false;                                    // vectorized or unrolled
  bool can_be_constant = false;                             // the inner loop of a split by a number
  int64_t extent = 0;                                       // ... and that number
  int group = 0;                                            // loops of a lower group stand outside
};

struct RandomNest {
  const FuncContents* func = nullptr;                       // of an update: its part (parts_of)
  bool update = false;
  std::vector<RandomLoop> loops;                            // outermost first
  std::vector<std::string> lines;
  bool uses_param = false;                                  // a factor is the param kc
  std::string registers_at;                                 // the loop of store_in(registers), where there is one

  std::vector<std::string> around_accumulators() const;  // loops inside of which those of a reduction can stand

  std::vector<std::string> serial_loops() const;            // those that are neither vectors nor unrolled
  std::string line(const std::string& directive) const { return func->name + "." + directive; }
};

// Every read in its values.
std::vector<Expr> reads_of(const FuncContents& f);

// Where a nest stands.
struct NestPlace {
  std::string condition = {};             // one on sizes, for loops that are parallel where it holds; "": none
  const RandomNest* window_of = nullptr;  // the nest inside of which its values are a window in registers
};

RandomNest random_nest(const FuncPart& part, const NestPlace& place, Random& random, const Taste& taste = {});

}  // namespace lathe
