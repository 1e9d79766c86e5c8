#include "jit/lower/nest_emitter.h"

#include "jit/lower/lets.h"

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
  scope.border_cuts = outer.border_cuts;
  scope.rare = outer.rare;
  size_t at = 0;
  for (const std::string& v : func_.vars) scope.extent[v] = root_extent_[at++];
  for (const ReductionVar& r : func_.rvars) scope.extent[r.name] = root_extent_[at++];
  find_idle_rules(scope);

  Walk walk;
  for (size_t i = 0; i < nest_.loops.size(); ++i) walk.levels.push_back(static_cast<int>(i));
  if (target_) check_update_order();
  if (!func_.is_reduction()) return emit_from(walk, 0, scope);

  place_accumulators();
  return with_partials(scope, [&](Scope inner) { return emit_from(walk, 0, inner); });
}

Stmt NestEmitter::emit_from(const Walk& walk, size_t at, Scope scope) {
  if (func_.is_reduction() && walk.phase == Phase::whole && static_cast<int>(at) == accumulator_level_ + 1) {
    return emit_reduction(std::move(scope));
  }
  if (at == walk.levels.size()) {
    Stmt ahead = walk.phase == Phase::whole || walk.phase == Phase::update ? prefetches(scope) : nullptr;
    return guarded(ir::make_block({ahead, leaf(walk.phase, scope)}), scope);
  }

  bool only_constant = true;
  for (size_t i = at; i < walk.levels.size(); ++i) only_constant = only_constant && nest_.loops[walk.levels[i]].constant();
  if (only_constant && walk.phase == Phase::update && !scope.writing.empty()) {
    Stmt copies = first_copies(walk, at, scope);
    scope.writing.clear();
    return ir::make_block({copies, emit_from(walk, at, scope)});
  }

  const Loop& loop = nest_.loops[walk.levels[at]];
  Continue body = [this, walk, at](Scope inner) { return inside_loop(walk, at, std::move(inner)); };
  return emit_loop(loop, std::move(scope), body);
}

Stmt NestEmitter::emit_loop(const Loop& loop, Scope scope, const Continue& body) {
  Lets lets(lowering_, scope.facts);
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
  Continue rest = [this, walk, at](Scope inner) { return emit_from(walk, at + 1, std::move(inner)); };
  if (walk.phase != Phase::whole && walk.phase != Phase::update) return rest(std::move(scope));
  return with_attached(nest_.loops[walk.levels[at]].name, std::move(scope), rest);
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
  internal_error("lower", "no extent for loop " + name + " of " + func_.name);
}

Expr NestEmitter::local(const std::string& name, const Scope& scope) const {
  if (auto it = scope.value.find(name); it != scope.value.end()) return it->second;
  const Split* split = nest_.split_of(name);
  if (!split || !scope.start.count(split->inner)) internal_error("lower", "loop " + name + " is read before it is bound");
  return scope.start.at(split->inner) + local(split->inner, scope);
}

Expr NestEmitter::absolute(const std::string& root, const Scope& scope) const {
  return simplify(root_minimum_.at(root) + local(root, scope), scope.facts);
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
  Expr rest = extent_of(split.parent, scope) - start;
  scope.start[split.inner] = start;
  scope.block[split.inner] = block;
  if (!nest_.constant_inner(split)) {
    scope.extent[split.inner] = simplify(min(block, rest), scope.facts);
    return;
  }
  scope.extent[split.inner] = block;
  if (tail_of(split) == Tail::shift) {
    shift_block(split, block, scope);
    scope.start[split.inner] = simplify(min(start, scope.start[split.inner]), scope.facts);
    return;
  }
  scope.valid[split.inner] = simplify(min(block, rest), scope.facts);
  scope.tail[split.inner] = tail_of(split);
}

// Where the block loop was cut itself, a block is entered when the first loop inside it is met.
void NestEmitter::enter_pending(const std::string& loop, Scope& scope, Lets& lets) const {
  std::string name = loop;
  while (true) {
    for (const Split& s : nest_.splits) {
      if (s.inner != name || scope.start.count(name)) continue;
      Expr size = s.even ? ceil_div(extent_of(s.parent, scope), extent_of(s.outer, scope)) : block_size(s, scope);
      enter_block(s, lets.named(name + ".block", size), scope);
    }
    const Split* blocks = nest_.block_loop(name);
    if (!blocks) return;
    name = blocks->parent;
  }
}

