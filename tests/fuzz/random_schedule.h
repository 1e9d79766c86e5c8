// A random schedule of an operator, as lines: mostly legal, since it is drawn with knowledge of what is.
#pragma once

#include <string>
#include <vector>

#include "lang/algorithm.h"
#include "tests/fuzz/taste.h"

namespace lathe {

struct RandomSchedule {
  std::vector<std::string> params;                          // "param kc = ..."
  std::vector<std::string> lines;                           // "C.split(i, io, ii, 8)"
  std::string condition;                                    // of the one variant; "": none
  std::vector<std::string> variant;

  bool empty() const { return lines.empty() && variant.empty(); }
  std::string text(const std::string& op) const;
};

// `op` has no static parameters left.
RandomSchedule random_schedule(const Operator& op, Random& random, const Taste& taste = {});

}  // namespace lathe
