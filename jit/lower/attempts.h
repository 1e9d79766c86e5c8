// What became of optimisations while the bodies of a variant were written: `require` asks for some, `lathe explain` tells.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "schedules/schedule.h"

namespace lathe {

struct Attempt {
  int reached = 0, missed = 0;                              // bodies
  std::string why;                                          // the first miss
};
using Attempts = std::map<std::pair<std::string, Requirement>, Attempt>;   // by Func

}  // namespace lathe
