// The constructive scheduler: a schedule for any operator, from its formula and the target's description alone.
//
// It decides for every Func whether to inline it, to compute it inside a loop of its consumer, or whole; and for every
// nest which index runs in vectors, which make a register tile, what is packed, and what runs on threads. How:
// docs/design/construct.md. The result is an ordinary schedule that prints, parses and can be edited.
#pragma once

#include <vector>

#include "schedules/construct/decisions.h"
#include "schedules/schedule.h"
#include "targets/target.h"

namespace lathe {

// Schedules for the operator, whose static parameters have values, best first; each is simpler than the one before. A
// caller takes the first that lowering accepts; the last has no directives and is always legal.
std::vector<Schedule> construct_schedules(const Operator& op, const Target& target);

// The one schedule that these decisions give. Lowering may refuse it.
Schedule construct_schedule(const Operator& op, const Target& target, Decisions& decisions);

}  // namespace lathe
