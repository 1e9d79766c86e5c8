// Damage to a schedule: directives that nobody meant, names and numbers of others. What comes out is refused, or computes
// the same as before: never something else.
#pragma once

#include "tests/fuzz/random_schedule.h"

namespace lathe {

// Adds one to three random directives, changes words of others, or moves lines.
void break_schedule(RandomSchedule& schedule, const Operator& op, Random& random);

}  // namespace lathe
