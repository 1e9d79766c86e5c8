// The loops of one Func: vector axis, register tile, packing, threads.
#pragma once

#include <functional>

#include "schedules/construct/plan.h"
#include "schedules/schedule.h"
#include "targets/target.h"

namespace lathe::construct {

// What those who attach themselves to a nest need to know of it.
struct Shape {
  std::map<std::string, std::string> loops;                 // index -> the loop inside which it (or its tile) stands still
  std::string vector, rows;                                 // indices that run in lanes and in rows of a tile; "": none
};

// Gives the Stage of a Func: of a schedule, or of one of its variants.
using StageOf = std::function<Stage(const std::string&)>;

// Writes the directives of the nest of `func`. `host` is the shape of the nest it is attached to, if any. With `collapse`
// the last two indices of a pure Func run as one, so that a short last one does not limit the vectors.
Shape shape_nest(const StageOf& stage_of, const Operator& op, const Plan& plan, const Target& target,
                 const FuncContents& func, const Shape* host, bool collapse = false);

}  // namespace lathe::construct
