// Operators that grow: chains of stages and nests of rank. What compiling them costs must grow about as fast as they do:
// counted in tests/whole/compile_work.cpp, timed by `./dev bench compile`.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

enum class GrowingSchedule : uint8_t { written, constructed };

struct Growing {
  std::string_view name;
  std::string (*text)(int size);                            // a .lathe file of one operator, with its schedule if it has one
  GrowingSchedule schedule;
  std::vector<int> sizes;                                   // stages or indices
};
std::span<const Growing> growing_operators();

// The exponent e of cost = c * size^e that fits best.
double exponent_of(const std::vector<int>& sizes, const std::vector<double>& costs);

}  // namespace lathe
