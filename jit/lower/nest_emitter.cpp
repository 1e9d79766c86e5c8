#include "jit/lower/nest_emitter.h"

#include <fmt/format.h>

#include "jit/lower/lets.h"
#include "lang/text.h"

namespace lathe {

using ir::Stmt;

NestEmitter::NestEmitter(Lowering& lowering, const FuncContents& func, std::vector<Expr> lowest,
                         std::vector<Expr> extent, const UpdateTarget* target)
    : lowering_(lowering), func_(func), target_(target), nest_(build_nest(func, lowering.directives)), root_extent_(std::move(extent)) {
  for (size_t d = 0; d < func.vars.size(); ++d) root_minimum_[func.vars[d]] = lowest[d];
  for (const ReductionVar& r : func.rvars) {
    root_minimum_[r.name] = integer(0);
    root_extent_.push_back(r.extent);
  }
}

Stmt NestEmitter::emit(const Scope& outer) {
  Scope scope;
  scope.facts = lowering_.facts;
  scope.inside = outer.inside;
  scope.masks_around = outer.masks_around;
  scope.masks_around.insert(scope.masks_around.end(), outer.masks.begin(), outer.masks.end());
  scope.border_cuts = lowering_.cuts_at_borders ? outer.border_cuts : 0;
  scope.rare = outer.rare;
  size_t at = 0;
  for (const std::string& v : func_.vars) scope.extent[v] = root_extent_[at++];
  for (const ReductionVar& r : func_.rvars) scope.extent[r.name] = root_extent_[at++];
  for (const auto& [lanes, count] : real_) scope.valid[lanes] = count, scope.tail[lanes] = Tail::mask;
  find_idle_rules(scope);
  inside_everywhere_ = scope.inside;

  Walk walk;
  for (size_t i = 0; i < nest_.loops.size(); ++i) walk.levels.push_back(static_cast<int>(i));
  if (target_) check_update_order();
  check_ranges();
  if (!func_.is_reduction()) return emit_from(walk, 0, scope);

  place_accumulators();
  return with_partials(scope, [&](Scope inner) { return emit_from(walk, 0, inner); });
}

Stmt NestEmitter::emit_from(const Walk& walk, size_t at, Scope scope) {
  if (func_.is_reduction() && walk.phase == Phase::whole && static_cast<int>(at) == accumulator_level_ + 1) {
    return emit_reduction(std::move(scope));
  }
  bool only_constant = true;
  for (size_t i = at; i < walk.levels.size(); ++i) only_constant = only_constant && nest_.loops[walk.levels[i]].constant();
  if (only_constant && walk.phase == Phase::update && !scope.writing.empty()) {
    Stmt copies = first_copies(walk, at, scope);
    scope.writing.clear();
    return ir::make_block({copies, emit_from(walk, at, scope)});
  }

  if (at == walk.levels.size()) {
    const bool reads = walk.phase == Phase::whole || walk.phase == Phase::update;
    const bool writes = walk.phase == Phase::whole || walk.phase == Phase::init;
    Stmt ahead = ir::make_block({reads ? prefetches(scope, false) : nullptr, writes ? prefetches(scope, true) : nullptr});
    return guarded(ir::make_block({ahead, leaf(walk.phase, scope)}), scope);
  }

  const Loop& loop = nest_.loops[walk.levels[at]];
  Continue body = [this, walk, at](Scope inner) { return inside_loop(walk, at, std::move(inner)); };
  return emit_loop(loop, std::move(scope), body);
}

Stmt NestEmitter::emit_loop(const Loop& loop, Scope scope, const Continue& body) {
  Lets lets(lowering_, scope.facts);
  enter_ranges(loop, scope, lets);
  enter_pending(loop.name, scope, lets);
  scope.facts = lets.facts();
  const Split* split = nest_.block_loop(loop.name);
  if (loop.constant()) return lets.wrap(emit_constant(loop, std::move(scope), body));
  if (split && split->kind == Split::Kind::columns) return lets.wrap(emit_panels(loop, *split, std::move(scope), body));
  // A block loop with partial results knows its last block by its number, and runs once without terms.
  bool partials = loop.reduction && loops_around_accumulators(loop);
  if (split && nest_.constant_inner(*split) && !partials) {
    return lets.wrap(emit_blocks(loop, *split, std::move(scope), body));
  }
  return lets.wrap(emit_plain(loop, std::move(scope), body));
}

Stmt NestEmitter::inside_loop(const Walk& walk, size_t at, Scope scope) {
  const Loop& loop = nest_.loops[walk.levels[at]];
  Lets lets(lowering_, scope.facts);
  enter_fusions(scope, lets);
  const bool reads = walk.phase == Phase::whole || walk.phase == Phase::update || walk.phase == Phase::finish;
  if (reads) {
    enter_tables(scope, lets);
    enter_folds(scope, lets);
  }
  scope.facts = lets.facts();
  Continue rest = [this, walk, at](Scope inner) { return emit_from(walk, at + 1, std::move(inner)); };
  if (walk.phase != Phase::whole && walk.phase != Phase::update) return lets.wrap(rest(std::move(scope)));
  if (scope.guards.empty() || !makes_values_in(loop.name)) return lets.wrap(with_attached(loop.name, std::move(scope), rest));
  // What is made for an iteration that there is not would read beyond the end.
  Scope inner = scope;
  inner.guards.clear();
  return lets.wrap(guarded(with_attached(loop.name, std::move(inner), rest), scope));
}

// --- Values of loops and variables.

Expr NestEmitter::extent_of(const std::string& name, const Scope& scope) const {
  auto it = scope.extent.find(name);
  if (it != scope.extent.end()) return it->second;
  // A block loop that was cut again: as many iterations as there are blocks. Its inner loop is bound late.
  for (const Split& s : nest_.splits) {
    if (s.outer == name) return ceil_div(extent_of(s.parent, scope), block_size(s, scope));
    if (s.inner == name && nest_.constant_inner(s)) return block_size(s, scope);
  }
  if (const Fusion* f = nest_.fusion_named(name)) {
    return simplify(extent_of(f->outer, scope), scope.facts) * simplify(extent_of(f->inner, scope), scope.facts);
  }
  internal_error("lower", "no extent for loop " + name + " of " + func_.name);
}

Expr NestEmitter::local(const std::string& name, const Scope& scope) const {
  if (auto it = scope.value.find(name); it != scope.value.end()) return it->second;
  const Split* split = nest_.split_of(name);
  if (!split || !scope.start.count(split->inner)) internal_error("lower", "loop " + name + " is read before it is bound");
  return scope.start.at(split->inner) + local(split->inner, scope);
}

bool NestEmitter::bound(const std::string& name, const Scope& scope) const {
  if (scope.value.count(name)) return true;
  const Split* split = nest_.split_of(name);
  return split && scope.start.count(split->inner) && bound(split->inner, scope);
}

Expr NestEmitter::minimum_of(const std::string& root, const Scope& scope) const {
  auto low = scope.low.find(root);
  return low == scope.low.end() ? root_minimum_.at(root) : low->second;
}

Expr NestEmitter::absolute(const std::string& root, const Scope& scope) const {
  return simplify(minimum_of(root, scope) + local(root, scope), scope.facts);
}

std::string NestEmitter::bind(const Loop& loop, const Expr& count, Scope& scope) {
  std::string var = lowering_.fresh(loop.name);
  scope.value[loop.name] = make_var(var);
  scope.count[loop.name] = count;
  scope.facts.bound(var, integer(0), simplify(count - integer(1), scope.facts));
  return var;
}

Expr NestEmitter::block_size(const Split& split, const Scope& scope) const {
  if (split.kind == Split::Kind::factor) return split.factor;
  auto it = scope.tile_class.find(split.inner);
  return integer(split.classes[it == scope.tile_class.end() ? 0 : it->second].rows);
}

// The block loop is bound: the inner loop starts there and ends with the block or with the parent.
void NestEmitter::enter_block(const Split& split, const Expr& block, Scope& scope) const {
  Expr start = simplify(local(split.outer, scope) * block, scope.facts);
  if (split.tail == Tail::shift && tail_of(split) == Tail::shift) {
    shift_block(split, block, scope);
    scope.start[split.inner] = simplify(min(start, scope.start[split.inner]), scope.facts);
    return;
  }
  Expr rest = extent_of(split.parent, scope) - start;
  scope.start[split.inner] = start;
  scope.block[split.inner] = block;
  if (!nest_.constant_inner(split)) {
    scope.extent[split.inner] = simplify(min(block, rest), scope.facts);
    return;
  }
  scope.extent[split.inner] = block;
  scope.valid[split.inner] = simplify(min(block, rest), scope.facts);
  scope.tail[split.inner] = tail_of(split);
}

Expr NestEmitter::even_block(const Split& split, const Expr& extent, const Expr& count, Lets& lets) {
  const Expr unit = integer(even_unit(split.factor));
  return lets.named(split.inner + ".block", ceil_div(extent, count * unit)) * unit;
}

// Where the block loop was cut itself, a block is entered when the first loop inside it is met.
void NestEmitter::enter_pending(const std::string& loop, Scope& scope, Lets& lets) const {
  if (const Fusion* f = nest_.fusion_named(loop)) {
    enter_pending(f->outer, scope, lets);
    enter_pending(f->inner, scope, lets);
  }
  std::string name = loop;
  while (true) {
    for (const Split& s : nest_.splits) {
      if (s.inner != name || scope.start.count(name)) continue;
      enter_block(s, s.even ? even_block(s, extent_of(s.parent, scope), extent_of(s.outer, scope), lets) : lets.named(name + ".block", block_size(s, scope)), scope);
    }
    const Split* blocks = nest_.block_loop(name);
    if (!blocks) return;
    name = blocks->parent;
  }
}

// What the variables of this loop run over is known where those outside are bound.
void NestEmitter::enter_ranges(const Loop& loop, Scope& scope, Lets& lets) const {
  if (!loop.reduction || lowering_.ranges.empty()) return;
  for (const std::string& r : nest_.variables_of(loop)) {
    auto range = lowering_.ranges.find({func_.name, r});
    if (range == lowering_.ranges.end() || scope.low.count(r)) continue;
    Substitution values;
    for (const auto& [root, minimum] : root_minimum_) {
      if (uses_var(range->second.lowest, root) || uses_var(range->second.end, root)) values.push_back({root, absolute(root, scope)});
    }
    const Expr low = lets.named(r + ".low", substitute(range->second.lowest, values));
    const Expr extent = lets.named(r + ".extent", max(substitute(range->second.end, values) - low, integer(0)));
    scope.low[r] = low;
    scope.extent[r] = extent;
    scope.facts = lets.facts();
  }
}

// A range may follow loops that stand outside of its variable's, one iteration at a time.
void NestEmitter::check_ranges() const {
  for (const ReductionVar& r : func_.rvars) {
    auto range = lowering_.ranges.find({func_.name, r.name});
    if (range == lowering_.ranges.end()) continue;
    bool inside = false;
    for (const Loop& loop : nest_.loops) {
      const std::set<std::string> variables = nest_.variables_of(loop);
      inside = inside || variables.count(r.name);
      for (const std::string& v : variables) {
        const bool follows = v != r.name && (uses_var(range->second.lowest, v) || uses_var(range->second.end, v));
        if (!follows || (!inside && loop.kind != ir::LoopKind::vector)) continue;
        throw Error(ErrorCode::illegal_schedule,
                    {"schedule", fmt::format("{} of {} runs from {} to {}", r.name, func_.name, print(range->second.lowest), print(range->second.end)),
                     inside ? fmt::format("{} stands inside", loop.name) : fmt::format("{} is a vector", loop.name),
                     fmt::format("serial loops over {} outside of {}", v, r.name), range->second.where, "reorder them, or leave this variable unclipped"});
      }
    }
  }
}

// Loops that were fused get their values where all of the fused loop is bound.
void NestEmitter::enter_fusions(Scope& scope, Lets& lets) const {
  for (auto f = nest_.fusions.rbegin(); f != nest_.fusions.rend(); ++f) {   // what was fused last holds those before it
    if (!scope.value.count(f->outer) && bound(f->fused, scope)) enter_fusion(*f, scope, lets);
  }
}

void NestEmitter::enter_fusion(const Fusion& fusion, Scope& scope, Lets& lets) const {
  const Fusion* f = &fusion;
  const Expr at = local(f->fused, scope), outer_count = extent_of(f->outer, scope);
  const Expr inner_count = lets.named(f->inner + ".count", extent_of(f->inner, scope));
  const Expr outer = lets.named(f->outer, at / inner_count), inner = lets.named(f->inner, at - outer * inner_count);
  scope.value[f->outer] = outer, scope.count[f->outer] = outer_count;
  scope.value[f->inner] = inner, scope.count[f->inner] = inner_count;
  for (const auto& [var, count] : {std::pair{outer, outer_count}, std::pair{inner, inner_count}}) {
    if (var.kind() == ExprKind::var) lets.facts().bound(var->name, integer(0), simplify(count - integer(1), lets.facts()));
  }
  scope.facts = lets.facts();
  for (const std::string& part : {f->outer, f->inner}) {
    const Split* s = nest_.block_loop(part);
    if (!s) continue;
    enter_block(*s, s->even ? even_block(*s, extent_of(s->parent, scope), extent_of(s->outer, scope), lets) : lets.named(s->inner + ".block", block_size(*s, scope)), scope);
    scope.facts = lets.facts();
  }
}

// --- Loops.

Stmt NestEmitter::emit_constant(const Loop& loop, Scope scope, const Continue& body) {
  Expr extent = extent_of(loop.name, scope);
  auto instruction = lowering_.tensorized.find(func_.name);
  if (instruction != lowering_.tensorized.end() && instruction->second.loop == loop.name && !scope.copies) {
    if (auto operands = operands_of(instruction->second, scope)) {
      scope.operands = std::move(*operands);
      scope.value[loop.name] = scope.lane[loop.name] = integer(0);
      return body(std::move(scope));
    }
  }
  // Lanes that a boundary rule treats one by one run one after another: short code where little work is. What is made in
  // registers stays whole vectors: they move as such.
  bool lanes = loop.kind == ir::LoopKind::vector && (straight_ || !(register_levels_.empty() && meets_border(loop, scope)));
  bool short_code = loop.kind == ir::LoopKind::vector ? !lanes : scope.rare && !func_.is_reduction();
  ir::LoopKind kind = loop.kind;
  if (short_code && (straight_ || reads_windows())) {
    kind = ir::LoopKind::unroll;
  } else if (short_code) {
    if (auto valid = scope.valid.find(loop.name); valid != scope.valid.end()) {
      extent = valid->second;
      scope.valid.erase(valid);
    }
    std::string var = bind(loop, extent, scope);
    scope.lane[loop.name] = make_var(var);
    return ir::make_loop(var, integer(0), extent, ir::LoopKind::serial, body(std::move(scope)));
  }
  scope.lockstep = scope.lockstep || kind == ir::LoopKind::vector;
  std::string var = bind(loop, extent, scope);
  Expr lane = make_var(var);
  scope.lane[loop.name] = lane;
  if (auto valid = scope.valid.find(loop.name); valid != scope.valid.end()) {
    Expr real = lt(lane, valid->second);
    const Tail tail = scope.tail.at(loop.name);
    const bool stays = kind != loop.kind || (tail == Tail::clamp && reads_windows());   // places in a window are constant
    switch (stays ? Tail::guard : tail) {
      case Tail::clamp: scope.value[loop.name] = min(lane, valid->second - integer(1)); break;
      case Tail::mask: scope.masks.push_back({var, real}); break;
      case Tail::shift: scope.value[loop.name] = lane_of_panel(loop.name, lane, scope); break;
      default: scope.guards.push_back(real); break;
    }
  }
  return ir::make_loop(var, integer(0), extent, kind, body(std::move(scope)));
}

Stmt NestEmitter::emit_plain(const Loop& loop, Scope scope, const Continue& body) {
  Lets lets(lowering_, scope.facts);
  const Split* split = nest_.block_loop(loop.name);
  Expr count = split ? extent_of(split->parent, scope) : extent_of(loop.name, scope);
  Expr block;
  if (split) {
    Expr extent = count;
    block = block_size(*split, scope);
    count = lets.named(loop.name + ".count", ceil_div(extent, block));
    if (loop.reduction) count = lets.named(loop.name + ".count", max(count, integer(1)));
    if (split->even) block = even_block(*split, extent, count, lets);
  } else if (loop.reduction && loops_around_accumulators(loop)) {
    count = max(count, integer(1));
  }
  scope.facts = lets.facts();
  scope.count[loop.name] = count;

  Stmt copies = write_awaiting(loop.name, scope);
  const Continue entered = [&](Scope inner) {
    if (split) enter_block(*split, block, inner);
    return body(std::move(inner));
  };
  if (loop.peel_first.defined()) return lets.wrap(ir::make_block({copies, emit_peeled(loop, count, std::move(scope), entered)}));
  Expr from = integer(0);
  Stmt head;
  // The first iteration finds nothing kept from one before. Bodies with register tiles are not written twice for that.
  if (scope.first_cuts > 0 && slides_along(loop.name) && !lowering_.register_loop.count(func_.name)) {
    --scope.first_cuts;
    head = emit_range(loop, from, integer(1), count, scope, entered);
    from = integer(1);
  }
  if (!split && !loop.reduction && scope.border_cuts > 0) {
    Idle idle = idle_range(loop.name, scope);
    if (!idle.accesses.empty()) {
      return lets.wrap(ir::make_block({copies, head, emit_bordered(loop, from, count, idle, std::move(scope), entered)}));
    }
  }
  if (head) return lets.wrap(ir::make_block({copies, head, emit_range(loop, from, count, count, scope, entered)}));
  std::string var = bind(loop, count, scope);
  if (loop.reduction && !split && loops_around_accumulators(loop)) {
    scope.reduction_guards.push_back(lt(make_var(var), extent_of(loop.name, scope)));
  }
  return lets.wrap(ir::make_block({copies, ir::make_loop(var, integer(0), count, kind_of(loop), entered(std::move(scope)), loop.when)}));
}

// The first and the last iterations apart, so that what holds between them is known there.
Stmt NestEmitter::emit_peeled(const Loop& loop, const Expr& count, Scope scope, const Continue& body) {
  Lets lets(lowering_, scope.facts);
  const Expr first = lets.named(loop.name + ".first", min(loop.peel_first, count));
  const Expr last = lets.named(loop.name + ".last", max(first, count - loop.peel_last));
  scope.facts = lets.facts();
  std::vector<Stmt> parts;
  for (const auto& [from, to] : {std::pair{integer(0), first}, std::pair{first, last}, std::pair{last, count}}) {
    parts.push_back(emit_range(loop, from, to, count, scope, body));
  }
  return lets.wrap(ir::make_block(std::move(parts)));
}

// Iterations [from, to) of a loop of `count`, of which there may be fewer than `to`.
Stmt NestEmitter::emit_range(const Loop& loop, const Expr& from, const Expr& to, const Expr& count, Scope scope,
                             const Continue& body) {
  Expr end = simplify(min(to, count), scope.facts);
  if (scope.facts.at_most(end, from)) return nullptr;
  std::string var = lowering_.fresh(loop.name);
  scope.facts.bound(var, from, simplify(to - integer(1), scope.facts));
  bool single = simplify(to - from) == integer(1);
  scope.value[loop.name] = single ? from : make_var(var);
  scope.count[loop.name] = count;
  return ir::make_loop(var, from, simplify(end - from, scope.facts), kind_of(loop), body(std::move(scope)), loop.when);
}

bool NestEmitter::loops_around_accumulators(const Loop& loop) const {
  return nest_.position(loop.name) <= accumulator_level_;
}

}  // namespace lathe
