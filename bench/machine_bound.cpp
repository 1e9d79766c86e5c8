#include "bench/machine_bound.h"

#include <algorithm>
#include <cmath>

namespace lathe::bench {

double MachineBound::pipe_rate(Pipe pipe) {
  auto [it, is_new] = rates_.try_emplace(pipe, 0);
  if (is_new) it->second = measure_pipe_rate(pipe, target_, 1);
  return it->second;
}

Bandwidth MachineBound::bandwidth(int64_t bytes) {
  const int size =
      std::max(12, static_cast<int>(std::lround(std::log2(static_cast<double>(std::max<int64_t>(bytes, 1))))));
  auto [it, is_new] = bandwidths_.try_emplace(size);
  if (is_new) it->second = measure_bandwidth(int64_t{1} << size, 1);
  return it->second;
}

tools::Bound MachineBound::bound(const Operator& op, const std::map<std::string, int64_t>& sizes) {
  const Work work = count_work(op, sizes);
  tools::MachineRates machine;
  for (Pipe pipe : tools::pipes_of(work)) machine.instructions_per_ns[pipe] = pipe_rate(pipe);
  machine.bandwidth = bandwidth(work.bytes);
  return tools::bound_of(work, machine, target_);
}

}  // namespace lathe::bench
