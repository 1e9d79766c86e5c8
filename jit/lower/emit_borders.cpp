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
  auto consider = [&](const FuncContents& f, const Expr& e, const VarRanges& ranges) {
    if (e.kind() != ExprKind::access || e->boundary == Boundary::inside) return;
    const InputDecl* input = lowering_.op.find_input(e->name);
    if (!input || scope.staged.count(e->name)) return;
    for (size_t d = 0; d < e.args().size(); ++d) {
      BorderRead key{f.name, e, d};
      auto range = interval_of(e.arg(d), ranges, scope.facts);
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
  for (const Expr& value : all_values()) visit(value, [&](const Expr& e) { consider(func_, e, real); });
  for (const Attachment& a : lowering_.attachments) {       // what is computed inside this loop meets the same borders
    if (a.consumer != func_.name || nest_.position(a.compute_loop) < nest_.position(loop)) continue;
    Region region = region_of(a.func->name, at);
    if (region.empty()) continue;
    VarRanges ranges = ranges_over(*a.func, region);
    for (const Expr& value : a.func->values) visit(value, [&](const Expr& e) { consider(*a.func, e, ranges); });
  }
  return idle;
}

// Some read under a boundary rule that is not idle here moves with this loop.
bool NestEmitter::meets_border(const Loop& loop, const Scope& scope) const {
  bool found = false;
  for (const Expr& value : all_values()) {
    visit(value, [&](const Expr& e) {
      if (e.kind() != ExprKind::access || e->boundary == Boundary::inside || scope.staged.count(e->name)) return;
      for (size_t d = 0; d < e.args().size(); ++d) {
        if (uses_var(e.arg(d), loop.root) && !scope.inside.count({func_.name, e, d})) found = true;
      }
    });
  }
  return found;
}

Stmt NestEmitter::emit_bordered(const Loop& loop, const Expr& from, const Expr& count, const Idle& idle, Scope scope,
                                const Continue& body) {
  Lets lets(lowering_, scope.facts);
  Expr first = lets.named(loop.name + ".first", max(from, min(idle.first, count)));
  Expr last = lets.named(loop.name + ".last", max(first, min(idle.last, count)));
  scope.facts = lets.facts();
  Scope border = scope, middle = scope;
  --border.border_cuts;
  middle.inside.insert(idle.accesses.begin(), idle.accesses.end());
  Stmt before = emit_range(loop, from, first, count, border, body);
  Stmt between = emit_range(loop, first, last, count, middle, body);
  Stmt after = emit_range(loop, last, count, count, border, body);
  return lets.wrap(ir::make_block({before, between, after}));
}

}  // namespace lathe
