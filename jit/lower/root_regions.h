// What all consumers together read of each Func, in terms of sizes: as much is computed of one that stands at the root.
#pragma once

#include <map>
#include <string>

#include "jit/lower/lowering.h"

namespace lathe {

struct RootRegion {
  Region region;
  Expr needed_when;  // whether some reader has a point
};
using RootRegions = std::map<std::string, RootRegion>;  // of Funcs that something reads, outputs among them

// Error{unproved} where an index is not known beforehand, or an output would be read outside of its extents.
RootRegions root_regions(const Operator& op, const Facts& facts);

}  // namespace lathe
