// A schedule's variants one by one.
#pragma once

#include "schedules/schedule.h"
#include "tuner/record.h"

namespace lathe::tuner {

// The number of the variant that a call with these sizes and strides takes; behind the last: the common directives.
size_t variant_taken(const Schedule& schedule, const Target& target, const Sizes& scalars);

// The schedule with this variant alone, under its condition.
Schedule one_variant(const Schedule& schedule, size_t variant);

// ... for calls at these very sizes with dense arguments and no others, whatever its condition says.
Schedule variant_at(const Schedule& schedule, size_t variant, const Operator& op, const Sizes& sizes);

}  // namespace lathe::tuner
