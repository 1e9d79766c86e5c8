// Which part of a producer one iteration of a consumer's loop needs: interval arithmetic on index expressions, with the
// loops inside running over their whole range (DESIGN, decision 1: regions are full tiles and affine).
#include <fmt/format.h>

#include "jit/lower/lets.h"
#include "jit/lower/nest_emitter.h"
#include "lang/text.h"

namespace lathe {

std::vector<Expr> NestEmitter::all_values() const {
  std::vector<Expr> values = func_.values;
  auto completing = lowering_.epilogues.find(func_.name);
  if (completing == lowering_.epilogues.end()) return values;
  for (const FuncContents* epilogue : completing->second) {
    Substitution rename;
    for (size_t d = 0; d < func_.vars.size(); ++d) rename.push_back({epilogue->vars[d], make_var(func_.vars[d])});
    for (const Expr& v : epilogue->values) values.push_back(substitute(v, rename));
  }
  return values;
}

// How far the tiles under a split reach: to the end of their last unit, whatever the blocks around them. `block`: where no
// tile is below.
Expr NestEmitter::whole_units(const Split& split, const Expr& extent, const Expr& block, const Scope& scope) const {
  const Split* tile = &split;
  bool divides = true;                                      // blocks are whole units
  while (tile && !nest_.constant_inner(*tile)) {
    int64_t factor = 0;
    divides = tile->factor.defined() && is_integer_constant(tile->factor, &factor) && !tile->even;
    const Split* inner = nest_.split_of(tile->inner);
    int64_t unit = 0;
    if (inner && nest_.constant_inner(*inner) && is_integer_constant(unit_of(*inner, scope), &unit)) divides = divides && factor % unit == 0;
    tile = inner;
  }
  if (!tile) return block;
  const Expr unit = unit_of(*tile, scope);
  return divides ? ceil_div(extent, unit) * unit : extent + unit - integer(1);
}

Expr NestEmitter::unit_of(const Split& tile, const Scope& scope) const {
  return tile.kind == Split::Kind::columns ? integer(tile.classes.back().width) : block_size(tile, scope);
}

// For each root variable its range over the loops that are not bound yet: `real` stops at the real end, `whole` counts
// whole blocks.
void NestEmitter::ranges_inside(const Scope& scope, VarRanges& real, VarRanges& whole) const {
  std::function<std::pair<Range, Range>(const std::string&)> range_of = [&](const std::string& name) {
    if (auto bound = scope.value.find(name); bound != scope.value.end()) {
      Range at{bound->second, bound->second};
      return std::pair{at, at};
    }
    const Split* split = nest_.split_of(name);
    bool entered = split && scope.start.count(split->inner);
    if (!entered) {
      Expr extent = extent_of(name, scope);
      Expr last = (scope.valid.count(name) ? scope.valid.at(name) : extent) - integer(1);
      Expr block = scope.block.count(name) ? scope.block.at(name) : extent;
      if (split) block = whole_units(*split, extent, block, scope);
      return std::pair{Range{integer(0), last}, Range{integer(0), block - integer(1)}};
    }
    auto [inner, inner_whole] = range_of(split->inner);
    const Expr& start = scope.start.at(split->inner);
    return std::pair{Range{start + inner.lowest, start + inner.highest},
                     Range{start + inner_whole.lowest, start + inner_whole.highest}};
  };
  for (const auto& [root, from] : root_minimum_) {
    const Expr minimum = minimum_of(root, scope);
    auto [r, w] = range_of(root);
    real[root] = {simplify(minimum + r.lowest, scope.facts), simplify(minimum + r.highest, scope.facts)};
    whole[root] = {simplify(minimum + w.lowest, scope.facts), simplify(minimum + w.highest, scope.facts)};
  }
}

static Region joined(const Region& a, const Region& b, const Facts& facts) {
  if (!a.read) return b;
  if (!b.read) return a;
  Region r;
  r.read = true;
  for (size_t d = 0; d < a.lowest.size(); ++d) {
    r.lowest.push_back(simplify(min(a.lowest[d], b.lowest[d]), facts));
    r.highest.push_back(simplify(max(a.highest[d], b.highest[d]), facts));
    r.whole.push_back(simplify(max(a.whole[d], b.whole[d]), facts));
  }
  return r;
}

// The directive that wants a region of this tensor; else the read.
SourceLocation NestEmitter::placed_at(const std::string& tensor, const Expr& read) const {
  for (const Staging& s : lowering_.stagings) if (s.tensor == tensor && s.consumer == func_.name) return s.where;
  for (const Attachment& a : lowering_.attachments) if (a.func->name == tensor) return a.where;
  return read->where.known() ? read->where : func_.where;
}

Region NestEmitter::region_read(const std::string& tensor, const std::vector<Expr>& values, const VarRanges& real,
                                const VarRanges& whole, const Scope& scope) const {
  Region region;
  for (const Expr& value : values) {
    visit(value, [&](const Expr& e) {
      if (e.kind() != ExprKind::access || e->name != tensor) return;
      Region read;
      read.read = true;
      for (size_t d = 0; d < e.args().size(); ++d) {
        auto range = interval_of(e.arg(d), real, scope.facts);
        auto padded = interval_of(e.arg(d), whole, scope.facts);
        bool is_data = false;
        visit(e.arg(d), [&](const Expr& part) { is_data = is_data || part.kind() == ExprKind::access; });
        if (!range || !padded || is_data) {
          throw Error(ErrorCode::unproved,
                      {"schedule", fmt::format("the region of {} that {} reads is not known beforehand", tensor, func_.name),
                       fmt::format("index {} of dimension {}", print(e.arg(d)), d),
                       "an index that grows with each loop on its own", placed_at(tensor, e),
                       lowering_.op.find_input(tensor) ? "" : fmt::format("compute {} at the root", tensor)});
        }
        read.lowest.push_back(simplify(range->lowest, scope.facts));
        read.highest.push_back(simplify(range->highest, scope.facts));
        read.whole.push_back(simplify(padded->highest, scope.facts));
      }
      region = joined(region, read, scope.facts);
    });
  }
  return region;
}

VarRanges NestEmitter::ranges_over(const FuncContents& func, const Region& region, bool whole) {
  VarRanges ranges;
  for (size_t d = 0; d < func.vars.size(); ++d) {
    ranges[func.vars[d]] = {region.lowest[d], whole ? region.whole[d] : region.highest[d]};
  }
  for (const ReductionVar& r : func.rvars) ranges[r.name] = {integer(0), r.extent - integer(1)};
  return ranges;
}

Region NestEmitter::own_region_of(const std::string& tensor, const Scope& scope) const {
  VarRanges real, whole;
  ranges_inside(scope, real, whole);
  return region_read(tensor, all_values(), real, whole, scope);
}

// What this nest reads of a Func, and what the Funcs computed inside it read of it to make what this nest reads of them.
Region NestEmitter::region_of(const std::string& tensor, const Scope& scope) const {
  Region region = own_region_of(tensor, scope);
  for (const Attachment& other : lowering_.attachments) {
    if (other.consumer != func_.name || other.func->name == tensor) continue;
    bool reads = false;
    for (const Expr& v : other.func->values) {
      visit(v, [&](const Expr& e) { reads = reads || (e.kind() == ExprKind::access && e->name == tensor); });
    }
    if (!reads) continue;
    Region through = region_of(other.func->name, scope);
    if (!through.read) continue;
    VarRanges other_real = ranges_over(*other.func, through), other_whole = ranges_over(*other.func, through, true);
    region = joined(region, region_read(tensor, other.func->values, other_real, other_whole, scope), scope.facts);
  }
  return region;
}

}  // namespace lathe
