// Layouts of arguments: `B.free_layout().layout(n/16, k, n%16)`. The caller brings the argument so, whichever variant runs.
#pragma once

#include <map>

#include "jit/lower/layout.h"
#include "lang/algorithm.h"

namespace lathe {

// The layout of each argument that does not come in the caller's. Takes their layout directives out of `common`, the
// schedule's directives outside of variants. Error{illegal_schedule} for layouts that an argument cannot have.
std::map<std::string, Layout> take_argument_layouts(const Operator& op, const Schedule& schedule, std::vector<Directive>& common);

}  // namespace lathe
