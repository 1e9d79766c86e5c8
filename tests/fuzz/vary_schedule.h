// A schedule that somebody wrote, with random changes: other factors, tiles, tails, places and orders, directives left
// out. What the changes keep is the author's structure, which a schedule drawn from nothing rarely has.
#pragma once

#include "schedules/schedule.h"
#include "tests/fuzz/random_schedule.h"

namespace lathe {

// Factors come out small, so that small sizes reach every body. At most one variant stays, under a condition that small
// sizes meet. The params keep their names.
RandomSchedule vary(const Schedule& schedule, Random& random);

}  // namespace lathe
