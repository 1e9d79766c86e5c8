// Boundary rules as index-set splitting: for a loop over a result index, the iterations at which every read in question is
// inside its input form an interval; that middle part is written without boundary conditions, the borders with them.
#include "jit/lower/lets.h"
#include "jit/lower/nest_emitter.h"

namespace lathe {

using ir::Stmt;

NestEmitter::Idle NestEmitter::idle_range(const std::string& loop, const Scope& scope) const {
  const std::string moving = "?";                           // stands for the loop's variable
  Scope at = scope;
  at.value[loop] = make_var(moving);
  if (const Split* split = nest_.block_loop(loop)) {
    Expr block = scope.block.count(split->inner) ? scope.block.at(split->inner) : block_size(*split, scope);
    at.start[split->inner] = make_var(moving) * block;
    at.extent[split->inner] = block;
    at.valid.erase(split->inner);
  }
  VarRanges real, whole;
  ranges_inside(at, real, whole);

  Idle idle;
  auto consider = [&](const Expr& e) {
    if (e.kind() != ExprKind::access || e->boundary == Boundary::inside) return;
    const InputDecl* input = lowering_.op.find_input(e->name);
    if (!input || scope.staged.count(e->name)) return;
    for (size_t d = 0; d < e.args().size(); ++d) {
      std::pair<Expr, int> key{e, static_cast<int>(d)};
      auto range = interval_of(e.arg(d), real, scope.facts);
      if (!range || scope.inside.count(key)) continue;
      auto low = Polynomial::of(simplify(range->lowest, scope.facts)).linear_in(moving);
      auto high = Polynomial::of(simplify(range->highest, scope.facts)).linear_in(moving);
      if (!low || !high || !(low->first == high->first)) continue;
      auto slope = low->first.constant();
      if (!slope || *slope <= 0) continue;
      Expr first = ceil_div((Polynomial(0) - low->second).expr(), integer(*slope));
      Expr last = (input->extents[d] - integer(1) - high->second.expr()) / integer(*slope) + integer(1);
      idle.first = idle.first.defined() ? max(idle.first, first) : first;
      idle.last = idle.last.defined() ? min(idle.last, last) : last;
      idle.accesses.insert(key);
    }
  };
  for (const Expr& value : all_values()) visit(value, consider);
  return idle;
}

// Some read under a boundary rule that is not idle here moves with this loop.
bool NestEmitter::meets_border(const Loop& loop, const Scope& scope) const {
  bool found = false;
  for (const Expr& value : all_values()) {
    visit(value, [&](const Expr& e) {
      if (e.kind() != ExprKind::access || e->boundary == Boundary::inside || scope.staged.count(e->name)) return;
      for (size_t d = 0; d < e.args().size(); ++d) {
        if (uses_var(e.arg(d), loop.root) && !scope.inside.count({e, static_cast<int>(d)})) found = true;
      }
    });
  }
  return found;
}

Stmt NestEmitter::emit_bordered(const Loop& loop, const Expr& count, const Idle& idle, Scope scope,
                                const Continue& body) {
  Lets lets(lowering_, scope.facts);
  Expr first = lets.named(loop.name + ".first", max(integer(0), min(idle.first, count)));
  Expr last = lets.named(loop.name + ".last", max(first, min(idle.last, count)));
  scope.facts = lets.facts();
  Stmt copies = write_awaiting(loop.name, scope);
  auto range = [&](Scope inner, const Expr& from, const Expr& to) {
    std::string var = lowering_.fresh(loop.name);
    inner.value[loop.name] = make_var(var);
    inner.count[loop.name] = count;
    inner.facts.bound(var, from, simplify(to - integer(1), inner.facts));
    return ir::make_loop(var, from, simplify(to - from, inner.facts), loop.kind, body(std::move(inner)));
  };
  Scope border = scope, middle = scope;
  border.split_for_boundary = false;
  middle.inside.insert(idle.accesses.begin(), idle.accesses.end());
  Stmt before = range(border, integer(0), first);
  Stmt between = range(middle, first, last);
  Stmt after = range(border, last, count);
  return lets.wrap(ir::make_block({copies, before, between, after}));
}

}  // namespace lathe
