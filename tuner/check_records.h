// Records from elsewhere are not trusted: a schedule must still be one of its algorithm, here and now.
#pragma once

#include "support/error.h"
#include "tuner/record.h"

namespace lathe::tuner {

// Takes out the trials whose algorithm or schedule this Lathe refuses; Error{bad_record} for each, by name. Outcomes that are
// failures stay: they keep others from trying again.
std::vector<Error> remove_unfit(Records& records);

}  // namespace lathe::tuner
