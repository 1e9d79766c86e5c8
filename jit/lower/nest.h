// The loop nest of one Func as its directives shape it, before any statement exists.
//
// A root variable (an index or a reduction variable) runs over [0, extent) from the region's minimum. Splitting makes a
// tree: parent = start of the block + inner. Loops are listed outermost first; a block loop stands outside its inner loop.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "jit/ir/ir.h"
#include "lang/algorithm.h"
#include "schedules/schedule.h"

namespace lathe {

struct Loop {
  std::string name;
  std::string root;                                         // the variable of the Func that it belongs to
  ir::LoopKind kind = ir::LoopKind::serial;
  bool reduction = false;
  SourceLocation where = {};                                // of the directive that gave it its kind
  Expr when = {};                                           // parallel: where the condition holds; undefined: always
  Expr peel_first = {}, peel_last = {};                     // iterations with bodies of their own; undefined: none
  bool constant() const { return kind == ir::LoopKind::vector || kind == ir::LoopKind::unroll; }
};

// How a parent is cut into blocks. Exactly one of: a factor; columns of a tile (classes); rows of a tile (classes).
struct Split {
  enum class Kind : uint8_t { factor, columns, rows };
  Kind kind = Kind::factor;
  std::string parent, outer, inner;
  Expr factor;                                              // kind factor
  bool even = false;
  std::vector<TileClass> classes;                           // widest first
  Tail tail = Tail::automatic;
  std::vector<RowCount> rows;
  SourceLocation where, tail_where;
};

// Even blocks of at most `factor`, where a number of 1024 or more, are whole 64th parts of it: vectors and bytes that lie in whole
// in the first block do so in all.
int64_t even_unit(const Expr& factor);

// Two loops run as one: fused = outer * (iterations of inner) + inner. `fused` is a root of its own.
struct Fusion {
  std::string outer, inner, fused;
  SourceLocation where;
};

struct Nest {
  const FuncContents* func = nullptr;
  std::vector<Loop> loops;
  std::vector<Split> splits;
  std::vector<Fusion> fusions;
  SourceLocation order = {};                                // of the last directive that reordered loops

  int position(const std::string& loop) const;              // -1: no such loop
  const Loop* find(const std::string& loop) const;
  bool innermost(const std::string& loop) const;            // loops inside it, if any, become straight code
  const Split* split_of(const std::string& parent) const;   // how this variable or loop is cut; null: it is not
  const Split* block_loop(const std::string& outer) const;  // the split whose block loop this is
  const Loop* parallel_part(const std::string& loop) const; // it, or a loop that it became by split or fuse
  bool constant_inner(const Split& split) const;            // the inner loop is a vector or unrolled
  const Fusion* fusion_of(const std::string& name) const;   // of which this loop or variable is a part; null: of none
  const Fusion* fusion_named(const std::string& fused) const;
  // The variables of the Func that the loop runs over: its root, or those of the loops that were fused to it.
  std::set<std::string> variables_of(const Loop& loop) const;
  // Iterations of a constant loop, where tiles are of this class of their map.
  int64_t constant_extent(const Loop& loop, size_t tile_class = 0) const;
};

// Applies split, tile, fuse, peel, reorder, vectorize, unroll, parallel and tail to the plain nest of the Func (indices in order, then
// reduction variables). Throws Error{unknown_loop, bad_directive, bad_factor, illegal_schedule} at the directive.
Nest build_nest(const FuncContents& func, const std::vector<Directive>& directives);

}  // namespace lathe
