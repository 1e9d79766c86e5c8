// The bound of this machine, on one thread: its rates are measured once for each pipe and each size of a working set.
#pragma once

#include <map>

#include "tools/bound.h"

namespace lathe::bench {

class MachineBound {
 public:
  explicit MachineBound(Target target) : target_(std::move(target)) {}
  tools::Bound bound(const Operator& op, const std::map<std::string, int64_t>& sizes);

 private:
  double pipe_rate(Pipe pipe);
  Bandwidth bandwidth(int64_t bytes);

  const Target target_;
  std::map<Pipe, double> rates_;
  std::map<int, Bandwidth> bandwidths_;  // by the logarithm of the working set
};

}  // namespace lathe::bench
