// Threads and scratch behind LatheContext (abi.h): oneTBB, and scratch.h.
#pragma once

#include "jit/runtime/abi.h"

namespace lathe {

// The context of calls that use `threads` threads; 0 or less: as many as the machine has. 1 runs everything in the
// calling thread. One object for each count, kept for the life of the process and used by any number of calls at once.
LatheContext* context_for(int threads);

// For tests: while the seed is not 0, parallel loops of all contexts run in the calling thread, iteration by iteration, in
// an order drawn from it. What a loop computes must not depend on that.
void set_parallel_order(uint64_t seed);

}  // namespace lathe
