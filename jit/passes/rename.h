// Copies of a statement with new names for what it defines: names stay unique in a function.
#pragma once

#include <map>
#include <string>

#include "jit/ir/ir.h"

namespace lathe {

class Renamer {
 public:
  // `s` with its loops, lets and allocations renamed, and `values` put in for free variables.
  ir::Stmt copy(const ir::Stmt& s, const Substitution& values);

 private:
  std::string fresh(const std::string& name);
  std::map<std::string, int> used_;
};

// A name for a new unit of the program; `next` counts those given.
std::string fresh_unit_name(const ir::Program& program, int& next);

}  // namespace lathe