// --- Loops.

Stmt NestEmitter::emit_constant(const Loop& loop, Scope scope, const Continue& body) {
  Expr extent = extent_of(loop.name, scope);
  // Lanes that a boundary rule treats one by one run one after another: short code where little work is.
  bool lanes = loop.kind == ir::LoopKind::vector && !(register_levels_.empty() && meets_border(loop, scope));
  bool short_code = loop.kind == ir::LoopKind::vector ? !lanes : scope.rare && !func_.is_reduction();
  if (short_code) {
    if (auto valid = scope.valid.find(loop.name); valid != scope.valid.end()) {
      extent = valid->second;
      scope.valid.erase(valid);
    }
    std::string var = bind(loop, extent, scope);
    scope.lane[loop.name] = make_var(var);
    return ir::make_loop(var, integer(0), extent, ir::LoopKind::serial, body(std::move(scope)));
  }
  scope.lockstep = scope.lockstep || loop.kind == ir::LoopKind::vector;
  std::string var = bind(loop, extent, scope);
  Expr lane = make_var(var);
  scope.lane[loop.name] = lane;
  if (auto valid = scope.valid.find(loop.name); valid != scope.valid.end()) {
    Expr real = lt(lane, valid->second);
    switch (scope.tail.at(loop.name)) {
      case Tail::clamp: scope.value[loop.name] = min(lane, valid->second - integer(1)); break;
      case Tail::mask: scope.masks.push_back({var, real}); break;
      default: scope.guards.push_back(real); break;
    }
  }
  return ir::make_loop(var, integer(0), extent, loop.kind, body(std::move(scope)));
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
    if (split->even) block = lets.named(split->inner + ".block", ceil_div(extent, count));
  } else if (loop.reduction && loops_around_accumulators(loop)) {
    count = max(count, integer(1));
  }
  scope.facts = lets.facts();
  scope.count[loop.name] = count;

  Stmt copies = write_awaiting(loop.name, scope);
  Expr from = integer(0);
  Stmt head;
  // The first iteration finds nothing kept from one before. Bodies with register tiles are not written twice for that.
  if (scope.first_cuts > 0 && slides_along(loop.name) && !lowering_.register_loop.count(func_.name)) {
    --scope.first_cuts;
    head = emit_range(loop, from, integer(1), count, scope, body);
    from = integer(1);
  }
  if (!split && !loop.reduction && scope.border_cuts > 0) {
    Idle idle = idle_range(loop.name, scope);
    if (!idle.accesses.empty()) {
      return lets.wrap(ir::make_block({copies, head, emit_bordered(loop, from, count, idle, std::move(scope), body)}));
    }
  }
  if (head) return lets.wrap(ir::make_block({copies, head, emit_range(loop, from, count, count, scope, body)}));
  std::string var = bind(loop, count, scope);
  if (split) enter_block(*split, block, scope);
  if (loop.reduction && !split && loops_around_accumulators(loop)) {
    scope.reduction_guards.push_back(lt(make_var(var), extent_of(loop.name, scope)));
  }
  return lets.wrap(ir::make_block({copies, ir::make_loop(var, integer(0), count, loop.kind, body(std::move(scope)), loop.when)}));
}

// Iterations [from, to) of a loop of `count`, of which there may be fewer than `to`.
Stmt NestEmitter::emit_range(const Loop& loop, const Expr& from, const Expr& to, const Expr& count, Scope scope,
                             const Continue& body) {
  Expr end = simplify(min(to, count), scope.facts);
  if (scope.facts.at_most(end, from)) return nullptr;
  std::string var = lowering_.fresh(loop.name);
  scope.facts.bound(var, from, simplify(to - integer(1), scope.facts));
  bool single = is_integer_constant(from) && simplify(to - from) == integer(1);
  scope.value[loop.name] = single ? from : make_var(var);
  scope.count[loop.name] = count;
  return ir::make_loop(var, from, simplify(end - from, scope.facts), loop.kind, body(std::move(scope)), loop.when);
}

bool NestEmitter::loops_around_accumulators(const Loop& loop) const {
  return nest_.position(loop.name) <= accumulator_level_;
}

}  // namespace lathe
