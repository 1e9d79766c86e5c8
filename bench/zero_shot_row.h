// One line of the zero-shot bench: an operator at a size, three kernels side by side.
#pragma once

#include <string>

#include "bench/c_kernel.h"
#include "bench/machine_bound.h"
#include "bench/zero_shot_cases.h"

namespace lathe::bench {

struct Row {
  std::string name, sizes;
  std::string text;                                   // the operator
  double constructed_us = 0, plain_us = 0, c_us = 0;  // medians
  double to_plain = 0, to_c = 0;                      // constructed / the other: medians over rounds; above 1 it loses
  double bound_us = 0;
  std::string bound_by;
  int64_t lanes = 0;  // of the loop that most time goes into, as counted
  double construct_ms = 0, compile_ms = 0;
  std::string reason;  // of one lane, where it is known
  std::string error;   // not empty: what went wrong instead
};

class RowMaker {
 public:
  RowMaker(Target target, double seconds) : target_(std::move(target)), seconds_(seconds), machine_(target_) {}
  // Constructs, compiles, checks at small sizes against the interpreter, and times. `c` may have no kernel for it.
  Row row(const Case& which, const Kernel& c);

 private:
  const Target target_;
  const double seconds_;  // that one row may take for its timings
  MachineBound machine_;
};

}  // namespace lathe::bench
