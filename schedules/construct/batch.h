// Sums of small independent problems, such as the groups of a convolution: lanes run along the problems.
#pragma once

#include "schedules/construct/nest.h"

namespace lathe::construct {

struct Batch {
  std::string index;                                        // moves every operand and the result
  std::string filter;                                       // the input that is copied with the index's steps side by side
  Expr pays;                                                // few columns, problems that fill lanes, rows enough for the copy
};

// The index of such a reduction: one input, each index or term alone in a dimension, is the same for rows of the result; all else
// that is read are rows of producers, which are stored as their reader likes.
std::optional<Batch> batch_of(const NestFacts& nest);

}  // namespace lathe::construct
