// Classes of machine operations that share execution units: a column of lang/ops.def, and what target descriptions and
// the meter give rates for.
#pragma once

#include <cstdint>
#include <string_view>

namespace lathe {

enum class Pipe : uint8_t { none, add, mul, logic, divide, math, popcount };
std::string_view name_of(Pipe pipe);

}  // namespace lathe
