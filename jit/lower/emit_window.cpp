// A producer in a window of registers: what neighbouring iterations of a loop both read is computed once, and moves
// down by as many entries as the loop moves on.
//
//   Bx.compute_at(Y, y).store_at(Y, xo).slide(y)
//
//   alloc Bx: f32[3, 16] registers
//   for y:  Bx[2, ...] = the row y + 1;  Y[y, ...] = Bx[0, ...] + Bx[1, ...] + Bx[2, ...];  Bx[0] = Bx[1], Bx[1] =
//   Bx[2]
//
// The first iteration makes the whole window. Registers have no addresses: all of it is straight code with constant
// places.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "jit/lower/check_directives.h"
#include "jit/lower/lets.h"
#include "jit/lower/nest_emitter.h"
#include "lang/text.h"

namespace lathe {

using ir::Stmt;

// The dimension that the Func's own vector runs over is the contiguous one.
static Layout lanes_last(const FuncContents& func, const std::vector<Directive>& directives) {
  const Nest nest = build_nest(func, directives);
  Layout layout = row_major(func.vars.size());
  std::stable_partition(layout.begin(), layout.end(), [&](const LayoutDigit& digit) {
    return std::none_of(nest.loops.begin(), nest.loops.end(), [&](const Loop& l) {
      return l.kind == ir::LoopKind::vector && l.root == func.vars[digit.dimension];
    });
  });
  return layout;
}

Stmt NestEmitter::with_window(const Attachment& a, Scope scope, const Continue& body) {
  Storage storage;
  storage.digits = lanes_last(*a.func, lowering_.directives);
  storage.fold.resize(a.func->vars.size());
  storage.minimum.assign(a.func->vars.size(), integer(0));
  for (int c = 0; c < a.func->components(); ++c) storage.buffers.push_back(lowering_.fresh(component_name(*a.func, c)));
  lowering_.storage[a.func->name] = storage;
  lowering_.windows[a.func->name].assign(a.func->vars.size(), 1);
  Stmt s = body(std::move(scope));
  const std::vector<int64_t> extent = lowering_.windows.at(a.func->name);
  lowering_.windows.erase(a.func->name);
  lowering_.storage.erase(a.func->name);

  std::vector<Expr> extents;
  int64_t elements = 1, registers = 0;
  for (const LayoutDigit& digit : storage.digits) {
    extents.push_back(integer(extent[digit.dimension]));
    elements *= extent[digit.dimension];
  }
  if (extents.empty()) extents.push_back(integer(1));
  for (int c = 0; c < a.func->components(); ++c) {
    const int64_t bytes = elements * bytes_of(a.func->dtype(c));
    registers += (bytes + lowering_.target.vector_bytes - 1) / lowering_.target.vector_bytes;
    s = ir::make_alloc(storage.buffers[c], a.func->dtype(c), ir::Space::registers, extents, s);
  }
  if (registers > lowering_.target.vector_registers) {
    refuse(ErrorCode::over_budget, *a.slide, fmt::format("a window of {} vector registers", registers),
           fmt::format("at most the {} that {} has", lowering_.target.vector_registers, lowering_.target.name),
           "a narrower strip, or fold_storage");
  }
  return s;
}

// How many neighbours along an index one vector of the Func computes.
static int64_t lanes_along(const Nest& nest, const std::string& index) {
  const Split* split = nest.split_of(index);
  const Loop* lanes = split ? nest.find(split->inner) : nullptr;
  return lanes && lanes->kind == ir::LoopKind::vector ? nest.constant_extent(*lanes) : 1;
}

// Whether so many entries along an index are whole blocks of all its splits; those of vectors may be masked instead.
static bool are_whole_blocks(const Nest& nest, const std::string& index, int64_t entries, bool masked) {
  std::map<std::string, int64_t> extent{{index, entries}};
  for (const Split& s : nest.splits) {
    const auto parent = extent.find(s.parent);
    int64_t factor = 1;
    if (parent == extent.end() || !is_integer_constant(s.factor, &factor)) continue;
    const Loop* inner = nest.find(s.inner);
    const bool vector = inner && inner->kind == ir::LoopKind::vector;
    if (parent->second % factor != 0 && !(masked && vector)) return false;
    extent[s.outer] = (parent->second + factor - 1) / factor;
    extent[s.inner] = factor;
  }
  return true;
}

// A dimension of which fewer entries may be real than there are: lanes of one vector, whose mask leaves the others out.
static bool is_one_vector(const Nest& nest, const std::string& index, int64_t extent) {
  return extent > 1 && lanes_along(nest, index) == extent;
}

NestEmitter::Movement NestEmitter::movement_of(const Attachment& a, const Region& region, const Scope& scope) const {
  const Nest nest = build_nest(*a.func, lowering_.directives);
  Movement m;
  m.dimension = index_named(*a.slide, *a.func);
  for (size_t d = 0; d < region.lowest.size(); ++d) {
    const std::string& index = a.func->vars[d];
    const Expr real = spelled_out(region.highest[d] - region.lowest[d] + integer(1), scope.facts);
    const Expr whole = simplify(region.whole[d] - region.lowest[d] + integer(1), scope.facts);
    int64_t extent = 0;
    if (!is_integer_constant(real, &extent)) {
      if (d == m.dimension || !is_integer_constant(whole, &extent) || !is_one_vector(nest, index, extent)) {
        refuse(ErrorCode::unproved, *a.slide,
               fmt::format("an iteration of {} reads {} entries along {}", a.compute_loop, print(real), index),
               "a constant number of them, or the lanes of one vector", "compute it inside of a loop over blocks");
      }
      m.real[index] = real;
    }
    m.extent.push_back(std::max<int64_t>(extent, 1));
  }
  find_step(a, region, scope, m);
  for (size_t d = 0; d < m.extent.size(); ++d) {
    const std::string& index = a.func->vars[d];
    const bool along = d == m.dimension;
    if (are_whole_blocks(nest, index, m.extent[d], !along) && (!along || are_whole_blocks(nest, index, m.step, false))) continue;
    const std::string moved = along ? fmt::format(", {} of them new", m.step) : "";
    refuse(ErrorCode::illegal_schedule, *a.slide, fmt::format("{} entries along {}{}, in blocks that do not divide them", m.extent[d], index, moved),
           "whole blocks", "leave that index uncut, or vectorize another one");
  }
  return m;
}

// As the loop moves on by one; the last block may have been put elsewhere, and makes all of its window then.
void NestEmitter::find_step(const Attachment& a, const Region& region, const Scope& scope, Movement& m) const {
  const std::string moving = "?";
  Scope at = scope;
  at.value[a.compute_loop] = make_var(moving);
  if (const Split* split = nest_.block_loop(a.compute_loop))
    at.start[split->inner] = make_var(moving) * scope.block.at(split->inner);
  const Region there = region_of(a.func->name, at);
  for (size_t d = 0; d < region.lowest.size(); ++d) {
    const Expr& low = there.lowest[d];
    int64_t step = 0;
    if (!is_integer_constant(simplify(substitute(low, {{moving, make_var(moving) + integer(1)}}) - low, scope.facts),
                             &step))
      return;
    if (d != m.dimension && step != 0) return;  // other lanes: nothing can be kept
    if (d != m.dimension) continue;
    if (step < 1 || step >= m.extent[d]) return;
    m.step = step;
  }
  const Expr here = substitute(there.lowest[m.dimension], {{moving, scope.value.at(a.compute_loop)}});
  m.continues = is_zero(simplify(here - region.lowest[m.dimension], scope.facts));
}

Stmt NestEmitter::produce_window(const Attachment& a, const Region& region, const Scope& scope) {
  const Movement m = movement_of(a, region, scope);
  std::vector<int64_t>& extent = lowering_.windows.at(a.func->name);
  const Nest own = build_nest(*a.func, lowering_.directives);
  for (size_t d = 0; d < extent.size(); ++d) {              // whole vectors, of this Func and of its reader
    const int64_t lanes = lanes_along(own, a.func->vars[d]);
    int64_t read = 0;
    is_integer_constant(simplify(region.whole[d] - region.lowest[d] + integer(1), scope.facts), &read);
    extent[d] = std::max({extent[d], (m.extent[d] + lanes - 1) / lanes * lanes, read});
  }
  lowering_.storage.at(a.func->name).minimum = region.lowest;
  auto make = [&](int64_t entries) {
    std::vector<Expr> lowest = region.lowest, count;
    for (int64_t e : m.extent) count.push_back(integer(e));
    count[m.dimension] = integer(entries);
    lowest[m.dimension] = simplify(lowest[m.dimension] + integer(m.extent[m.dimension] - entries), scope.facts);
    Facts outside = lowering_.facts;
    lowering_.facts = scope.facts;
    Stmt s = NestEmitter(lowering_, *a.func, lowest, count).emit_straight(scope, m.real);
    lowering_.facts = outside;
    return where_points(where_terms(s, scope), region, true, scope);
  };
  const Expr& at = scope.value.at(a.compute_loop);
  const bool first = !scope.facts.at_most(integer(1), at), later = !scope.facts.at_most(at, integer(0));
  lowering_.note(a.func->name, Requirement::kept, m.step > 0,
                 fmt::format("no entry of the window is read again by the next iteration of {}", a.compute_loop));
  const int64_t all = m.extent[m.dimension];
  if (m.step == 0 || !m.continues || !later) return make(all);
  if (!first) return make(m.step);
  return ir::make_branch(eq(at, integer(0)), make(all), make(m.step));
}

// After the body: what the next iteration reads again comes to lie where it will look for it.
Stmt NestEmitter::move_window(const Attachment& a, const Scope& scope) {
  auto storage = lowering_.storage.find(a.func->name);
  if (storage == lowering_.storage.end()) return nullptr;
  const Movement m = movement_of(a, region_of(a.func->name, scope), scope);
  if (m.step == 0) return nullptr;
  const Layout& digits = storage->second.digits;
  std::vector<Stmt> copies;
  for (int c = 0; c < a.func->components(); ++c) {
    std::vector<std::string> names;
    std::vector<Expr> to, from;
    for (const LayoutDigit& digit : digits) {
      names.push_back(lowering_.fresh(a.func->name + ".entry"));
      to.push_back(make_var(names.back()));
      from.push_back(digit.dimension == m.dimension ? simplify(to.back() + integer(m.step)) : to.back());
    }
    const std::string& buffer = storage->second.buffers[static_cast<size_t>(c)];
    Stmt s = ir::make_store(buffer, to, make_access(buffer, a.func->dtype(c), from));
    for (size_t b = names.size(); b-- > 0;) {
      const bool moves = digits[b].dimension == m.dimension;
      const bool lanes = b + 1 == names.size() && !moves;
      const int64_t count = m.extent[digits[b].dimension] - (moves ? m.step : 0);
      s = ir::make_loop(names[b], integer(0), integer(count), lanes ? ir::LoopKind::vector : ir::LoopKind::unroll, s);
    }
    copies.push_back(s);
  }
  return ir::make_block(std::move(copies));
}

// Registers have no addresses: the place of a read is a constant once the loops inside are written out, or neighbouring lanes.
void NestEmitter::check_place_in_window(const Expr& e, const std::vector<Expr>& indices, const Scope& scope) const {
  const auto window = lowering_.windows.find(e->name);
  if (window == lowering_.windows.end()) return;
  const Storage& storage = lowering_.storage.at(e->name);
  const std::vector<Expr> entry = place(storage, indices, scope.facts);
  Expr at = integer(0);
  for (size_t b = 0; b < storage.digits.size(); ++b) at = at * integer(window->second[storage.digits[b].dimension]) + entry[b];
  at = simplify(spelled_out(at, scope.facts), scope.facts);
  Substitution first;                                       // without the variables of loops that are written out
  bool neighbours = true;
  for (const Loop& loop : nest_.loops) {
    const auto lane = scope.lane.find(loop.name);
    if (lane == scope.lane.end() || lane->second.kind() != ExprKind::var) continue;
    first.push_back({lane->second->name, integer(0)});
    if (loop.kind != ir::LoopKind::vector) continue;
    const auto linear = Polynomial::of(at).linear_in(lane->second->name);
    const std::optional<int64_t> step = linear ? linear->first.constant() : std::nullopt;
    neighbours = neighbours && step && (*step == 0 || *step == 1);
  }
  if (neighbours && is_integer_constant(simplify(substitute(at, first)))) return;
  for (const Attachment& a : lowering_.attachments) {
    if (!a.slide || a.func->name != e->name) continue;
    refuse(ErrorCode::illegal_schedule, *a.slide, fmt::format("{} reads {}", func_.name, print(e)),
           fmt::format("the same entry of the window in each iteration of {}, or neighbouring ones", a.compute_loop), "leave it in memory: store_at without slide");
  }
}

Stmt NestEmitter::emit_straight(const Scope& outer, const std::map<std::string, Expr>& real) {
  straight_ = true;
  Scope scope = outer;
  scope.border_cuts = 0;
  for (const auto& [index, count] : real) real_[index] = real_[nest_.split_of(index)->inner] = count;
  return emit(scope);
}

bool NestEmitter::in_a_window(const std::string& func) const {
  return std::any_of(lowering_.attachments.begin(), lowering_.attachments.end(), [&](const Attachment& a) { return a.slide && a.func->name == func; });
}

// Windows are in registers where this nest reads them: its own loops inside are straight code as well.
// Whether it reads a window here; a reduction, in some of its phases, which agree on how rows beyond the end are kept out.
bool NestEmitter::reads_windows() const {
  return std::any_of(lowering_.attachments.begin(), lowering_.attachments.end(), [&](const Attachment& a) {
    return a.slide && a.consumer == func_.name && (func_.is_reduction() || lowering_.windows.count(a.func->name));
  });
}

ir::LoopKind NestEmitter::kind_of(const Loop& loop) const {
  return straight_ && loop.kind == ir::LoopKind::serial && !loop.reduction ? ir::LoopKind::unroll : loop.kind;
}

}  // namespace lathe
