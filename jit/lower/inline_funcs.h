// Funcs that have no loops: their definitions replace their reads.
#pragma once

#include "lang/algorithm.h"
#include "schedules/schedule.h"

namespace lathe {

// The Funcs that `compute_inline` stands on, and the pure intermediate ones that no directive stands on, unless their reads
// would repeat a lot of work: those are computed whole, so that a program stays about as long as its algorithm.
std::vector<std::string> funcs_to_inline(const Operator& op, const std::vector<Directive>& directives);
Operator inline_funcs(const Operator& op, const std::vector<std::string>& names);

}  // namespace lathe
