// A reduction in three phases (docs/design/reductions.md). Inside the accumulators' loop: start from the identity, update
// over the reduction loops inside, combine with the partial results of earlier blocks, then finish (epilogues) on the
// last block or keep the partial results. First and last block are conditions outside the innermost loop, never bodies.
#include <fmt/format.h>

#include <algorithm>

#include "jit/lower/lets.h"
#include "jit/lower/nest_emitter.h"
#include "schedules/text.h"

namespace lathe {

using ir::Stmt;

// Chooses the loop inside which accumulators live, and whether they are registers.
void NestEmitter::place_accumulators() {
  auto asked = lowering_.register_loop.find(func_.name);
  bool in_registers = asked != lowering_.register_loop.end();
  if (in_registers) {
    accumulator_level_ = nest_.position(asked->second);
    if (accumulator_level_ < 0) refuse_registers(ErrorCode::unknown_loop, asked->second, "a loop of the Func");
  } else {
    int first = 0;
    while (first < static_cast<int>(nest_.loops.size()) && !nest_.loops[first].reduction) ++first;
    accumulator_level_ = first - 1;
  }
  accumulate_in_registers_ = true;
  register_levels_.clear();
  for (size_t i = 0; i < nest_.loops.size(); ++i) {
    const Loop& loop = nest_.loops[i];
    bool inside = static_cast<int>(i) > accumulator_level_;
    if (!inside && loop.reduction && loop.constant()) {
      refuse_registers(ErrorCode::illegal_schedule, fmt::format("{} outside is unrolled", loop.name),
                       "serial loops over blocks of the reduction", "partial results are kept between them");
    }
    bool terms = loop.reduction && loop.kind == ir::LoopKind::vector;
    if (!inside || (loop.reduction && !terms)) continue;
    register_levels_.push_back(static_cast<int>(i));
    if (loop.constant()) continue;
    accumulate_in_registers_ = false;
    if (!in_registers) continue;
    refuse_registers(ErrorCode::illegal_schedule,
                     fmt::format("{} inside {} is neither vectorized nor unrolled", loop.name, asked->second),
                     "a constant extent for every loop over an index of the result inside it",
                     fmt::format("unroll({0}) or move {0} outside of {1}", loop.name, asked->second));
  }
  lowering_.note(func_.name, Requirement::in_registers, accumulate_in_registers_, "a loop over an index of the result inside the reduction is neither vectorized nor unrolled");
  if (lowering_.op.strict) check_written_order();
  check_vector_of_terms();
  if (in_registers) check_register_count();
  // Lanes lie side by side, wherever the vector stands among the loops.
  std::stable_partition(register_levels_.begin(), register_levels_.end(),
                        [&](int level) { return nest_.loops[level].kind != ir::LoopKind::vector; });
}

// Some loop of the reduction stands outside of the accumulators.
bool NestEmitter::blocked() const {
  return std::any_of(nest_.loops.begin(), nest_.loops.end(),
                     [&](const Loop& l) { return l.reduction && loops_around_accumulators(l); });
}

// The vector loop over terms of the reduction, as a position in the nest; -1: there is none. Each lane sums its own terms.
int NestEmitter::vector_of_terms() const {
  for (int level : register_levels_) if (nest_.loops[level].reduction) return level;
  return -1;
}

void NestEmitter::check_vector_of_terms() const {
  const int level = vector_of_terms();
  if (level < 0) return;
  const Loop& terms = nest_.loops[level];
  auto refuse = [&](std::string got, std::string need, std::string hint = {}) {
    throw Error(ErrorCode::illegal_schedule, {"schedule", fmt::format("{}.vectorize({})", func_.name, terms.name),
                                              std::move(got), std::move(need), terms.where, std::move(hint)});
  };
  if (lowering_.op.strict) refuse("lanes that sum terms apart", "the written order, in the strict class");
  for (int other : register_levels_) {
    if (other != level && nest_.loops[other].kind == ir::LoopKind::vector) {
      refuse(fmt::format("{} is a vector too", nest_.loops[other].name), "one vector loop");
    }
  }
  if (accumulate_in_registers_) return;
  refuse(fmt::format("results of {} in memory", func_.name), "a result in registers, with a sum for each lane",
         fmt::format("put the loops over its indices outside of {}, or unroll them", terms.name));
}

// What would be spilt in every step is refused: the author asked for registers.
void NestEmitter::check_register_count() const {
  size_t classes = 1;
  for (const Split& s : nest_.splits) classes = std::max(classes, s.classes.size());
  int64_t most = 0;
  for (size_t c = 0; c < classes; ++c) {
    int64_t copies = 1, lanes = 1;
    for (int level : register_levels_) {
      const Loop& loop = nest_.loops[static_cast<size_t>(level)];
      (loop.kind == ir::LoopKind::vector ? lanes : copies) *= nest_.constant_extent(loop, c);
    }
    int64_t registers = 0;
    for (int component = 0; component < func_.components(); ++component) {
      const int64_t bytes = lanes * bytes_of(func_.dtype(component));
      registers += copies * ((bytes + lowering_.target.vector_bytes - 1) / lowering_.target.vector_bytes);
    }
    most = std::max(most, registers);
  }
  if (most <= lowering_.target.vector_registers) return;
  refuse_registers(ErrorCode::over_budget, fmt::format("a tile of {} vector registers", most),
                   fmt::format("at most the {} that {} has", lowering_.target.vector_registers, lowering_.target.name),
                   "a smaller tile");
}

// In the strict class terms are added in the order of the definition: the reduction's loops keep theirs, and no block is
// summed on its own.
void NestEmitter::check_written_order() const {
  size_t at = 0;
  for (const Loop& loop : nest_.loops) {
    if (!loop.reduction) continue;
    if (accumulate_in_registers_ && loops_around_accumulators(loop)) {
      refuse_registers(ErrorCode::illegal_schedule, fmt::format("{} outside cuts the reduction into blocks", loop.name),
                       "one block, in the strict class");
    }
    while (at < func_.rvars.size() && func_.rvars[at].name != loop.root) ++at;
    if (at < func_.rvars.size()) continue;
    throw Error(ErrorCode::illegal_schedule,
                {"schedule", fmt::format("the loops of the reduction {} are reordered", func_.name), loop.name,
                 "the written order, in the strict class", nest_.order});
  }
}

void NestEmitter::refuse_registers(ErrorCode code, std::string got, std::string need, std::string hint) const {
  ErrorParts parts{"schedule", fmt::format("store_in of {}", func_.name), std::move(got), std::move(need), func_.where,
                   std::move(hint)};
  for (const Directive& d : lowering_.directives) {
    if (d.kind != DirectiveKind::store_in || d.func != func_.name) continue;
    parts.what = print(d);
    parts.where = d.where;
  }
  throw Error(code, std::move(parts));
}

// Gives partial results a place when reduction loops stand outside of the accumulators: the Func's own storage, else
// that of its only epilogue where types agree, else scratch for the whole result.
Stmt NestEmitter::with_partials(Scope scope, const Continue& body) {
  if (auto own = lowering_.storage.find(func_.name); own != lowering_.storage.end()) {
    partials_ = own->second;
    return body(std::move(scope));
  }
  const auto& epilogues = lowering_.epilogues[func_.name];
  if (!blocked() && accumulate_in_registers_) return body(std::move(scope));
  if (epilogues.size() == 1 && epilogues[0]->components() == func_.components()) {
    bool same = true;
    for (int c = 0; c < func_.components(); ++c) same = same && epilogues[0]->dtype(c) == func_.dtype(c);
    if (same && !writes_in_place() && lowering_.storage.count(epilogues[0]->name)) {
      partials_ = lowering_.storage.at(epilogues[0]->name);
      return body(std::move(scope));
    }
  }
  Lets lets(lowering_, scope.facts);
  std::vector<Expr> extents;
  for (const std::string& v : func_.vars) {
    partials_.minimum.push_back(root_minimum_[v]);
    extents.push_back(lets.named(v + ".extent", scope.extent[v]));
  }
  partials_.digits = row_major(extents.size());
  if (extents.empty()) extents.push_back(integer(1));
  partials_.fold.resize(func_.vars.size());
  for (int c = 0; c < func_.components(); ++c) partials_.buffers.push_back(lowering_.fresh(func_.name + ".partial"));
  scope.facts = lets.facts();
  Stmt s = body(std::move(scope));
  for (int c = 0; c < func_.components(); ++c) {
    s = ir::make_alloc(partials_.buffers[c], func_.dtype(c), ir::Space::heap, extents, s);
  }
  return lets.wrap(s);
}

NestEmitter::Accumulators NestEmitter::fresh_accumulators(std::vector<int> levels) {
  Accumulators made{{}, std::move(levels)};
  for (int c = 0; c < func_.components(); ++c) made.buffers.push_back(lowering_.fresh(func_.name + ".acc"));
  return made;
}

Stmt NestEmitter::in_registers(const Accumulators& registers, Stmt body, const Scope& scope) const {
  std::vector<Expr> extents;
  for (int level : registers.levels) extents.push_back(extent_of(nest_.loops[level].name, scope));
  if (extents.empty()) extents.push_back(integer(1));
  for (int c = 0; c < func_.components(); ++c) {
    body = ir::make_alloc(registers.buffers[c], func_.dtype(c), ir::Space::registers, extents, body);
  }
  return body;
}

Stmt NestEmitter::emit_reduction(Scope scope) {
  if (!accumulate_in_registers_) return emit_parts(scope);
  const Accumulators running = fresh_accumulators(register_levels_);
  accumulators_ = folded_ = running;
  if (vector_of_terms() >= 0) {
    std::vector<int> levels = register_levels_;
    std::erase(levels, vector_of_terms());
    folded_ = fresh_accumulators(levels);
  }
  const Accumulators folded = folded_;
  Stmt s = in_registers(running, emit_parts(scope), scope);
  if (vector_of_terms() >= 0) s = in_registers(folded, s, scope);
  return lowering_.register_loop.count(func_.name) && loops_over_terms() ? ir::make_unit(s) : s;
}

// Some loop over terms runs inside of the accumulators. Without one the body is straight code, to which calling it would be
// most of the work.
bool NestEmitter::loops_over_terms() const {
  return std::any_of(nest_.loops.begin(), nest_.loops.end(), [&](const Loop& l) {
    return l.reduction && !l.constant() && !loops_around_accumulators(l);
  });
}

// Loops of the reduction outside of the accumulators run once for an empty reduction: nothing is read or added then.
Stmt NestEmitter::where_terms(Stmt s, const Scope& scope) {
  for (const Expr& guard : scope.reduction_guards) s = ir::make_branch(guard, s);
  return s;
}

Stmt NestEmitter::emit_parts(const Scope& scope) {
  Walk all, results;
  for (size_t i = accumulator_level_ + 1; i < nest_.loops.size(); ++i) {
    all.levels.push_back(static_cast<int>(i));
    if (!nest_.loops[i].reduction) results.levels.push_back(static_cast<int>(i));
  }
  auto nest = [&](Walk walk, Phase phase) {
    walk.phase = phase;
    Scope inner = scope;
    if (phase != Phase::update) inner.writing.clear();
    return emit_from(walk, 0, inner);
  };

  Expr first = make_true(), last = make_true();
  for (int i = 0; i <= accumulator_level_; ++i) {
    const Loop& loop = nest_.loops[i];
    if (!loop.reduction) continue;
    const Expr &at = scope.value.at(loop.name), &count = scope.count.at(loop.name);
    first = simplify(first & eq(at, integer(0)), scope.facts);
    last = simplify(last & eq(at, count - integer(1)), scope.facts);
  }
  bool blocked = !is_integer_constant(first);
  bool resume = lowering_.op.strict && blocked && accumulate_in_registers_;
  Stmt init = nest(results, Phase::init);
  if (resume) init = ir::make_branch(first, init, nest(results, Phase::resume));
  if (!accumulate_in_registers_ && !is_integer_constant(first)) init = ir::make_branch(first, init);
  Stmt update = nest(all, Phase::update);
  update = where_terms(update, scope);
  Stmt fold = vector_of_terms() >= 0 ? nest(results, Phase::fold) : nullptr;
  accumulators_ = folded_;

  Stmt combine, finish;
  if (blocked && accumulate_in_registers_ && !resume) {
    combine = ir::make_branch(simplify(make_op(Op::bit_not, {first})), nest(results, Phase::combine));
  }
  bool completed = !lowering_.epilogues[func_.name].empty();
  bool stored = lowering_.storage.count(func_.name) != 0;
  Stmt store = accumulate_in_registers_ && (blocked || stored) ? nest(results, Phase::store) : nullptr;
  if (completed) {
    Stmt complete = nest(results, Phase::finish);
    finish = stored    ? ir::make_block({store, blocked ? ir::make_branch(last, complete) : complete})
             : blocked ? ir::make_branch(last, complete, store)
                       : complete;
  } else {
    finish = store;
  }
  return ir::make_block({init, update, fold, combine, finish});
}

Expr NestEmitter::accumulator(int component, const Scope& scope) const {
  Type type{func_.dtype(component), 1};
  if (!accumulate_in_registers_) {
    return read(partials_, component, type.dtype, own_indices(scope), scope);
  }
  return make_access(accumulators_.buffers[component], type.dtype, place_of(accumulators_, scope));
}

std::vector<Expr> NestEmitter::place_of(const Accumulators& registers, const Scope& scope) const {
  std::vector<Expr> lanes;
  for (int level : registers.levels) lanes.push_back(scope.lane.at(nest_.loops[level].name));
  if (lanes.empty()) lanes.push_back(integer(0));
  return lanes;
}

// combine(left, right). Accumulators are never NaN under the combiners that skip NaN (their identities are not), so the
// choice takes one comparison.
std::vector<Expr> NestEmitter::combined(const std::vector<Expr>& left, const std::vector<Expr>& right) const {
  const Combiner& combiner = *func_.combiner;
  Substitution operands;
  for (size_t c = 0; c < left.size(); ++c) {
    operands.push_back({combiner.left[c], left[c]});
    operands.push_back({combiner.right[c], right[c]});
  }
  std::vector<Expr> result;
  for (const Expr& e : combiner.combined) {
    bool skips = (e.is_op(Op::max_number) || e.is_op(Op::min_number)) && is_float(e.type().dtype) &&
                 e.arg(0).kind() == ExprKind::var && e.arg(1).kind() == ExprKind::var;
    Expr value = skips ? select(make_op(e.is_op(Op::max_number) ? Op::gt : Op::lt, {e.arg(1), e.arg(0)}), e.arg(1),
                                e.arg(0))
                       : e;
    result.push_back(substitute(value, operands));
  }
  return result;
}

Stmt NestEmitter::store_accumulators(const std::vector<Expr>& values, const Scope& scope) {
  if (!accumulate_in_registers_) return store_values(values, partials_, func_, scope, false);
  return store_together(accumulators_.buffers, place_of(accumulators_, scope), values);
}

// All components are computed before one is overwritten.
Stmt NestEmitter::store_together(const std::vector<std::string>& buffers, const std::vector<Expr>& place,
                                 const std::vector<Expr>& values) {
  std::vector<Stmt> stores;
  for (size_t c = 0; c < values.size(); ++c) stores.push_back(ir::make_store(buffers[c], place, values[c]));
  if (stores.size() == 1) return stores[0];
  std::vector<std::string> names;
  for (size_t c = 0; c < values.size(); ++c) {
    names.push_back(lowering_.fresh("new"));
    stores[c] = ir::make_store(buffers[c], place, make_var(names[c], values[c].type()));
  }
  Stmt s = ir::make_block(stores);
  for (size_t c = values.size(); c-- > 0;) s = ir::make_let(names[c], values[c], s);
  return s;
}

Stmt NestEmitter::leaf_init(const Scope& scope) {
  if (vector_of_terms() < 0) return store_accumulators(func_.combiner->identity, scope);
  const std::string& terms = nest_.loops[vector_of_terms()].name;
  Scope inner = scope;
  std::string name = lowering_.fresh(terms);
  inner.lane[terms] = make_var(name);
  return ir::make_loop(name, integer(0), extent_of(terms, scope), ir::LoopKind::vector,
                       store_accumulators(func_.combiner->identity, inner));
}

// The lanes of one result become one: the upper half is combined with the lower half until one lane is left. Each step
// has registers of its own, so that vectors become narrower step by step.
Stmt NestEmitter::leaf_fold(const Scope& scope) {
  const std::string& terms = nest_.loops[vector_of_terms()].name;
  int64_t lanes = 0;
  is_integer_constant(extent_of(terms, scope), &lanes);
  std::vector<Expr> point = place_of(folded_, scope);
  if (folded_.levels.empty()) point.clear();
  std::vector<std::string> from = accumulators_.buffers;
  std::vector<Expr> outer = point;                          // indices of the buffers that are read, without the lane
  struct Step {
    std::vector<std::string> buffers;
    int64_t lanes;
  };
  std::vector<Step> steps;
  std::vector<Stmt> statements;
  do {                                                      // a single lane is moved
    const int64_t half = (lanes + 1) / 2;
    const bool last = half == 1;
    Step step{folded_.buffers, half};
    if (!last) {
      for (std::string& name : step.buffers) name = lowering_.fresh(name);
      steps.push_back(step);
    }
    auto at = [](std::vector<Expr> indices, const Expr& lane) {
      indices.push_back(lane);
      return indices;
    };
    auto lanes_of = [&](const Expr& lane) {
      std::vector<Expr> values;
      for (int c = 0; c < func_.components(); ++c) values.push_back(make_access(from[c], func_.dtype(c), at(outer, lane)));
      return values;
    };
    auto write = [&](int64_t first, int64_t end, const std::function<std::vector<Expr>(const Expr&)>& value) {
      if (first == end) return;
      std::string name = lowering_.fresh(terms);
      Expr lane = make_var(name);
      std::vector<Expr> place = last ? place_of(folded_, scope) : std::vector<Expr>{lane};
      statements.push_back(ir::make_loop(name, integer(first), integer(end - first), ir::LoopKind::vector,
                                         store_together(step.buffers, place, value(lane))));
    };
    write(0, lanes - half, [&](const Expr& lane) { return combined(lanes_of(lane), lanes_of(lane + integer(half))); });
    write(lanes - half, half, lanes_of);
    from = step.buffers;
    outer.clear();
    lanes = half;
  } while (lanes > 1);
  Stmt s = ir::make_block(statements);
  for (const Step& step : steps) {
    for (int c = 0; c < func_.components(); ++c) {
      s = ir::make_alloc(step.buffers[c], func_.dtype(c), ir::Space::registers, {integer(step.lanes)}, s);
    }
  }
  return s;
}

Stmt NestEmitter::leaf(Phase phase, const Scope& scope) {
  std::vector<Expr> values;
  switch (phase) {
    case Phase::whole:
      if (target_) return leaf_write(scope);
      note_idle(scope);
      for (const Expr& v : func_.values) values.push_back(translate(v, scope));
      return store_values(values, lowering_.storage.at(func_.name), func_, scope, true);
    case Phase::init: return leaf_init(scope);
    case Phase::update: note_idle(scope); return leaf_update(scope);
    case Phase::fold: return leaf_fold(scope);
    case Phase::resume: return store_accumulators(partial_values(scope), scope);
    case Phase::combine:
      for (int c = 0; c < func_.components(); ++c) values.push_back(accumulator(c, scope));
      return store_accumulators(combined(partial_values(scope), values), scope);
    case Phase::finish: return leaf_finish(scope);
    case Phase::store:
      for (int c = 0; c < func_.components(); ++c) values.push_back(accumulator(c, scope));
      return store_values(values, partials_, func_, scope, !blocked());   // partial results are read again
  }
  return nullptr;
}

std::vector<Expr> NestEmitter::partial_values(const Scope& scope) const {
  std::vector<Expr> values;
  for (int c = 0; c < func_.components(); ++c) {
    values.push_back(read(partials_, c, func_.dtype(c), own_indices(scope), scope));
  }
  return values;
}

Stmt NestEmitter::leaf_update(const Scope& scope) {
  if (!scope.operands.empty()) {
    std::vector<Expr> args{accumulator(0, scope)};
    args.insert(args.end(), scope.operands.begin(), scope.operands.end());
    return store_accumulators({make_instruction(lowering_.tensorized.at(func_.name).instruction, std::move(args))}, scope);
  }
  std::vector<Expr> before, values;
  absent_.clear();
  for (int c = 0; c < func_.components(); ++c) {
    before.push_back(accumulator(c, scope));
    values.push_back(translate(func_.values[c], scope));
  }
  std::vector<Expr> after = combined(before, values);
  if (int level = vector_of_terms(); level >= 0) {          // lanes beyond the last term keep what they have
    const std::string& terms = nest_.loops[level].name;
    auto valid = scope.valid.find(terms);
    if (valid != scope.valid.end()) absent_.push_back(lt(scope.lane.at(terms), valid->second));
  }
  for (const Expr& present : absent_) {
    for (size_t c = 0; c < after.size(); ++c) after[c] = select(present, after[c], before[c]);
  }
  absent_.clear();
  return store_accumulators(after, scope);
}

Stmt NestEmitter::leaf_finish(const Scope& scope) {
  std::vector<Stmt> stores;
  epilogue_values_.clear();
  for (int c = 0; c < func_.components(); ++c) epilogue_values_.push_back(accumulator(c, scope));
  for (const FuncContents* epilogue : lowering_.epilogues[func_.name]) {
    Substitution rename;
    for (size_t d = 0; d < func_.vars.size(); ++d) rename.push_back({epilogue->vars[d], make_var(func_.vars[d])});
    std::vector<Expr> values;
    for (const Expr& v : epilogue->values) values.push_back(translate(substitute(v, rename), scope));
    stores.push_back(store_values(values, lowering_.storage.at(epilogue->name), *epilogue, scope, true));
  }
  epilogue_values_.clear();
  return ir::make_block(std::move(stores));
}

}  // namespace lathe
