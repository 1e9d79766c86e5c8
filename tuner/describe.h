// What a search found, in words.
#pragma once

#include <string>
#include <vector>

#include "tuner/tune.h"

namespace lathe::tuner {

// "C: tile rows 4 instead of 6", one line for each decision that differs from the constructed schedule's.
std::vector<std::string> differences(const Space& space, const std::string& trace);

// ", 3 refused, 1 hang": outcomes that are not good; "" where there are none.
std::string failures(const Counts& counts);

}  // namespace lathe::tuner
