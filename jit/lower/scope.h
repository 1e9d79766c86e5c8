// What is known at one place of a nest while it is being written: which loops are bound to which values, how many
// iterations of each are real, and where tensors live. Steady and edge bodies, staged and in-place reading differ only in
// the Scope they are written under (docs/design/index-set-splitting.md).
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "analysis/simplify.h"
#include "jit/ir/ir.h"
#include "jit/lower/layout.h"
#include "schedules/schedule.h"

namespace lathe {

struct Staging;
struct Prefetching;

// A dimension of a read under a boundary rule: Func, access, dimension.
using BorderRead = std::tuple<std::string, Expr, size_t>;

// Where the values of a tensor are found: buffer element (index - minimum) in the order of `digits`, or, in a folded
// dimension, index modulo the fold.
struct Storage {
  std::vector<std::string> buffers;                         // one for each component
  std::vector<Expr> minimum;                                // by tensor dimension
  std::vector<Expr> fold;                                   // by tensor dimension; undefined: not folded
  std::vector<Expr> size = {};                              // of a copy: entries by tensor dimension
  Layout digits;                                            // of each buffer dimension
  bool packed = false;                                      // bytes of two elements along the last dimension (packed.h)
};

// Where a boundary rule puts an index, as looked up instead of computed: entry (index - lowest); -1 where it is outside and
// the rule does not move it.
struct IndexTable {
  std::string buffer;
  Expr lowest;
};

// An index of folded storage while terms run: without them, its place, and the place with them once they are known.
struct FoldedIndex {
  Expr index, first, place;
};

// A block that is moved inwards from where it usually begins: there it stores whole vectors, past the caches where `streams`.
struct MovedBlock {
  std::string start;                                        // the variable that says where it begins; "": none is moved
  Expr usual, streams;
};

struct Scope {
  std::map<std::string, Expr> low;                          // reduction variable with a range of its own -> where it begins
  std::map<std::string, Expr> value;                        // bound loop -> its iteration, counted from 0
  std::map<std::string, Expr> start;                        // inner loop -> first iteration of the block, in its parent
  std::map<std::string, Expr> extent;                       // root or loop -> iterations in this body
  std::map<std::string, Expr> block;                        // inner loop -> size of a whole block
  std::map<std::string, Expr> count;                        // bound loop -> number of its iterations
  std::map<std::string, Expr> valid;                        // constant inner loop -> real iterations (edge bodies)
  std::map<std::string, Tail> tail;                         // ... and how the others are kept out
  std::map<std::string, Expr> columns;                      // inner loop of a tile -> real columns of the panel
  std::set<std::string> short_panel;                        // inner loops of tiles whose columns are not all real here
  std::map<std::string, Expr> whole_panel;                  // inner loop of a tile -> whether all columns are real
  std::map<std::string, Expr> pitch;                        // inner loop -> its constant extent as a run-time value
  std::map<std::string, Expr> lane;                         // constant loop -> its own variable, never clamped
  std::map<std::string, int> tile_class;                    // split's inner loop -> class in use
  std::vector<std::pair<std::string, Expr>> masks;          // variable -> condition for accesses that depend on it
  std::vector<std::pair<std::string, Expr>> masks_around;   // those of the nest that this one is computed in: for what it reads
  std::vector<Expr> guards;                                 // conditions around every statement
  std::vector<Expr> reduction_guards;                       // conditions around the update of a reduction
  std::map<std::string, Storage> staged;                    // tensors read from a copy
  std::vector<std::pair<const Staging*, Storage>> awaiting; // copies that the first iteration of a loop will write
  std::vector<std::pair<const Staging*, Storage>> writing;  // copies being written by the body, which reads in place
  std::set<BorderRead> inside;                              // whose boundary rules are idle here
  std::vector<std::pair<std::string, Expr>> cut;            // variables of loops that are cut at borders -> their iterations uncut
  std::map<std::tuple<std::string, size_t, Boundary>, IndexTable> tables;   // by tensor, dimension and rule
  std::map<std::pair<Expr, size_t>, Expr> looked_up;        // read and dimension -> its entry, where the index is known
  std::map<std::pair<Expr, size_t>, FoldedIndex> folded;    // by read and dimension
  std::vector<const Prefetching*> prefetching;              // what the statements inside ask for ahead of time
  std::vector<Expr> operands;                               // of the instruction that stands for the terms here
  MovedBlock moved;
  bool at_border = false;                                   // of a reduction, whose bodies there ask for every rule
  bool rare = false;                                        // few iterations come here: short code, nothing unrolled
  bool lockstep = false;                                    // inside a vector loop
  bool copies = false;                                      // of what the first iteration writes, not its terms
  int border_cuts = 2;                                      // along how many more axes bodies are cut at borders
  int first_cuts = 2;                                       // for how many more loops the first iteration is apart
  Facts facts;
};

}  // namespace lathe
