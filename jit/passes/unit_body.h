// A statement as a function of its own, in a form that depends on nothing but its structure. See outline_units.cpp.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "jit/ir/ir.h"

namespace lathe {

struct OuterBuffer {
  DType dtype;
  ir::Space space;
};
using OuterBuffers = std::map<std::string, OuterBuffer>;

struct Unit {
  ir::Function function;                                     // without a name
  std::vector<Expr> values;                                  // the call's arguments, in the caller's names
  std::vector<ir::BufferArgument> buffers;
};

// Nothing where `body` uses a register buffer of the code around it. `callees`: functions that it may call.
std::optional<Unit> unit_of(const ir::Stmt& body, const OuterBuffers& outer, const ir::Program& callees);

}  // namespace lathe
