// Copies elements from one place to another, where both are given by the digits of what they are indexed by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lathe {

// One digit of an index: `steps` of it, each `divisor` of the dimension, and how many elements a step goes on in either
// memory.
struct CopiedDigit {
  int64_t steps, divisor;
  size_t dimension;
  int64_t from, to;
};

// Each element of a tensor of this shape, of so many bytes, in whatever order is fast: rows at once where both memories
// have them, else squares, so that the lines of both stay in the first cache until they are used up. What the last
// blocks have beyond the shape is left alone.
void copy_digits(const std::vector<CopiedDigit>& digits, const std::vector<int64_t>& shape, int64_t element_bytes,
                 const void* from, void* to);

}  // namespace lathe
