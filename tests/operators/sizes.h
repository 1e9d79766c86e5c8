// Sizes that every operator is compared at: what a run has to reach, and those of pictures.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "lang/algorithm.h"

namespace lathe::reference {

using Sizes = std::map<std::string, int64_t>;

// 96 x 96 and 1280 x 720 of what has two dimensions: H and W of pictures, M and N of matrices, or the sizes of the first matrix of
// an operator without larger inputs. The other sizes are small.
std::vector<Sizes> picture_sizes(const Operator& op);

// The kinds of sizes that an operator was compared at.
class Reach {
 public:
  void add(const Sizes& sizes, bool computed_something);
  // "nothing", "1", "a prime above 3", "beside a multiple of 16": the first kind that is missing; "" if none is.
  std::string missing(const Operator& op) const;

 private:
  std::set<int64_t> computed_;                              // values of sizes where something was computed
  bool nothing_ = false;                                    // one of them was 0
};

}  // namespace lathe::reference
