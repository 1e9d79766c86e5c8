// Right sides of definitions as expressions over buffers: indices become loop variables, reads find where their tensor
// lives, boundary rules become clamps and selects where they are not idle, short vectors get masks.
#include <algorithm>
#include <set>

#include "jit/lower/lets.h"
#include "jit/lower/nest_emitter.h"
#include "jit/lower/packed.h"

namespace lathe {

using ir::Stmt;

Expr NestEmitter::translate(const Expr& e, const Scope& scope) {
  if (e.kind() == ExprKind::var) return root_minimum_.count(e->name) ? absolute(e->name, scope) : e;
  if (e.kind() == ExprKind::access) return translate_access(e, scope);
  if (is_packed(e.type().dtype)) return translate_packed(e, scope);
  if (e.args().empty()) return e;
  std::vector<Expr> args;
  for (const Expr& a : e.args()) args.push_back(translate(a, scope));
  return with_children(e, args);
}

// A choice between packed elements, or a boundary value of theirs.
Expr NestEmitter::translate_packed(const Expr& e, const Scope& scope) {
  if (e.kind() == ExprKind::constant) return make_integer(unpacked_type_of(e.type().dtype), e->integer_value);
  return select(translate(e.arg(0), scope), translate(e.arg(1), scope), translate(e.arg(2), scope));
}

Expr NestEmitter::translate_access(const Expr& e, const Scope& scope) {
  if (e->name == func_.name && !epilogue_values_.empty()) return epilogue_values_[e->component];
  std::vector<Expr> indices;
  for (const Expr& a : e.args()) indices.push_back(simplify(translate(a, scope), scope.facts));
  if (auto copy = scope.staged.find(e->name); copy != scope.staged.end()) {
    if (e->boundary == Boundary::none) note_absent(e, indices, scope);   // the copy holds something there
    return read(copy->second, e->component, e.type().dtype, indices, scope);
  }
  for (size_t d = 0; d < indices.size(); ++d) {
    const auto folded = scope.folded.find({e, d});
    if (folded != scope.folded.end() && folded->second.place.defined()) indices[d] = folded->second.place;
  }
  return bounded_read(e, std::move(indices), scope);
}

void NestEmitter::note_absent(const Expr& e, const std::vector<Expr>& indices, const Scope& scope) {
  for (size_t d = 0; d < indices.size(); ++d) {
    if (Expr inside = inside_of(e, d, indices[d], scope); inside.defined()) absent_.push_back(inside);
  }
}

static Expr mirrored(const Expr& index, const Expr& extent) {
  Expr period = max(extent * integer(2) - integer(2), integer(1));
  Expr phase = index % period;
  return min(phase, period - phase);
}

// The nearest element inside; in a collapsed dimension whole granules keep together.
Expr NestEmitter::nearest(const std::string& tensor, size_t d, const Expr& index, const Expr& extent,
                          const Expr& clamped, const Facts& facts) const {
  auto found = lowering_.granule.find({tensor, d});
  if (found == lowering_.granule.end()) return clamped;
  const Expr& granule = found->second;
  // One granule outside, as next to a border, needs no division.
  bool one_below = facts.at_most(integer(0), index + granule), one_above = facts.at_most(index + integer(1), extent + granule);
  Expr first = one_below ? index + granule : index % granule;
  Expr last = one_above ? index - granule : extent - granule + index % granule;
  return select(lt(index, integer(0)), first, select(ge(index, extent), last, index));
}

// The condition under which dimension d of a read is inside of its input; not defined where it always is.
Expr NestEmitter::inside_of(const Expr& e, size_t d, const Expr& index, const Scope& scope) const {
  const InputDecl* input = lowering_.op.find_input(e->name);
  if (!input || e->boundary == Boundary::inside || idle_here({func_.name, e, d}, scope)) return {};
  Expr inside = simplify(ge(index, integer(0)) & lt(index, input->extents[d]), scope.facts);
  int64_t known = 0;
  return is_integer_constant(inside, &known) && known ? Expr() : inside;
}

Expr NestEmitter::moved_index(const Expr& e, size_t d, const Expr& index, const Scope& scope, Expr& inside) const {
  const Expr is_inside = inside_of(e, d, index, scope);
  if (!is_inside.defined()) return index;
  const bool moves = e->boundary == Boundary::wrap || e->boundary == Boundary::mirror || e->boundary == Boundary::edge;
  if (auto table = scope.tables.find({e->name, d, e->boundary}); table != scope.tables.end() && in_table(e, d)) {
    auto found = scope.looked_up.find({e, d});
    const Expr entry = found != scope.looked_up.end() ? found->second : entry_of(table->second, index, scope);
    if (!moves) inside = ge(entry, integer(0));
    return moves ? entry : max(entry, integer(0));
  }
  const Expr& extent = lowering_.op.find_input(e->name)->extents[d];
  const Expr clamped = simplify(max(min(index, extent - integer(1)), integer(0)), scope.facts);
  switch (e->boundary) {
    case Boundary::wrap: return index % extent;
    case Boundary::mirror: return mirrored(index, extent);
    case Boundary::edge: return nearest(e->name, d, index, extent, clamped, scope.facts);
    default: inside = is_inside; return clamped;
  }
}

Expr NestEmitter::bounded_read(const Expr& e, std::vector<Expr> indices, const Scope& scope) {
  const Storage& from = lowering_.storage.at(e->name);
  Expr present;
  for (size_t d = 0; d < indices.size(); ++d) {
    Expr inside;
    indices[d] = moved_index(e, d, indices[d], scope, inside);
    if (inside.defined()) present = present.defined() ? present & inside : inside;
  }
  check_place_in_window(e, indices, scope);
  const bool skips = present.defined() && e->boundary == Boundary::none;
  if (skips) absent_.push_back(present);
  // Where it is outside nothing is read: an empty input has no element to clamp to.
  Expr value = read(from, e->component, e.type().dtype, indices, scope, present);
  if (!present.defined() || skips) return value;
  return select(present, value, translate(e->boundary_value, scope));
}

// What a copy holds at these indices. The terms whose read is absent are left out where the copy is read.
Expr NestEmitter::copied_read(const Expr& e, std::vector<Expr> indices, const Scope& scope) {
  if (e->boundary != Boundary::none) return bounded_read(e, std::move(indices), scope);
  ExprNode node = *e;
  node.boundary = Boundary::constant;
  node.boundary_value = make_constant(e.type().dtype, 0);
  return bounded_read(make_access(std::move(node)), std::move(indices), scope);
}

// The boundary rule of this read needs no look here: the index is inside.
bool NestEmitter::idle_here(const BorderRead& read, const Scope& scope) const {
  if (scope.inside.count(read)) return true;
  auto clipped = lowering_.clipped.find(read);
  return clipped != lowering_.clipped.end() && scope.low.count(clipped->second);
}

std::vector<Expr> NestEmitter::place(const Storage& storage, const std::vector<Expr>& indices, const Facts& facts) {
  std::vector<Expr> entries;
  for (size_t d = 0; d < indices.size(); ++d) {
    entries.push_back(storage.fold[d].defined() ? indices[d] % storage.fold[d] : indices[d] - storage.minimum[d]);
  }
  if (storage.packed && !entries.empty()) entries.back() = entries.back() / integer(2);
  std::vector<Expr> result = place_in(storage.digits, entries);
  for (Expr& at : result) at = simplify(at, facts);
  if (result.empty()) result.push_back(integer(0));
  return result;
}

// `present`: where nothing else is read.
Expr NestEmitter::read(const Storage& from, int component, DType dtype, const std::vector<Expr>& indices,
                       const Scope& scope, const Expr& present) const {
  ExprNode node;
  node.kind = ExprKind::access;
  node.type = {from.packed ? DType::u8 : unpacked_type_of(dtype), 1};
  node.name = from.buffers[component];
  node.args = place(from, indices, scope.facts);
  node.mask = mask_for(node.args, scope);
  for (const Expr& more : {mask_among(scope.masks_around, node.args, scope), present}) {
    if (more.defined()) node.mask = node.mask.defined() ? node.mask & more : more;
  }
  Expr value = make_access(std::move(node));
  if (!from.packed) return value;
  const Expr odd = indices.empty() ? make_constant(DType::boolean, 0) : eq(indices.back() % integer(2), integer(1));
  return unpacked(dtype, value, simplify(odd, scope.facts));
}

Expr NestEmitter::mask_for(const std::vector<Expr>& indices, const Scope& scope) const {
  return mask_among(scope.masks, indices, scope);
}

Expr NestEmitter::mask_among(const std::vector<std::pair<std::string, Expr>>& masks, const std::vector<Expr>& indices,
                             const Scope& scope) const {
  Expr mask;
  for (const auto& [var, condition] : masks) {
    bool depends = std::any_of(indices.begin(), indices.end(), [&](const Expr& e) { return depends_on(e, var, scope.facts); });
    if (depends) mask = mask.defined() ? mask & condition : condition;
  }
  return mask;
}

std::vector<Expr> NestEmitter::own_indices(const Scope& scope) const {
  std::vector<Expr> indices;
  for (const std::string& v : func_.vars) indices.push_back(absolute(v, scope));
  return indices;
}

// Whether the lanes that are stored together begin at a multiple of their number in every row. Variables that stand for
// other values are looked through.
bool NestEmitter::begins_at_whole_vectors(const Expr& index, DType dtype, const Scope& scope) const {
  Substitution first_lane;
  int64_t lanes = 0;
  for (const Loop& loop : nest_.loops) {
    auto lane = scope.lane.find(loop.name);
    if (loop.kind != ir::LoopKind::vector || lane == scope.lane.end()) continue;
    first_lane.push_back({lane->second->name, integer(0)});
    is_integer_constant(extent_of(loop.name, scope), &lanes);
  }
  lanes = std::min<int64_t>(lanes, lowering_.target.lanes(bytes_of(dtype)));
  while (lanes & (lanes - 1)) lanes &= lanes - 1;
  Expr begin = substitute(index, first_lane);
  for (int steps = 8; steps > 0; --steps) {
    const int64_t content = Polynomial::of(begin).content();
    if (lanes > 0 && content % lanes == 0) return true;
    Substitution meanings;
    visit(begin, [&](const Expr& e) {
      const Range* range = e.kind() == ExprKind::var ? scope.facts.find(e->name) : nullptr;
      const bool exact = range && range->lowest.defined() && range->lowest == range->highest;
      if (exact && !uses_var(range->lowest, e->name)) meanings.push_back({e->name, range->lowest});
    });
    if (meanings.empty()) return false;
    begin = simplify(substitute(begin, meanings), scope.facts);
  }
  return false;
}

Stmt NestEmitter::store_values(const std::vector<Expr>& values, const Storage& to, const FuncContents& func,
                               const Scope& scope, bool stream) {
  return store_at(own_indices(scope), values, to, func, scope, stream);
}

Stmt NestEmitter::store_at(const std::vector<Expr>& point, const std::vector<Expr>& values, const Storage& to,
                           const FuncContents& func, const Scope& scope, bool stream) {
  std::vector<Expr> indices = place(to, point, scope.facts);
  Expr mask = mask_for(indices, scope);
  std::vector<Stmt> stores;
  for (size_t c = 0; c < values.size(); ++c) {
    Stmt s = ir::make_store(to.buffers[c], indices, values[c], mask);
    Expr streams = stream && scope.lockstep ? lowering_.streams(func.name) : Expr();
    bool whole = streams.defined() && begins_at_whole_vectors(indices.back(), values[c].type().dtype, scope);
    if (streams.defined() && !whole && scope.moved.streams.defined()) {
      const Expr usual = simplify(substitute(indices.back(), {{scope.moved.start, scope.moved.usual}}), scope.facts);
      whole = begins_at_whole_vectors(usual, values[c].type().dtype, scope);
      streams = scope.moved.streams;
    }
    if (scope.lockstep) {
      lowering_.note(func.name, Requirement::streamed, whole,
                     !streams.defined() ? "no stream directive, or not at the end of the reduction" : "a store may begin inside of a vector");
    }
    if (whole) {
      ir::StmtNode node = *s;
      node.streaming = streams;
      s = std::make_shared<const ir::StmtNode>(std::move(node));
    }
    stores.push_back(s);
  }
  if (stores.size() == 1) return stores[0];
  std::vector<std::string> names;
  for (size_t c = 0; c < values.size(); ++c) {
    names.push_back(lowering_.fresh("new"));
    ir::StmtNode node = *stores[c];
    node.values[0] = make_var(names[c], values[c].type());
    stores[c] = std::make_shared<const ir::StmtNode>(std::move(node));
  }
  Stmt s = ir::make_block(stores);
  for (size_t c = values.size(); c-- > 0;) s = ir::make_let(names[c], values[c], s);
  return s;
}

// This nest stores it: its own Func, or one that completes it.
bool NestEmitter::writes(const std::string& tensor) const {
  const auto epilogues = lowering_.epilogues.find(func_.name);
  const bool completes = epilogues != lowering_.epilogues.end() && std::any_of(epilogues->second.begin(), epilogues->second.end(), [&](const FuncContents* f) { return f->name == tensor; });
  return (tensor == func_.name || completes) && lowering_.storage.count(tensor);
}

// What the same reads touch some iterations of a loop later, or what is written then; one request for reads that differ only
// along the contiguous dimension, none for a window in registers.
Stmt NestEmitter::prefetches(const Scope& scope, bool written) const {
  std::vector<Stmt> requests;
  if (scope.rare) return nullptr;
  for (const Prefetching* p : scope.prefetching) {
    Scope later = scope;
    auto loop = later.value.find(p->loop);
    if (loop == later.value.end() || writes(p->tensor) != written || in_a_window(p->tensor)) continue;
    Expr step = p->distance;
    if (const Split* split = nest_.block_loop(p->loop)) {
      later.start[split->inner] = later.start[split->inner] + step * later.block.at(split->inner);
    }
    loop->second = loop->second + step;
    for (const auto& [lanes, tail] : scope.tail) {             // whole lines: a vector that is moved back needs no other
      if (tail == Tail::shift) later.value[lanes] = scope.lane.at(lanes);
    }
    if (written) {
      const Storage& to = lowering_.storage.at(p->tensor);
      for (const std::string& buffer : to.buffers) requests.push_back(ir::make_prefetch(buffer, place(to, own_indices(later), scope.facts), ir::Request::write));
      continue;
    }
    const ir::Request request = nest_.innermost(p->loop) ? ir::Request::soon : ir::Request::read;
    std::set<std::vector<Expr>> lines;
    for (const Expr& value : func_.values) {
      visit(value, [&](const Expr& e) {
        if (e.kind() != ExprKind::access || e->name != p->tensor) return;
        Substitution indices;
        for (const auto& [root, minimum] : root_minimum_) indices.push_back({root, absolute(root, later)});
        std::vector<Expr> at;
        for (const Expr& a : e.args()) at.push_back(simplify(substitute(a, indices), scope.facts));
        std::vector<Expr> line(at.begin(), at.end() - (at.empty() ? 0 : 1));
        if (lines.insert(line).second) {
          auto copy = scope.staged.find(p->tensor);
          const Storage& from = copy != scope.staged.end() ? copy->second : lowering_.storage.at(p->tensor);
          requests.push_back(ir::make_prefetch(from.buffers[e->component], place(from, at, scope.facts), request));
        }
      });
    }
  }
  return ir::make_block(std::move(requests));
}

// Whether there is this iteration, and this term; undefined where there always is.
Expr NestEmitter::guard_of(const Scope& scope) {
  Expr condition;
  for (const auto* guards : {&scope.guards, &scope.reduction_guards}) {
    for (const Expr& guard : *guards) condition = condition.defined() ? condition & guard : guard;
  }
  return condition;
}

Stmt NestEmitter::guarded(Stmt s, const Scope& scope) const {
  Expr condition;
  for (const Expr& guard : scope.guards) condition = condition.defined() ? condition & guard : guard;
  return condition.defined() ? ir::make_branch(condition, s) : s;
}

}  // namespace lathe
