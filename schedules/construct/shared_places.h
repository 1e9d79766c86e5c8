// Which values wait in the places of results (store_with): a row of exponentials in the row of the output that they become. The
// lines of the output then come into the cache while the values are computed, not when the results are stored, which is often
// all that a loop over results does; and one row less is kept beside it.
#pragma once

#include "schedules/construct/plan.h"

namespace lathe::construct {

// Marks them, where a decision does not say otherwise: at most one Func for each output, whose every value is made into the
// result with the same indices, and read by no one when results are stored.
void share_places(const Operator& op, Plan& plan, Decisions& decisions);

}  // namespace lathe::construct
