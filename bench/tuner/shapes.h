// Shapes that nobody chose: drawn log-uniformly, half of them of primes.
#pragma once

#include <string>
#include <vector>

#include "bench/zero_shot_cases.h"

namespace lathe::bench {

// "matmul", "convolution", "depthwise", "reduction", "softmax".
std::vector<std::string> shape_classes();
// The same seed gives the same shapes on every machine. Error for another class.
std::vector<Case> drawn_shapes(const std::string& shape_class, uint64_t seed, int count);

}  // namespace lathe::bench
