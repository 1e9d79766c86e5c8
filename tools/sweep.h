// What one kernel for all sizes costs: its time over a grid of sizes, beside that of each of its variants compiled for
// exactly that size.
#pragma once

#include <string>
#include <vector>

#include "tools/choice.h"

namespace lathe::tools {

// A variant with the sizes fixed, whether the dispatch would take it or not.
struct FixedVariant {
  std::string name;          // as the program calls it
  double us = 0, ratio = 0;  // of the kernel for all sizes: its time / this one's
  std::string refused;       // the error; "": it ran
};

struct SweepRow {
  std::string sizes;
  double us = 0;      // of the kernel for all sizes
  std::string taken;  // the variant that its dispatch takes
  std::vector<FixedVariant> variants;
  double max_error = 0;
  std::string first_difference;  // what was wrong with some result; "": nothing

  const FixedVariant* best() const;  // null: none ran
  double regret() const;             // time / time of the best: 1 where nothing is lost
};

// "M=64..1024,N=7/1000": each size one value, several of them, or a range whose steps double. Every combination.
std::vector<std::map<std::string, int64_t>> grid_of(const Operator& op, const std::string& text);

class Sweep {
 public:
  Sweep(const Chosen& chosen, int threads, double seconds);  // seconds: of timing for each size
  SweepRow at(const std::map<std::string, int64_t>& sizes) const;

 private:
  const Chosen& chosen_;
  const int threads_;
  const double seconds_;
  const Kernel kernel_;  // for all sizes
};

}  // namespace lathe::tools
