// Which index of a nest runs in vectors, and which in the rows of a register tile.
#pragma once

#include "schedules/construct/nest.h"

namespace lathe::construct {

struct Axes {
  std::string vector;                                       // an index or a reduction variable; "": no vectors
  std::string rows, more_rows;                              // indices that read the vectors again; "": none
};

// Axes of the nest, the best vector axis that is not in `refused`.
Axes choose_axes(const NestFacts& nest, const std::set<std::string>& refused = {});

}  // namespace lathe::construct
