// Products that a machine instruction sums in groups of neighbouring terms, found by its meaning.
#pragma once

#include "schedules/construct/axes.h"
#include "targets/instruction.h"

namespace lathe::construct {

struct Groups {
  std::string instruction;
  int64_t terms = 0;                                        // of one group
  std::string term;                                         // the reduction variable that is cut into groups
  Read copied;                                              // of an input, by lanes: its groups are put side by side
  int64_t element_bytes = 1;                                // ... of it
  Expr large, small;                                        // whether it leaves the second cache before it is read again, or not
};

// How the first instruction of the table that the target has and the terms of the nest mean would be used: one operand is
// read by vectors, which another term moves to another row, every other one has the terms of a group side by side already.
std::optional<Groups> groups_of(const NestFacts& nest, const Axes& axes);

}  // namespace lathe::construct
