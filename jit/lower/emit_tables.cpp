// Boundary rules as tables: at the top of a loop's body, where the rule puts each index that the body uses is written
// down once. One body then serves the interior and the borders:
//
//   X.table_at(Y, x)      for i in 0, R { X.table[i] = the nearest of x + i - 1 inside }     then reads are
//   X[X.table[r], ...]
//
// An index that is outside under a rule that does not move it (a constant, an absent term) has the entry -1.
#include <fmt/format.h>

#include <algorithm>

#include "jit/lower/lets.h"
#include "jit/lower/nest_emitter.h"

namespace lathe {

using ir::Stmt;

static bool moves_index(Boundary rule) {
  return rule == Boundary::edge || rule == Boundary::mirror || rule == Boundary::wrap;
}

// Lanes are neighbours, which table entries are not: where vectors run the rule is kept as it is.
bool NestEmitter::in_table(const Expr& access, size_t dimension) const {
  if (access->boundary == Boundary::inside) return false;
  const bool asked = std::any_of(lowering_.tables.begin(), lowering_.tables.end(), [&](const Tabling& t) {
    return t.consumer == func_.name && t.tensor == access->name;
  });
  if (!asked) return false;
  bool moves = false;
  for (const auto& [root, minimum] : root_minimum_) moves = moves || uses_var(access.arg(dimension), root);
  for (const Loop& loop : nest_.loops) {
    if (loop.kind != ir::LoopKind::vector) continue;
    for (const std::string& v : nest_.variables_of(loop))
      if (uses_var(access.arg(dimension), v)) return false;
  }
  VarRanges unknown;
  for (const auto& [root, minimum] : root_minimum_) unknown[root] = {make_var("?0"), make_var("?1")};
  return moves && interval_of(access.arg(dimension), unknown, {}).has_value();
}

bool NestEmitter::has_tables(const Tabling& t, const Scope& scope) {
  return std::any_of(scope.tables.begin(), scope.tables.end(),
                     [&](const auto& known) { return std::get<0>(known.first) == t.tensor; });
}

Stmt NestEmitter::with_tables(const Tabling& t, Scope scope, const Continue& body) {
  const Region region = own_region_of(t.tensor, scope);
  Lets lets(lowering_, scope.facts);
  std::vector<Stmt> parts;
  std::vector<std::pair<std::string, Expr>> made;  // buffers and their sizes
  const auto tabulate = [&](const Expr& e, bool idle) {
    for (size_t d = 0; d < e.args().size(); ++d) {
      if (!in_table(e, d) || scope.tables.count({t.tensor, d, e->boundary}) || idle_here({func_.name, e, d}, scope) != idle) continue;
      const Expr lowest = lets.named(t.tensor + ".lowest", region.lowest[d]);
      const Expr size = lets.named(t.tensor + ".indices", region.highest[d] - lowest + integer(1));
      scope.facts = lets.facts();
      const IndexTable table{lowering_.fresh(t.tensor + ".table"), lowest};
      parts.push_back(fill_table(table, size, e, d, scope));
      made.emplace_back(table.buffer, size);
      scope.tables[{t.tensor, d, e->boundary}] = table;
    }
  };
  // Reads share a table. One that stays inside must not say how it is filled in for those that do not.
  for (bool idle : {false, true}) {
    for (const Expr& value : all_values()) {
      visit(value, [&](const Expr& e) {
        if (e.kind() == ExprKind::access && e->name == t.tensor) tabulate(e, idle);
      });
    }
  }
  if (made.empty()) {
    throw Error(ErrorCode::bad_directive, {"schedule", fmt::format("{}.table_at({}, {})", t.tensor, t.consumer, t.loop),
                                           "no read of it under a boundary rule moves with a loop that is no vector",
                                           "an index to look up", t.where});
  }
  parts.push_back(body(std::move(scope)));
  Stmt s = ir::make_block(std::move(parts));
  for (const auto& [name, size] : made) s = ir::make_alloc(name, DType::i64, ir::Space::heap, {size}, s);
  return lets.wrap(s);
}

Stmt NestEmitter::fill_table(const IndexTable& table, const Expr& size, const Expr& access, size_t dimension,
                             const Scope& scope) {
  const std::string name = lowering_.fresh(table.buffer);
  Scope inner = scope;
  inner.facts.bound(name, integer(0), simplify(size - integer(1), scope.facts));
  Expr inside;
  Expr index = moved_index(access, dimension, simplify(table.lowest + make_var(name), inner.facts), inner, inside);
  if (inside.defined()) index = select(inside, index, integer(-1));
  return ir::make_loop(name, integer(0), size, ir::LoopKind::serial,
                       ir::make_store(table.buffer, {make_var(name)}, index));
}

// Where the rule puts an index. Iterations that there are not have no entry.
Expr NestEmitter::entry_of(const IndexTable& table, const Expr& index, const Scope& scope) const {
  ExprNode node;
  node.kind = ExprKind::access;
  node.type = {DType::i64, 1};
  node.name = table.buffer;
  node.args = {simplify(index - table.lowest, scope.facts)};
  node.mask = mask_for(node.args, scope);
  if (const Expr guard = guard_of(scope); guard.defined()) node.mask = node.mask.defined() ? node.mask & guard : guard;
  return make_access(std::move(node));
}

// An entry is read where its index becomes known, outside of the loops that do not move it.
void NestEmitter::enter_tables(Scope& scope, Lets& lets) {
  if (scope.tables.empty()) return;
  for (const Expr& value : all_values()) {
    visit(value, [&](const Expr& e) {
      if (e.kind() != ExprKind::access) return;
      for (size_t d = 0; d < e.args().size(); ++d) {
        const auto table = scope.tables.find({e->name, d, e->boundary});
        if (table == scope.tables.end() || scope.looked_up.count({e, d}) || !in_table(e, d)) continue;
        if (scope.staged.count(e->name) || idle_here({func_.name, e, d}, scope)) continue;
        bool known = true;
        for (const auto& [root, minimum] : root_minimum_)
          known = known && (!uses_var(e.arg(d), root) || bound(root, scope));
        if (!known) continue;
        const Expr index = simplify(translate(e.arg(d), scope), scope.facts);
        const Expr entry = lets.opaque(e->name + ".index", entry_of(table->second, index, scope));
        const Expr& extent = lowering_.op.find_input(e->name)->extents[d];
        lets.facts().bound(entry->name, integer(moves_index(e->boundary) ? 0 : -1),
                           simplify(extent - integer(1), scope.facts));
        scope.looked_up[{e, d}] = entry;
      }
    });
  }
}

}  // namespace lathe
