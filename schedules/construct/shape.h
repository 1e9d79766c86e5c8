// The loops of one Func: vectors, register tile, packing, threads.
#pragma once

#include <functional>

#include "schedules/construct/nest.h"
#include "schedules/schedule.h"

namespace lathe::construct {

// Gives the Stage of a Func: of a schedule, or of one of its variants.
using StageOf = std::function<Stage(const std::string&)>;
// Declares a param of the schedule; gives its name.
using Declare = std::function<std::string(const std::string& name, const Expr& formula, int64_t lowest, int64_t highest)>;

// Directives that are worth having only where a condition on sizes and strides holds.
struct Extra {
  Expr condition;
  std::function<void(const StageOf&)> write;
};

struct Nest {
  Shape shape;
  Expr condition;                                           // where the directives run at all; undefined: everywhere
  std::vector<Extra> extras;                                // the first whose condition holds
};

// Writes the directives of the nest. With `collapse` the last two indices of a pure Func run as one, so that a short last
// one does not limit the vectors.
Nest shape_nest(const NestFacts& facts, const StageOf& stage_of, const Declare& declare, bool collapse = false);

}  // namespace lathe::construct
