// What a measured time depends on, in one line: not the clock's rate.
#pragma once

#include <string>

#include "targets/target.h"

namespace lathe {

std::string fingerprint_of(const Target& target);

}  // namespace lathe
