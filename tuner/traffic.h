// How many bytes a call moves through each level of memory, counted and not measured: what the model of instructions
// (executed.h) leaves out.
//
// A loop whose one iteration touches no more than a cache holds finds again in it what an iteration before has touched:
// all its iterations together bring in each line once. A loop that touches more brings everything in anew each time.
#pragma once

#include <array>

#include "lathe.h"

namespace lathe::tuner {

struct Traffic {
  double moved = 0;                   // by loads and stores
  std::array<double, 3> beyond = {};  // from beyond the first, second and last cache, whole lines
};

// One thread. Of a loop the first iteration and the second, for all others, are looked at: one whose extent depends on
// a loop around it is counted as in there.
Traffic traffic(const ir::Program& program, const Target& target, const std::map<std::string, int64_t>& scalars);

}  // namespace lathe::tuner
