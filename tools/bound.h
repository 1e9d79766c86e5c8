// The least time that a formula can take on this machine: the busiest pipe, or the compulsory bytes.
#pragma once

#include <string>
#include <vector>

#include "analysis/count_ops.h"
#include "tools/measure.h"

namespace lathe::tools {

struct Bound {
  double us = 0;
  std::string by;  // the pipe's name, or memory_bound
};

inline constexpr const char* memory_bound = "memory";

// The pipes whose rates bound_of and peak_gflops want.
std::vector<Pipe> pipes_of(const Work& work);

// max(operations of each pipe / (its rate * lanes), bytes / read bandwidth).
Bound bound_of(const Work& work, const MachineRates& machine, const Target& target);

// GFLOP/s of fused multiply-adds at the width of the formula's widest element.
double peak_gflops(const Work& work, const MachineRates& machine, const Target& target);

// Time to copy the formula's bytes at this rate of a copy in GB/s (bytes read + bytes written).
double copy_us(const Work& work, double gbytes_per_s);

}  // namespace lathe::tools
