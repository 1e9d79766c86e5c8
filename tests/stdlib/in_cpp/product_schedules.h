// One schedule for every C[i, j] that combines terms of A[i, k] and B[k, j] over k, whatever the combiner and the terms:
// register tiles over blocks of K, panels of B copied where they would not stay in the caches (stdlib/matmul.lathe says why).
#pragma once

#include "schedules/schedule.h"

namespace lathe::in_cpp {

// For vectors of 512 bits, then of 256. `epilogue`, where given, is the Func that completes C.
std::vector<Schedule> product_schedules(const Operator& op, const std::string& epilogue = "");

}  // namespace lathe::in_cpp
