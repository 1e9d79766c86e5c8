// Boundary rules as index-set splitting: for a loop over a result index, the iterations at which every read in question is
// inside its input form an interval; that middle part is written without boundary conditions, the borders with them.
#include "jit/lower/lets.h"
#include "jit/lower/nest_emitter.h"

namespace lathe {

using ir::Stmt;

// A rule that moves an index needs no bodies of its own where all lanes of a vector share the index: it is moved once for
// all of them, outside of the loop over vectors.
static bool moves_whole_vectors(const Expr& access, size_t dimension, const Nest& nest) {
  if (access->boundary == Boundary::constant || access->boundary == Boundary::none) return false;
  bool vectors = false;
  for (const Loop& loop : nest.loops) {
    if (loop.kind == ir::LoopKind::unroll && uses_var(access.arg(dimension), loop.root)) return false;   // copies share reads
    if (loop.kind != ir::LoopKind::vector) continue;
    vectors = true;
    if (uses_var(access.arg(dimension), loop.root)) return false;
  }
  return vectors;
}

// Adds a bound to those that no other one makes idle; `tighter(a, b)`: where a holds, b does.
static void add_bound(std::vector<Expr>& bounds, const Expr& bound, const std::function<bool(const Expr&, const Expr&)>& tighter) {
  for (const Expr& other : bounds) if (other == bound || tighter(other, bound)) return;
  std::erase_if(bounds, [&](const Expr& other) { return tighter(bound, other); });
  bounds.push_back(bound);
}

NestEmitter::Idle NestEmitter::idle_range(const std::string& loop, const Scope& scope, const Expr& step) const {
  const std::string moving = "?";                           // stands for the loop's variable
  Scope at = scope;
  at.value[loop] = make_var(moving);
  if (const Split* split = nest_.block_loop(loop)) {
    Expr block = scope.block.count(split->inner) ? scope.block.at(split->inner) : block_size(*split, scope);
    at.start[split->inner] = make_var(moving) * (step.defined() ? step : block);
    at.extent[split->inner] = block;
    at.valid.erase(split->inner);
  }
  VarRanges real, whole;
  ranges_inside(at, real, whole);

  Idle idle;
  std::vector<Expr> firsts, lasts;                          // bounds by different reads
  auto consider = [&](const FuncContents& f, const Nest& nest, const Expr& e, const VarRanges& ranges) {
    if (e.kind() != ExprKind::access || e->boundary == Boundary::inside) return;
    const InputDecl* input = lowering_.op.find_input(e->name);
    if (!input || scope.staged.count(e->name)) return;
    for (size_t d = 0; d < e.args().size(); ++d) {
      BorderRead key{f.name, e, d};
      auto range = interval_of(e.arg(d), ranges, scope.facts);
      if (!range || scope.inside.count(key) || lowering_.clipped.count(key) || moves_whole_vectors(e, d, nest)) continue;
      if (&f == &func_ && in_table(e, d)) continue;
      auto low = Polynomial::of(simplify(range->lowest, scope.facts)).linear_in(moving);
      auto high = Polynomial::of(simplify(range->highest, scope.facts)).linear_in(moving);
      if (!low || !high || !(low->first == high->first)) continue;
      auto slope = low->first.constant();
      if (!slope || *slope <= 0) continue;
      Expr first = ceil_div((Polynomial(0) - low->second).expr(), integer(*slope));
      Expr last = (input->extents[d] - integer(1) - high->second.expr()) / integer(*slope) + integer(1);
      add_bound(firsts, simplify(first, scope.facts), [&](const Expr& a, const Expr& b) { return scope.facts.at_most(b, a); });
      add_bound(lasts, simplify(last, scope.facts), [&](const Expr& a, const Expr& b) { return scope.facts.at_most(a, b); });
      idle.accesses.insert(key);
    }
  };
  for (const Expr& value : all_values()) visit(value, [&](const Expr& e) { consider(func_, nest_, e, real); });
  for (const Attachment& a : lowering_.attachments) {       // what is computed inside this loop meets the same borders
    if (a.consumer != func_.name || nest_.position(a.compute_loop) < nest_.position(loop)) continue;
    Region region = region_of(a.func->name, at);
    if (!region.read) continue;
    VarRanges ranges = ranges_over(*a.func, region);
    Nest nest = build_nest(*a.func, lowering_.directives);
    for (const Expr& value : a.func->values) visit(value, [&](const Expr& e) { consider(*a.func, nest, e, ranges); });
  }
  for (const Expr& first : firsts) idle.first = idle.first.defined() ? max(idle.first, first) : first;
  for (const Expr& last : lasts) idle.last = idle.last.defined() ? min(idle.last, last) : last;
  return idle;
}

void NestEmitter::note_idle(const Scope& scope) {
  bool all = true;
  for (const Expr& value : func_.values) {
    visit(value, [&](const Expr& e) {
      if (e.kind() != ExprKind::access || !lowering_.op.find_input(e->name) || e->boundary == Boundary::inside || scope.staged.count(e->name)) return;
      for (size_t d = 0; d < e.args().size(); ++d) {
        const bool moves = std::any_of(func_.vars.begin(), func_.vars.end(), [&](const std::string& v) { return uses_var(e.arg(d), v); });
        all = all && (!moves || idle_here({func_.name, e, d}, scope));
      }
    });
  }
  lowering_.note(func_.name, Requirement::idle, all, "a read keeps its boundary rule in every body");
}

// Boundary rules that no index of the whole region meets: nothing is cut for them.
void NestEmitter::find_idle_rules(Scope& scope) const {
  VarRanges real, whole;
  ranges_inside(scope, real, whole);
  for (const Expr& value : all_values()) {
    visit(value, [&](const Expr& e) {
      if (e.kind() != ExprKind::access || e->boundary == Boundary::inside) return;
      const InputDecl* input = lowering_.op.find_input(e->name);
      for (size_t d = 0; input && d < e.args().size(); ++d) {
        auto range = interval_of(e.arg(d), real, scope.facts);
        bool idle = range && scope.facts.at_most(integer(0), range->lowest) &&
                    scope.facts.at_most(range->highest, input->extents[d] - integer(1));
        if (idle) scope.inside.insert({func_.name, e, d});
      }
    });
  }
}

// Whether the places at which the read is outside lie at the ends of the loop. Data, and quotients, lead anywhere: in lanes such
// a read costs no more than one by one, where elements are as wide as those that machines gather.
static bool meets_ends(const Expr& access, size_t dimension, const std::string& var) {
  constexpr int64_t gathered_bytes = 4;
  const auto linear = Polynomial::of(simplify(access.arg(dimension))).linear_in(var);
  return bytes_of(access.type().dtype) < gathered_bytes || (linear && linear->first.constant());
}

// Some read under a boundary rule that is not idle here moves with this loop, and is outside at some of its ends.
bool NestEmitter::meets_border(const Loop& loop, const Scope& scope) const {
  bool found = false;
  for (const Expr& value : all_values()) {
    visit(value, [&](const Expr& e) {
      if (e.kind() != ExprKind::access || e->boundary == Boundary::inside || scope.staged.count(e->name)) return;
      for (size_t d = 0; d < e.args().size(); ++d) {
        if (uses_var(e.arg(d), loop.root) && meets_ends(e, d, loop.root) && !idle_here({func_.name, e, d}, scope)) found = true;
      }
    });
  }
  return found;
}

// A pure Func computes blocks that meet a border, and the short last one, by one body of few instructions: lanes under a
// boundary rule and unrolled iterations run one after another, as many as are real.
bool NestEmitter::rare_blocks_run_short(const Loop& loop, const Split& split, const Idle& idle) const {
  if (func_.is_reduction() || target_ || straight_ || slides_along(loop.name) || split.tail != Tail::automatic) return false;
  return nest_.find(split.inner)->kind == ir::LoopKind::unroll || !idle.accesses.empty();
}

Stmt NestEmitter::emit_short_of_borders(const Loop& loop, const Split& split, Scope scope, const Idle& idle,
                                        const Continue& body) {
  Lets lets(lowering_, scope.facts);
  const Expr block = block_size(split, scope);
  const Expr extent = lets.named(split.parent + ".extent", extent_of(split.parent, scope));
  scope.block[split.inner] = scope.extent[split.inner] = block;
  const Expr full = lets.named(loop.name + ".full", extent / block);
  const Expr count = lets.named(loop.name + ".count", ceil_div(extent, block));
  note_short_block(split, simplify(extent - full * block, lets.facts()), lets.facts());
  Expr first = integer(0), last = full;
  if (!idle.accesses.empty()) {
    first = lets.named(loop.name + ".first", min(max(idle.first, integer(0)), full));
    last = lets.named(loop.name + ".last", max(first, min(idle.last, full)));
  }
  scope.facts = lets.facts();
  auto block_body = [&](Scope inner, const Expr& at, bool rare) {
    inner.value[loop.name] = at;
    inner.start[split.inner] = simplify(at * block, inner.facts);
    if (!rare) {
      inner.inside.insert(idle.accesses.begin(), idle.accesses.end());
      return body(std::move(inner));
    }
    Lets rows(lowering_, inner.facts);
    Expr real = rows.named(split.inner + ".count", min(block, extent - at * block));
    inner.facts = rows.facts();
    inner.valid[split.inner] = real;
    inner.tail[split.inner] = tail_of(split);
    inner.rare = true;
    --inner.border_cuts;
    return rows.wrap(body(std::move(inner)));
  };
  return lets.wrap(emit_apart(loop, count, first, last, scope, block_body));
}

// Iterations [first, last) of `count` by one body, those before and after by another.
Stmt NestEmitter::emit_apart(const Loop& loop, const Expr& count, const Expr& first, const Expr& last, const Scope& scope,
                             const std::function<Stmt(Scope, const Expr&, bool)>& body) {
  Stmt copies;
  Scope outer = scope;
  copies = write_awaiting(loop.name, outer);
  outer.count[loop.name] = count;
  auto at = [&](const Expr& from, const Expr& to, const std::string& var) {
    Scope inner = outer;
    inner.facts.bound(var, from, simplify(to - integer(1), inner.facts));
    return inner;
  };
  const std::string var = lowering_.fresh(loop.name);
  const Expr value = make_var(var);
  Scope steady = at(first, last, var);
  steady.cut.push_back({var, count});
  Stmt middle = body(steady, value, false);
  if (loop.kind == ir::LoopKind::parallel) {
    Stmt rare = body(at(integer(0), count, var), value, true);
    Stmt choice = ir::make_branch(simplify(ge(value, first) & lt(value, last), outer.facts), middle, rare);
    return ir::make_block({copies, ir::make_loop(var, integer(0), count, loop.kind, choice, loop.when)});
  }
  const std::string rare_var = lowering_.fresh(loop.name), number = lowering_.fresh(loop.name + ".rare");
  Stmt rare = body(at(integer(0), count, rare_var), make_var(rare_var), true);
  Expr skipped = last - first;
  Expr place = make_var(number) + select(lt(make_var(number), first), integer(0), skipped);
  rare = ir::make_let(rare_var, simplify(place, outer.facts), rare);
  return ir::make_block({copies, ir::make_loop(var, first, simplify(last - first, outer.facts), loop.kind, middle),
                         ir::make_loop(number, integer(0), simplify(count - skipped, outer.facts), loop.kind, rare)});
}

// A tile is much code, of which few iterations lie at borders; code for the plain nest is what a caller waits for. Their borders,
// corners included, share one body that keeps all rules.
void NestEmitter::enter_border(Scope& border) const {
  --border.border_cuts;
  if (!lowering_.directives.empty() && !func_.is_reduction()) return;
  border.border_cuts = 0;
  border.at_border = true;
  border.inside = inside_everywhere_;
  for (const auto& [var, count] : border.cut) border.facts.bound(var, integer(0), simplify(count - integer(1), border.facts));
}

Stmt NestEmitter::emit_bordered(const Loop& loop, const Expr& from, const Expr& count, const Idle& idle, Scope scope,
                                const Continue& body) {
  Lets lets(lowering_, scope.facts);
  Expr first = lets.named(loop.name + ".first", max(from, min(idle.first, count)));
  Expr last = lets.named(loop.name + ".last", max(first, min(idle.last, count)));
  scope.facts = lets.facts();
  if (!slides_along(loop.name) && !target_) {             // updates keep their order
    auto one = [&](Scope inner, const Expr& at, bool border) {
      inner.value[loop.name] = at;
      if (border) enter_border(inner);
      else inner.inside.insert(idle.accesses.begin(), idle.accesses.end());
      return body(std::move(inner));
    };
    return lets.wrap(emit_apart(loop, count, first, last, scope, one));
  }
  Scope border = scope, middle = scope;
  enter_border(border);
  middle.inside.insert(idle.accesses.begin(), idle.accesses.end());
  Stmt before = emit_range(loop, from, first, count, border, body);
  Stmt between = emit_range(loop, first, last, count, middle, body);
  Stmt after = emit_range(loop, last, count, count, border, body);
  return lets.wrap(ir::make_block({before, between, after}));
}

}  // namespace lathe
