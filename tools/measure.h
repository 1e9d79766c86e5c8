// Times a call in turns with the meters of the machine, so that both see the same clock and the same neighbours.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "jit/runtime/meter.h"
#include "tuner/interleaved.h"

namespace lathe::tools {

struct MeasurePlan {
  std::function<void()> call;  // what is timed
  int repetitions = 20;        // samples; a sample of a short call is a batch of them
  Target target;               // the width that the meters use
  int threads = 1;
  std::vector<Pipe> pipes;        // whose rates are wanted
  int64_t working_set_bytes = 0;  // for the bandwidth meter
};

// Medians over the rounds of the meters.
struct MachineRates {
  std::map<Pipe, double> instructions_per_ns;  // full-width vector instructions
  Bandwidth bandwidth;
};

struct Measurement {
  double us_min = 0, us_median = 0;  // of one call
  int batch = 1;                     // calls in a sample
  MachineRates machine;
};

Measurement measure(const MeasurePlan& plan);

using tuner::median;
using tuner::time_us;

}  // namespace lathe::tools
