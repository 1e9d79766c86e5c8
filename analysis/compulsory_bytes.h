// The bytes that must move at least once: every input element that some output needs, and every output element.
#pragma once

#include "lang/needed_regions.h"

namespace lathe {

// Of an input, the bounding box of the elements read, or as many elements as there are different reads where those are
// fewer (a few rows gathered from a large table). `needs` is that of these constants.
double compulsory_bytes(const Operator& op, const std::map<std::string, Scalar>& constants, const NeededRegions& needs);

}  // namespace lathe
