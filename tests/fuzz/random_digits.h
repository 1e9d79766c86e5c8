// Digits of storage in any order: each dimension whole, or cut in two.
#pragma once

#include <string>
#include <vector>

#include "tests/fuzz/random.h"

namespace lathe {

// "i%8, j, i/8" of dimensions i and j.
std::string random_digits(const std::vector<std::string>& dimensions, Random& random);

}  // namespace lathe
