// Which points of each Func an operator needs at given sizes: bounding boxes by interval arithmetic on the index
// expressions. The interpreter sizes its tables by them, the check estimates its work.
#pragma once

#include <map>
#include <optional>

#include "lang/algorithm.h"
#include "lang/interpret.h"

namespace lathe {

struct Interval {
  int64_t low = 0;
  int64_t high = -1;                                        // inclusive
  bool empty() const { return high < low; }
  int64_t length() const { return empty() ? 0 : high - low + 1; }
  bool operator==(const Interval&) const = default;
};
using Box = std::vector<Interval>;
double points_in(const Box& box);

struct NeededRegions {
  std::vector<std::optional<Box>> boxes;                    // one for each Func of the operator; none: not known
  double work = 0;                                          // terms and points evaluated, at most
  bool reads_inside = true;                                 // every read is proved to find an element, inside or by its rule
};

// `constants` as constants_of (lang/program.h) makes them.
NeededRegions needed_regions(const Operator& op, const std::map<std::string, Scalar>& constants);

// The values an integer expression can take; none when not known or beyond 2^62.
std::optional<Interval> range_of(const Expr& e, const std::map<std::string, Interval>& vars);

}  // namespace lathe
