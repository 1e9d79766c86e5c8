// A sweep as `lathe bench --sweep` prints it: the regret table.
#pragma once

#include "tools/choice.h"

namespace lathe::tools {

// Prints a row for each size as soon as it is timed, or JSON; the exit code. `seconds`: of timing for each size.
int print_sweep(const Choice& choice, double seconds);

}  // namespace lathe::tools
