// The loops of one Func: vectors, register tile, packing, threads.
#pragma once

#include <functional>
#include <map>
#include <optional>

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

// Calls that want nests of their own. What is listed first is asked first.
enum class Special : uint8_t {
  direct,                                                   // padded rows, of a wide picture, are read where they lie
  batch,                                                    // small problems side by side: each lane is another one
  few_rows,                                                 // rows of a tile or two are all that share what vectors read
  across,                                                   // an operand is copied with its rows and terms exchanged
  few_terms,                                                // writing the result, a large one, is most of the work
  large_operand,                                            // what vectors read leaves the caches before it is read again
};

// Where a form pays, and where the usual one runs instead, if not everywhere else; where neither holds it is the plain nest.
struct Crossover {
  Expr pays, otherwise;
};

// The calls that nests are shaped for.
struct Form {
  LastIndex last = LastIndex::ordinary;
  std::string short_size = {};                              // has few steps for lanes of its own; "": none is known to
  std::optional<Special> special = {};
  std::string stored_last = {};                             // the index whose steps lie side by side, as lanes of the reader want them

  bool shares_places() const { return last == LastIndex::ordinary && !special; }   // values lie as results do
};

struct Nest {
  Shape shape;
  Expr condition = {};                                      // where the directives run at all; undefined: everywhere
  std::vector<Extra> extras = {};                           // the first whose condition holds
  std::map<Special, Crossover> specials = {};               // forms that are worth nests of their own
  std::string short_size = {};                              // so is this size where it is short
  int64_t short_below = 0;                                  // such a size is short below so many steps; 0: below those of a vector
  int64_t short_lanes = 0;                                  // fewer steps fill too little of a vector; 0: those of a vector
};

// Writes the directives of the nest.
Nest shape_nest(const NestFacts& facts, const StageOf& stage_of, const Declare& declare, const Form& form = {});

}  // namespace lathe::construct
