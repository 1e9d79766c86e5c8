// Vectors over an axis with borders, in a pure Func: every block that reads nothing outside runs as a whole vector, moved
// inwards where it would meet a border or the end; neighbouring blocks then compute some points twice, and where they run on
// threads store the same values twice. What is left is as narrow as the borders themselves, and runs element by element:
//
//   0      first                                   last     extent         first, last: of the elements at which no read of
//   | lanes | v v v v | v v v v | ...  | v v v v |  lanes |                 a vector that begins there is outside
//
// Without it the first and the last block of each row, whatever their width, would run element by element.
#include <algorithm>

#include "jit/lower/lets.h"
#include "jit/lower/nest_emitter.h"

namespace lathe {

using ir::Stmt;

// Unrolled steps that are stored beside each other, around lanes that are not: together they are written as squares of lanes.
bool NestEmitter::is_row_of_square(const Split& split) const {
  const Loop& inner = *nest_.find(split.inner);
  if (inner.kind != ir::LoopKind::unroll || func_.vars.empty() || inner.root != func_.vars.back()) return false;
  return std::any_of(nest_.loops.begin(), nest_.loops.end(), [&](const Loop& l) { return l.kind == ir::LoopKind::vector && l.root != inner.root; });
}

// Points may be computed twice, in any order, and nothing is laid out by blocks of this loop.
bool NestEmitter::may_shift(const Loop& loop, const Split& split, const Scope& scope) const {
  if (func_.is_reduction() || target_ || straight_ || writes_in_place() || slides_along(loop.name) || split.tail != Tail::automatic) return false;
  if (nest_.find(split.inner)->kind != ir::LoopKind::vector && !is_row_of_square(split)) return false;
  if (scope.rare) return false;
  const int at = nest_.position(loop.name);
  for (const Attachment& a : lowering_.attachments) {
    if (a.consumer == func_.name && nest_.position(a.compute_loop) >= at) return false;
  }
  for (const Staging& s : lowering_.stagings) {
    if (s.consumer == func_.name && nest_.position(s.loop) >= at) return false;
  }
  return true;
}

Stmt NestEmitter::emit_shifted(const Loop& loop, const Split& split, Scope scope, const Idle& idle, const Continue& body) {
  Lets lets(lowering_, scope.facts);
  const Expr block = block_size(split, scope);
  const Expr extent = lets.named(split.parent + ".extent", extent_of(split.parent, scope));
  scope.block[split.inner] = scope.extent[split.inner] = block;
  const Expr first = lets.named(loop.name + ".first", max(idle.first, integer(0)));
  const Expr after = lets.named(loop.name + ".after", min(idle.last, extent - block + integer(1)));
  const Expr any = lt(first, after);
  const Expr count = lets.named(loop.name + ".count", select(any, ceil_div(extent, block), integer(0)));
  const Expr head = lets.named(loop.name + ".head", select(any, first, extent));
  const Expr tail = lets.named(loop.name + ".tail", select(any, after + block - integer(1), extent));
  scope.facts = lets.facts();
  if (!idle.accesses.empty()) --scope.border_cuts;

  Stmt copies = write_awaiting(loop.name, scope);
  Scope vectors = scope;
  const std::string var = bind(loop, count, vectors);
  Lets inner(lowering_, vectors.facts);
  const Expr usual = make_var(var) * block;
  const Expr start = inner.opaque(loop.name + ".start", min(max(usual, first), after - integer(1)));
  if (const Expr streams = lowering_.streams(func_.name); streams.defined()) {
    vectors.moved = {start->name, usual, inner.named(loop.name + ".streams", streams & eq(start, usual))};
  }
  vectors.facts = inner.facts();
  vectors.facts.bound(start->name, integer(0), simplify(extent - block, scope.facts));
  vectors.start[split.inner] = start;
  vectors.inside.insert(idle.accesses.begin(), idle.accesses.end());
  Stmt middle = ir::make_loop(var, integer(0), count, loop.kind, inner.wrap(body(std::move(vectors))), loop.when);

  Scope rare = scope;
  const std::string side = lowering_.fresh(loop.name + ".side");
  rare.facts.bound(side, integer(0), integer(1));
  rare.value[loop.name] = make_var(side);
  rare.count[loop.name] = integer(2);
  Lets ends(lowering_, rare.facts);
  const Expr is_head = eq(make_var(side), integer(0));
  const Expr from = ends.opaque(loop.name + ".from", select(is_head, integer(0), tail));
  const Expr real = ends.opaque(split.inner + ".count", select(is_head, head, extent - tail));
  rare.facts = ends.facts();
  rare.start[split.inner] = from;
  rare.valid[split.inner] = real;
  rare.tail[split.inner] = tail_of(split);
  rare.facts.bound(from->name, integer(0), extent);
  rare.facts.bound(real->name, integer(0), simplify(extent - from, rare.facts));
  rare.rare = true;
  Stmt sides = ir::make_loop(side, integer(0), integer(2), ir::LoopKind::serial, ends.wrap(body(std::move(rare))));
  return lets.wrap(ir::make_block({copies, middle, sides}));
}

}  // namespace lathe
