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
  std::string serial = {};                                  // a loop that runs on one thread there
};

// Whether threads are worth waking for so many terms.
Expr worth_threads(const Expr& work);

// What becomes of a last index of few steps, which alone would make short vectors.
enum class LastIndex : uint8_t {
  ordinary,    // it may run in lanes
  inside,      // another index runs in lanes, and it inside of the loop over their vectors
};

// The calls that nests are shaped for.
struct Form {
  LastIndex last = LastIndex::ordinary;
  std::string short_size = {};                              // has few steps for lanes of its own; "": none is known to
  bool few_rows = false;                                    // rows of a tile or two are all that share what vectors read
  bool few_terms = false;                                   // writing the result, a large one, is most of the work
  bool across = false;                                      // an operand is copied with its rows and terms exchanged
  bool large_operand = false;                               // what vectors read leaves the caches before it is read again
};

struct Nest {
  Shape shape;
  Expr condition = {};                                      // where the directives run at all; undefined: everywhere
  std::vector<Extra> extras = {};                           // the first whose condition holds
  // Where another form is worth nests of its own: with few rows under this condition, and the usual form otherwise; with few
  // terms or a large operand under those; with this size short.
  Expr few_rows = {}, many_rows = {}, few_terms = {}, not_few_terms = {};
  Expr large_operand = {}, no_large_operand = {};
  Expr across = {}, not_across = {};                        // ... and with an operand copied across
  std::string short_size = {};
  int64_t short_below = 0;                                  // such a size is short below so many steps; 0: below those of a vector
  int64_t short_lanes = 0;                                  // fewer steps fill too little of a vector; 0: those of a vector
};

// Writes the directives of the nest.
Nest shape_nest(const NestFacts& facts, const StageOf& stage_of, const Declare& declare, const Form& form = {});

}  // namespace lathe::construct
