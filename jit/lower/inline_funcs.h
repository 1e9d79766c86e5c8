// Funcs that have no loops: their definitions replace their reads.
#pragma once

#include "lang/algorithm.h"
#include "schedules/schedule.h"

namespace lathe {

// The Funcs that `compute_inline` stands on, and the pure intermediate ones that no directive stands on, unless their
// reads would repeat a lot of work: those are computed whole, so that a program stays about as long as its algorithm.
// In little code it is what takes more code than loops and storage of its own.
std::vector<std::string> funcs_to_inline(const Operator& op, const std::vector<Directive>& directives,
                                         bool in_little_code = false);
Operator inline_funcs(const Operator& op, const std::vector<std::string>& names);

}  // namespace lathe
