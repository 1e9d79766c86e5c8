// Which variant a call takes: the entry of a program is walked with the call's sizes and strides.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lathe.h"

namespace lathe::tuner {

// A variant that the dispatch asked, in its order; the last one is taken.
struct Asked {
  std::string function;
  std::vector<Expr> conditions;  // all must hold; but for innermost strides of 1, which all ask for
  bool taken = false;
};

std::vector<Asked> dispatched(const ir::Program& program, const std::map<std::string, int64_t>& scalars);

}  // namespace lathe::tuner
