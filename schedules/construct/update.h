// The loops of one update of a Func. Its domain runs in order; indices that stay free carry nothing from step to step.
#pragma once

#include "schedules/construct/nest.h"
#include "schedules/schedule.h"

namespace lathe::construct {

// Writes the directives of the update's nest.
void shape_update(const NestFacts& facts, const Update& update, Stage stage);

}  // namespace lathe::construct
