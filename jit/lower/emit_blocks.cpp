// Index-set splitting: a block loop with a constant inner loop becomes a steady body for whole blocks and edge bodies for
// the rest. Why and what it costs: docs/design/index-set-splitting.md.
#include <fmt/format.h>

#include <algorithm>

#include "jit/lower/lets.h"
#include "jit/lower/nest_emitter.h"
#include "lang/text.h"

namespace lathe {

using ir::Stmt;

namespace {
constexpr int64_t kHeldRows = 8;                            // of a tile whose addresses stay in registers around its loop over terms
}

// "C.tail(ii, clamp)", by the loop that the directive names.
static std::string tail_text(const FuncContents& func, const Split& split) {
  return fmt::format("{}.tail({}, {})", func.name, split.inner, name_of(split.tail));
}

// The body of a unit, to become part of a larger one.
static Stmt unmarked(const Stmt& s) {
  if (!s || !s->unit) return s;
  ir::StmtNode plain = *s;
  plain.unit = false;
  return std::make_shared<const ir::StmtNode>(std::move(plain));
}

// Blocks that are moved back inside need room for one.
void NestEmitter::require_whole_block(const Split& split, const Expr& block, const Scope& scope) const {
  if (const Loop* loop = nest_.parallel_part(split.outer)) {
    throw Error(ErrorCode::illegal_schedule,
                {"schedule", tail_text(func_, split), fmt::format("{} is parallel", loop->name), "a block loop in order",
                 split.tail_where, "a block that is moved back writes what another thread writes"});
  }
  const Expr extent = extent_of(split.parent, scope);
  if (split.even || scope.facts.at_most(block, extent)) return;
  throw Error(ErrorCode::unproved,
              {"schedule", tail_text(func_, split), "an extent that may be shorter than a block",
               fmt::format("{} <= {}", print(block), print(spelled_out(extent, scope.facts))), split.tail_where,
               "declare the range of the size, or specialize on it"});
}

// All loads of partial results that one run through this loop needs come before its first store.
bool NestEmitter::stores_once(const std::string& loop) const {
  return accumulate_in_registers_ && (!blocked() || nest_.position(loop) > accumulator_level_);
}

// The values that it stores, its own or of an epilogue, are made of those that stood there.
bool NestEmitter::writes_in_place() const {
  const auto in_place = [&](const FuncContents& f) {
    const OutputDecl* output = lowering_.op.find_output(f.name);
    return (output && !output->in.empty()) || std::any_of(lowering_.stored_with.begin(), lowering_.stored_with.end(),
                                                          [&](const auto& each) { return each.second.target == f.name; });
  };
  const auto epilogues = lowering_.epilogues.find(func_.name);
  return in_place(func_) || (epilogues != lowering_.epilogues.end() &&
                             std::any_of(epilogues->second.begin(), epilogues->second.end(),
                                         [&](const FuncContents* f) { return in_place(*f); }));
}

Tail NestEmitter::tail_of(const Split& split) const {
  const bool vector = nest_.find(split.inner)->kind == ir::LoopKind::vector;
  const bool columns = split.kind == Split::Kind::columns;
  if (vector && split.tail != Tail::shift && !(columns && split.tail == Tail::automatic)) return Tail::mask;
  // Clamping repeats work; an update of stored values must not be repeated, nor must a term of a reduction. A block that is
  // moved back meets what the block before it has stored already; columns that are moved stay inside of their panel.
  const bool counts_twice = nest_.find(split.inner)->reduction || writes_in_place() || target_;
  const bool moves = split.tail == Tail::shift && !columns;
  const bool complete = !blocked() && nest_.position(split.outer) <= accumulator_level_;   // inside of one block
  const bool repeatable = !counts_twice && (!func_.is_reduction() || (moves ? complete : stores_once(split.inner)));
  if ((split.tail == Tail::clamp || split.tail == Tail::shift) && !repeatable) {
    throw Error(ErrorCode::illegal_schedule,
                {"schedule", tail_text(func_, split), "an update in place, which counts twice what is computed twice",
                 "a loop over an index of a pure Func, or of a result kept in registers", split.tail_where,
                 "guard, or store_in(registers, at = ...)"});
  }
  if (columns && vector) return repeatable ? Tail::shift : Tail::mask;
  if (split.tail == Tail::mask && nest_.find(split.inner)->reduction) return Tail::guard;   // a term has no place to mask
  if (split.tail != Tail::automatic) return split.tail;
  return repeatable ? Tail::clamp : Tail::guard;
}

// Whether the body of this loop is the reduction of one tile and nothing else. Rows that share what their windows read do so only
// where all of them are real.
bool NestEmitter::is_one_unit(const Loop& loop) const {
  const bool windows = std::any_of(nest_.loops.begin(), nest_.loops.end(), [](const Loop& l) { return l.reduction && l.kind == ir::LoopKind::unroll; });
  return accumulate_in_registers_ && nest_.position(loop.name) == accumulator_level_ && lowering_.register_loop.count(func_.name) &&
         loops_over_terms() && !makes_values_in(loop.name) && !windows;
}

// Numbers of rows that edge bodies are made for, smallest first; the last is the whole block. Lanes of terms have no others:
// their partial results are the same in every body.
static std::vector<int64_t> edge_rows(const Split& split, int64_t block, const Loop& inner) {
  std::vector<int64_t> rows{block};
  if (inner.reduction && inner.kind == ir::LoopKind::vector) return rows;
  for (const RowCount& r : split.rows) rows.push_back((block * r.numerator + r.denominator - 1) / r.denominator);
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

Stmt NestEmitter::emit_blocks(const Loop& loop, const Split& split, Scope scope, const Continue& body) {
  if (scope.border_cuts > 0 && may_shift(loop, split, scope)) {
    const Idle idle = idle_range(loop.name, scope, integer(1));
    if (!idle.accesses.empty()) return emit_shifted(loop, split, std::move(scope), idle, body);
  }
  if (is_row_of_square(split) && may_shift(loop, split, scope)) {
    return emit_shifted(loop, split, scope, {integer(0), extent_of(split.parent, scope), {}}, body);
  }
  const Idle borders = scope.border_cuts > 0 ? idle_range(loop.name, scope) : Idle{};
  if (rare_blocks_run_short(loop, split, borders)) {
    return emit_short_of_borders(loop, split, std::move(scope), borders, body);
  }
  // Computing while copying is worth a body to the widest panels. The others copy first, and then are as without a copy.
  const bool narrow = scope.tile_class.count(split.inner) && scope.tile_class.at(split.inner) > 0;
  const Stmt copies = narrow ? write_awaiting(loop.name, scope) : nullptr;
  Lets lets(lowering_, scope.facts);
  int64_t block = 0;
  is_integer_constant(block_size(split, scope), &block);
  Expr extent = lets.named(split.parent + ".extent", extent_of(split.parent, scope));
  Expr full = lets.named(loop.name + ".full", extent / integer(block));
  Expr rest = lets.named(split.parent + ".rest", extent - full * integer(block));
  scope.facts = lets.facts();
  scope.block[split.inner] = scope.extent[split.inner] = integer(block);

  // Narrow panels have one body for whole and nearly whole blocks of rows: clamping costs nothing where masks are free.
  // The short panel, of which there is one, has one body for all.
  bool clamps = split.kind == Split::Kind::rows && tail_of(split) == Tail::clamp;
  const std::string* panel = clamps ? panel_of(split) : nullptr;
  bool is_short = panel && scope.short_panel.count(*panel);
  const bool together = clamps && block <= kHeldRows && is_one_unit(loop) && borders.accesses.empty() && !is_short &&
                        lowering_.target.mask_registers;
  const bool uniform = !together && (is_short || (clamps && narrow && lowering_.target.mask_registers));
  auto steady_body = [&](Scope inner, const Expr& at, bool clamped) {
    inner.value[loop.name] = at;
    inner.start[split.inner] = simplify(at * integer(block), inner.facts);
    if (!clamped) return body(std::move(inner));
    Lets rows(lowering_, inner.facts);
    inner.valid[split.inner] = rows.opaque(split.inner + ".rows", min(integer(block), extent - at * integer(block)));
    inner.tail[split.inner] = Tail::clamp;
    return rows.wrap(body(std::move(inner)));
  };
  // `count` blocks of `rows` rows each, as one unit: what does not change from block to block is computed once.
  const auto unit_of_blocks = [&](Scope inner, const Expr& from, const Expr& count, const Expr& rows) {
    Lets held(lowering_, inner.facts);
    const Expr blocks = held.held(loop.name + ".blocks", count);
    const std::string var = lowering_.fresh(loop.name);
    if (!is_zero(rest)) {                                   // else all rows are real everywhere
      const Expr real = held.held(split.inner + ".rows", rows);
      inner.valid[split.inner] = real;
      inner.tail[split.inner] = Tail::clamp;
      held.facts().bound(real->name, integer(1), integer(block));
    }
    inner.facts = held.facts();
    inner.facts.bound(var, integer(0), simplify(blocks - integer(1), inner.facts));
    inner.count[loop.name] = full;
    inner.value[loop.name] = simplify(from + make_var(var), inner.facts);
    inner.start[split.inner] = simplify((from + make_var(var)) * integer(block), inner.facts);
    const Stmt each = body(std::move(inner));
    return held.wrap(ir::make_unit(ir::make_loop(var, integer(0), blocks, ir::LoopKind::serial, unmarked(each))));
  };
  auto steady = [&](Scope inner, const Expr& at) { return steady_body(std::move(inner), at, uniform); };
  auto edge = [&](const Scope& inner, const std::vector<int64_t>& counts) {
    return emit_edge(loop, split, counts, full, rest, inner, body);
  };

  std::vector<int64_t> counts = edge_rows(split, block, *nest_.find(split.inner));
  // A short vector is little work: it waits until the threads are done, and no block asks whether it is the last.
  const bool waits = nest_.find(split.inner)->kind == ir::LoopKind::vector && !func_.is_reduction() && scope.awaiting.empty() &&
                     borders.accesses.empty();
  if (loop.kind == ir::LoopKind::parallel && !waits) {
    note_short_block(split, rest, scope.facts);
    Stmt awaited = write_awaiting(loop.name, scope);
    Expr count = lets.named(loop.name + ".count", ceil_div(extent, integer(block)));
    Scope inner = scope;
    std::string var = bind(loop, count, inner);
    Stmt choice;
    if (together) {
      counts.pop_back();
      Stmt few = counts.empty() ? nullptr : edge(inner, counts);
      const Expr rows = min(integer(block), extent - make_var(var) * integer(block));
      Stmt most = unit_of_blocks(inner, make_var(var), integer(1), rows);
      choice = few ? ir::make_branch(le(rows, integer(counts.back())), few, most) : most;
    } else {
      choice = ir::make_branch(lt(make_var(var), full), steady(inner, make_var(var)), edge(inner, counts));
    }
    Stmt blocks = ir::make_block({awaited, ir::make_loop(var, integer(0), count, loop.kind, choice, loop.when)});
    return ir::make_block({copies, lets.wrap(blocks)});
  }

  // Whole and nearly whole blocks by one body: it runs some of the rest.
  auto run_together = [&](Lets& counted, Expr& whole, Expr& left, std::vector<int64_t>& edges) {
    if (is_short) edges = {block};
    const int64_t smaller = edges.size() > 1 ? edges[edges.size() - 2] : 0;
    whole = counted.named(loop.name + ".count", full + select(gt(rest, integer(smaller)), integer(1), integer(0)));
    left = counted.named(split.parent + ".short", select(gt(rest, integer(smaller)), integer(0), rest));
    edges.pop_back();
  };
  auto range_of = [&](Scope inner, const Expr& from, const Expr& to, const Expr& count, bool clamped) {
    if (inner.facts.at_most(to, from)) return Stmt();
    if (together) return unit_of_blocks(inner, from, to - from, integer(block));
    std::string var = lowering_.fresh(loop.name);
    inner.count[loop.name] = count;
    inner.facts.bound(var, from, simplify(to - integer(1), inner.facts));
    Stmt s = steady_body(inner, make_var(var), clamped);
    return ir::make_loop(var, from, simplify(to - from, inner.facts), kind_of(loop), s, loop.when);
  };
  // The same of the blocks on both sides of a range, in one loop.
  auto range_around = [&](Scope inner, const Expr& first, const Expr& last, const Expr& count) {
    const std::string number = lowering_.fresh(loop.name + ".rare"), var = lowering_.fresh(loop.name);
    const Expr skipped = last - first;
    const Facts outside = inner.facts;
    inner.count[loop.name] = count;
    inner.facts.bound(var, integer(0), simplify(count - integer(1), outside));
    const Expr place = make_var(number) + select(lt(make_var(number), first), integer(0), skipped);
    Stmt s = ir::make_let(var, simplify(place, outside), steady_body(inner, make_var(var), true));
    return ir::make_loop(number, integer(0), simplify(count - skipped, outside), kind_of(loop), s, loop.when);
  };
  const auto mask_columns = [&](Scope& inner) {
    const auto columns = scope.valid.find(*panel);
    if (columns == scope.valid.end()) return;
    inner.valid[*panel] = columns->second;
    inner.tail[*panel] = scope.tail.at(*panel);
  };
  // Blocks [from, whole), and an edge for what is left.
  auto blocks_and_edge = [&](Scope inner, const Expr& from, const Expr& whole, const Expr& left,
                             const std::vector<int64_t>& edges, bool clamped) {
    Lets cuts(lowering_, inner.facts);
    std::vector<Stmt> parts;
    const Idle idle = inner.border_cuts > 0 ? idle_range(loop.name, inner) : Idle{};
    if (idle.accesses.empty()) {
      parts.push_back(range_of(inner, from, whole, whole, clamped));
    } else {
      const Expr first = cuts.named(loop.name + ".first", min(max(idle.first, from), whole));
      const Expr last = cuts.named(loop.name + ".last", max(first, min(idle.last, whole)));
      Scope border = inner, middle = inner;
      enter_border(border);
      middle.inside.insert(idle.accesses.begin(), idle.accesses.end());
      if (border.at_border && panel && is_zero(from) && !slides_along(loop.name)) {
        mask_columns(border);
        parts.push_back(range_of(middle, first, last, whole, clamped));
        parts.push_back(range_around(border, first, last, whole));
      } else {
        parts.push_back(range_of(border, from, first, whole, clamped));
        parts.push_back(range_of(middle, first, last, whole, clamped));
        parts.push_back(range_of(border, last, whole, whole, clamped));
      }
      enter_border(inner);
    }
    if (idle.accesses.empty()) --inner.border_cuts;
    note_short_block(split, left, inner.facts);
    if (const int64_t vector = vector_in_block(split, block); vector > 0 && !is_zero(left)) {
      parts.push_back(emit_rest_by_vectors(loop, split, vector, whole, left, inner, body));
    } else if (together && !is_zero(left)) {
      const std::vector<int64_t> fewer(edges.begin(), edges.end() - 1);
      Stmt last = unit_of_blocks(inner, whole, integer(1), left);
      if (!fewer.empty()) last = ir::make_branch(le(left, integer(fewer.back())), emit_edge(loop, split, fewer, whole, left, inner, body), last);
      parts.push_back(ir::make_branch(gt(left, integer(0)), last));
    } else if (!edges.empty() && !is_zero(left)) {
      parts.push_back(ir::make_branch(gt(left, integer(0)), emit_edge(loop, split, edges, whole, left, inner, body)));
    }
    return cuts.wrap(ir::make_block(std::move(parts)));
  };

  std::vector<Stmt> parts;
  Expr from = integer(0);
  if (uniform) {
    run_together(lets, full, rest, counts);
    scope.facts = lets.facts();
  }
  if (!scope.awaiting.empty()) {
    parts.push_back(first_block(loop, full, scope, steady));
    if (parts.back()) from = integer(1);
  }
  // The first block finds nothing kept from one before.
  if (is_zero(from) && scope.first_cuts > 0 && slides_along(loop.name) && !lowering_.register_loop.count(func_.name)) {
    --scope.first_cuts;
    parts.push_back(ir::make_branch(gt(full, integer(0)), steady(scope, integer(0))));
    from = integer(1);
  }
  // Rows of whole panels have a body without masks; those of a short one share the body of the edge.
  if (scope.at_border && panel) {                           // as all do at borders
    if (!uniform && !together) run_together(lets, full, rest, counts);
    scope.facts = lets.facts();
    parts.push_back(blocks_and_edge(scope, from, full, rest, counts, true));
  } else if (const auto panel_is_whole = panel ? scope.whole_panel.find(*panel) : scope.whole_panel.end();
             panel_is_whole != scope.whole_panel.end()) {
    Scope unmasked = scope;
    unmasked.valid.erase(*panel);
    unmasked.tail.erase(*panel);
    const Stmt of_whole = blocks_and_edge(unmasked, from, full, rest, counts, false);
    Lets counted(lowering_, scope.facts);
    Expr whole = full, left = rest;
    if (!together) run_together(counted, whole, left, counts);
    scope.facts = counted.facts();
    const Stmt of_short = counted.wrap(blocks_and_edge(scope, simplify(min(from, full), scope.facts), whole, left, counts, true));
    parts.push_back(ir::make_branch(panel_is_whole->second, of_whole, of_short));
  } else {
    parts.push_back(blocks_and_edge(scope, from, full, rest, counts, uniform));
  }
  return ir::make_block({copies, lets.wrap(ir::make_block(std::move(parts)))});
}

void NestEmitter::note_short_block(const Split& split, const Expr& rest, const Facts& facts) {
  lowering_.note(func_.name, Requirement::whole, is_zero(rest),
                 fmt::format("{} may have {} iterations beyond whole blocks", split.parent, print(spelled_out(rest, facts))));
}

// The last block, moved back so that it ends with its parent: all of it is real.
void NestEmitter::shift_block(const Split& split, const Expr& block, Scope& scope) const {
  require_whole_block(split, block, scope);
  scope.start[split.inner] = simplify(extent_of(split.parent, scope) - block, scope.facts);
  scope.block[split.inner] = scope.extent[split.inner] = block;
}

// The rest of the parent, 0 < rest < block: the same body over fewer rows, indices beyond the end kept out by the tail.
Stmt NestEmitter::emit_edge(const Loop& loop, const Split& split, const std::vector<int64_t>& counts, const Expr& at,
                            const Expr& rest, const Scope& outer, const Continue& body) {
  Stmt chosen;
  int64_t block = 0;
  is_integer_constant(block_size(split, outer), &block);
  if (tail_of(split) == Tail::shift) {
    Scope scope = outer;
    scope.value[loop.name] = at;
    shift_block(split, integer(block), scope);
    return body(std::move(scope));
  }
  for (auto rows = counts.rbegin(); rows != counts.rend(); ++rows) {
    Scope scope = outer;
    scope.value[loop.name] = at;
    scope.start[split.inner] = simplify(at * integer(block), scope.facts);
    scope.extent[split.inner] = integer(*rows);
    scope.valid[split.inner] = rest;
    scope.tail[split.inner] = tail_of(split);
    scope.facts.bound(rest->name, integer(1), integer(std::min(*rows, block - 1)));
    // With masks that cost nothing, whole and short panels share their edge bodies.
    if (lowering_.target.mask_registers) {
      for (const auto& [inner, columns] : scope.columns) {
        scope.valid[inner] = columns;
        scope.tail[inner] = Tail::mask;
      }
    }
    Stmt s = body(std::move(scope));
    chosen = chosen ? ir::make_branch(le(rest, integer(*rows)), s, chosen) : s;
  }
  // Masks are dear where they are no registers, and for lanes that are stored apart: a block before makes room for a whole one.
  const bool apart = !func_.vars.empty() && nest_.find(split.inner)->root != func_.vars.back();
  const bool dear = apart || !lowering_.target.mask_registers;
  if (!dear || !may_shift(loop, split, outer) || outer.facts.at_most(at, integer(0))) return chosen;
  Scope whole = outer;
  whole.value[loop.name] = at;
  whole.start[split.inner] = simplify(extent_of(split.parent, outer) - integer(block), outer.facts);
  return ir::make_branch(gt(at, integer(0)), body(std::move(whole)), chosen);
}

int64_t NestEmitter::lanes_of_results() const {
  int64_t bytes = 1;
  for (int c = 0; c < func_.components(); ++c) bytes = std::max(bytes, bytes_of(func_.dtype(c)));
  return lowering_.target.lanes(bytes);
}

// Lanes of one vector of a block of terms that has several; 0: it is no such block.
int64_t NestEmitter::vector_in_block(const Split& split, int64_t block) const {
  const Loop& inner = *nest_.find(split.inner);
  if (!inner.reduction || inner.kind != ir::LoopKind::vector) return 0;
  const int64_t lanes = lanes_of_results();
  return block > lanes && block % lanes == 0 ? lanes : 0;
}

// The rest of the terms, one vector after the other: each adds to the first lanes of the partial results, and only the last has
// lanes without a term. A row shorter than a block is all rest.
Stmt NestEmitter::emit_rest_by_vectors(const Loop& loop, const Split& split, int64_t vector, const Expr& at, const Expr& rest,
                                       const Scope& outer, const Continue& body) {
  Lets lets(lowering_, outer.facts);
  const Expr whole = lets.named(split.inner + ".vectors", rest / integer(vector));
  const Expr last = lets.named(split.inner + ".last", rest - whole * integer(vector));
  Scope scope = outer;
  scope.facts = lets.facts();
  scope.value[loop.name] = at;
  scope.extent[split.inner] = scope.block[split.inner] = integer(vector);
  const auto from = [&](Scope inner, const Expr& number) {
    inner.start[split.inner] = simplify(at * outer.block.at(split.inner) + number * integer(vector), inner.facts);
    return inner;
  };
  Scope steady = scope, short_one = from(scope, whole);
  const std::string var = lowering_.fresh(split.inner + ".vector");
  steady.facts.bound(var, integer(0), simplify(whole - integer(1), steady.facts));
  Stmt vectors = ir::make_loop(var, integer(0), whole, ir::LoopKind::serial, body(from(std::move(steady), make_var(var))));
  short_one.valid[split.inner] = last;
  short_one.tail[split.inner] = tail_of(split);
  if (last.kind() == ExprKind::var) short_one.facts.bound(last->name, integer(1), integer(vector - 1));
  Stmt rest_of_vector = ir::make_branch(gt(last, integer(0)), body(std::move(short_one)));
  return lets.wrap(ir::make_block({vectors, rest_of_vector}));
}

// The block that writes copies while it computes. Without a whole block the copies are made beforehand.
Stmt NestEmitter::first_block(const Loop& loop, const Expr& full, Scope& scope,
                              const std::function<Stmt(Scope, const Expr&)>& steady) {
  Scope writing = scope;
  writing.writing.clear();
  const bool always = scope.facts.at_most(integer(1), full);
  std::vector<Stmt> copies;
  for (auto it = scope.awaiting.begin(); it != scope.awaiting.end();) {
    if (it->first->first_loop != loop.name) {
      ++it;
      continue;
    }
    writing.writing.push_back(*it);
    if (!always) copies.push_back(copy_nest(*it->first, it->second, scope));
    scope.staged[it->first->tensor] = it->second;
    it = scope.awaiting.erase(it);
  }
  if (writing.writing.empty()) return nullptr;
  writing.awaiting = scope.awaiting;
  writing.count[loop.name] = full;
  if (always) return steady(std::move(writing), integer(0));
  return ir::make_branch(gt(full, integer(0)), steady(std::move(writing), integer(0)), ir::make_block(copies));
}

}  // namespace lathe
