// Work divided by rates.
#include "tools/bound.h"

#include <algorithm>

namespace lathe::tools {

std::vector<Pipe> pipes_of(const Work& work) {
  std::vector<Pipe> pipes = {Pipe::mul};
  for (const auto& [key, count] : work.ops) {
    Pipe pipe = key.first;
    if (pipe != Pipe::none && std::find(pipes.begin(), pipes.end(), pipe) == pipes.end()) pipes.push_back(pipe);
  }
  return pipes;
}

Bound bound_of(const Work& work, const MachineRates& machine, const Target& target) {
  std::map<Pipe, double> pipe_us;
  for (const auto& [key, count] : work.ops) {
    auto [pipe, element_bytes] = key;
    auto rate = machine.instructions_per_ns.find(pipe);
    if (rate == machine.instructions_per_ns.end() || rate->second <= 0) continue;
    pipe_us[pipe] += count / (rate->second * target.lanes(element_bytes)) * 1e-3;
  }
  Bound bound = {machine.bandwidth.read > 0 ? static_cast<double>(work.bytes) / machine.bandwidth.read * 1e-3 : 0,
                 memory_bound};
  for (const auto& [pipe, us] : pipe_us) {
    if (us > bound.us) bound = {us, std::string(name_of(pipe))};
  }
  return bound;
}

double peak_gflops(const Work& work, const MachineRates& machine, const Target& target) {
  int64_t element_bytes = 4;
  for (const auto& [key, count] : work.ops) {
    if (key.first == Pipe::mul) element_bytes = std::max(element_bytes, key.second);
  }
  auto rate = machine.instructions_per_ns.find(Pipe::mul);
  return rate == machine.instructions_per_ns.end() ? 0 : rate->second * target.lanes(element_bytes) * 2;
}

double copy_us(const Work& work, double gbytes_per_s) {
  return gbytes_per_s > 0 ? static_cast<double>(work.bytes) / gbytes_per_s * 1e-3 : 0;
}

}  // namespace lathe::tools
