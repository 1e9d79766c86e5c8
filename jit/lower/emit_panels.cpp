// A tile's panels: one body for each class of widths, in which columns that are missing cost little. Why:
// docs/design/index-set-splitting.md.
//
//   a panel of 48, 41 real     | vector 0 | vector 1 |      the last vector is moved back: 7 columns are computed twice
//                                            | vector 2 |
#include <algorithm>

#include "jit/lower/lets.h"
#include "jit/lower/nest_emitter.h"

namespace lathe {

using ir::Stmt;

// Panels of a tile: units of the narrowest width are dealt out to panels of at most the widest.
Stmt NestEmitter::emit_panels(const Loop& loop, const Split& split, Scope scope, const Continue& body) {
  Lets lets(lowering_, scope.facts);
  int64_t unit = split.classes.back().width, widest = split.classes.front().width, per_panel = widest / unit;
  Expr extent = lets.named(split.parent + ".extent", extent_of(split.parent, scope));
  Expr units = lets.named(loop.name + ".units", ceil_div(extent, integer(unit)));
  Expr count = lets.named(loop.name + ".count", ceil_div(units, integer(per_panel)));
  const bool even = split.even && per_panel > 1;  // panels of one unit are even
  Expr base = even ? lets.named(loop.name + ".base", units / count) : Expr();
  Expr extra = even ? lets.named(loop.name + ".extra", units % count) : Expr();
  scope.facts = lets.facts();
  Stmt copies = write_awaiting(loop.name, scope);
  std::string var = bind(loop, count, scope);
  Expr at = make_var(var);

  Lets inner(lowering_, scope.facts);
  Expr first_unit = even ? at * base + min(at, extra) : at * integer(per_panel);
  Expr mine = even ? base + select(lt(at, extra), integer(1), integer(0))
                   : min(integer(per_panel), units - at * integer(per_panel));
  Expr width = inner.named(loop.name + ".width", mine * integer(unit));
  Expr start = inner.named(loop.name + ".unit", first_unit) * integer(unit);   // a multiple, as layouts ask
  Expr columns = inner.named(loop.name + ".columns", min(width, extent - start));
  scope.facts = inner.facts();
  scope.start[split.inner] = start;
  scope.columns[split.inner] = columns;
  // A copy whose rows are the panel wide gets its stride from here: the body stays the one that reads in place.
  if (static_cast<int64_t>(split.classes.size()) == per_panel) scope.pitch[split.inner] = width;
  scope.facts.bound(columns.kind() == ExprKind::var ? columns->name : "", integer(1), integer(widest));

  Stmt chosen;
  for (int c = static_cast<int>(split.classes.size()) - 1; c >= 0; --c) {
    Stmt s = panel_body(split, c, columns, scope, body);
    chosen = chosen ? ir::make_branch(gt(width, integer(split.classes[c + 1].width)), s, chosen) : s;
  }
  Stmt panels = ir::make_loop(var, integer(0), count, loop.kind, inner.wrap(chosen), loop.when);
  return lets.wrap(ir::make_block({copies, panels}));
}

// The loop over the columns of the tile whose rows these are, if the rows are cut inside of the panels.
const std::string* NestEmitter::panel_of(const Split& rows) const {
  for (const Split& s : nest_.splits) {
    if (s.kind == Split::Kind::columns && s.classes == rows.classes &&
        nest_.position(s.outer) < nest_.position(rows.outer)) {
      return &s.inner;
    }
  }
  return nullptr;
}

// Panels of several vectors, of which the last has room to be moved back inside: the lanes that one step of classes has.
int64_t NestEmitter::lanes_moved(const Split& split, int tile_class) const {
  if (split.kind != Split::Kind::columns || tail_of(split) != Tail::shift || !nest_.constant_inner(split)) return 0;
  const size_t narrower = tile_class + 1;
  if (narrower >= split.classes.size()) return 0;
  const int64_t lanes = split.classes.back().width;
  const bool one_step = split.classes[narrower].width + lanes == split.classes[tile_class].width;
  return one_step && lanes % lanes_of_results() == 0 ? lanes : 0;
}

// Panels of several vectors are all whole: where columns are missing, the last vector is moved back. Others have a body
// for whole panels beside the one for short ones, the widest with mask registers, all without.
Stmt NestEmitter::panel_body(const Split& split, int tile_class, const Expr& columns, Scope scope, const Continue& body) {
  int64_t width = split.classes[tile_class].width;
  scope.tile_class[split.inner] = tile_class;
  for (const Split& s : nest_.splits) {
    if (s.kind == Split::Kind::rows && s.classes == split.classes) scope.tile_class[s.inner] = tile_class;
  }
  if (!nest_.constant_inner(split)) {
    scope.extent[split.inner] = columns;
    scope.block[split.inner] = integer(width);
    return body(std::move(scope));
  }
  scope.extent[split.inner] = scope.block[split.inner] = integer(width);
  if (const int64_t lanes = lanes_moved(split, tile_class); lanes > 0) {
    scope.valid[split.inner] = columns;
    scope.tail[split.inner] = Tail::shift;
    scope.columns.erase(split.inner);
    if (columns.kind() == ExprKind::var) scope.facts.bound(columns->name, integer(width - lanes + 1), integer(width));
    return body(std::move(scope));
  }
  Scope edge = scope;
  edge.valid[split.inner] = columns;
  const Tail tail = tail_of(split);
  edge.tail[split.inner] = tail == Tail::shift ? Tail::mask : tail;   // no room
  if (lowering_.target.mask_registers) {
    bool rows_inside = std::any_of(nest_.splits.begin(), nest_.splits.end(), [&](const Split& s) {
      return s.kind == Split::Kind::rows && panel_of(s) == &split.inner && nest_.constant_inner(s);
    });
    if (tile_class == 0 && rows_inside) edge.whole_panel[split.inner] = eq(columns, integer(width));
    if (tile_class != 0 || rows_inside) return body(std::move(edge));
  }
  edge.short_panel.insert(split.inner);
  Lets rows(lowering_, edge.facts);
  for (const Split& s : nest_.splits) {                     // rows cut outside: whole blocks take the body of the last one
    bool outside = s.kind == Split::Kind::rows && s.classes == split.classes &&
                   nest_.position(s.outer) < nest_.position(split.outer);
    if (!outside || !nest_.constant_inner(s) || edge.valid.count(s.inner) || tail_of(s) != Tail::clamp) continue;
    Expr left = extent_of(s.parent, edge) - edge.start.at(s.inner);
    edge.valid[s.inner] = rows.opaque(s.inner + ".rows", min(edge.block.at(s.inner), left));
    edge.tail[s.inner] = Tail::clamp;
  }
  Stmt short_body = rows.wrap(body(std::move(edge)));
  return ir::make_branch(eq(columns, integer(width)), body(std::move(scope)), short_body);
}

// The lanes of a panel's last vector are moved back where columns are missing.
Expr NestEmitter::lane_of_panel(const std::string& inner, const Expr& lane, const Scope& scope) const {
  const auto split = std::find_if(nest_.splits.begin(), nest_.splits.end(), [&](const Split& s) { return s.inner == inner; });
  const Expr width = scope.block.at(inner), last = width - integer(lanes_moved(*split, scope.tile_class.at(inner)));
  return select(lt(lane, last), lane, lane - (width - scope.valid.at(inner)));
}

}  // namespace lathe
