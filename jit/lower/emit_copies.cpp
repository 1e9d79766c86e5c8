// Copies of operands for one consumer: storage around the body, and a nest that fills it at its top. A copy may instead be
// written by the first iteration that uses it (with_first).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "jit/lower/check_directives.h"
#include "jit/lower/lets.h"
#include "jit/lower/nest_emitter.h"
#include "lang/text.h"

namespace lathe {

using ir::Stmt;

static constexpr int64_t kMostGrouped = 4;                  // stores that code generation merges
static constexpr int64_t kCopiedBytes = 16;                 // of a vector whose elements change places within a unit of registers

// The one access by which this nest reads a staged tensor.
static Expr only_access(const std::string& tensor, const std::vector<Expr>& values, const Staging& staging) {
  Expr found;
  for (const Expr& value : values) {
    visit(value, [&](const Expr& e) {
      if (e.kind() != ExprKind::access || e->name != tensor || found == e) return;
      if (found.defined()) {
        throw Error(ErrorCode::illegal_schedule,
                    {"schedule", fmt::format("{}.stage_at({}, {})", tensor, staging.consumer, staging.loop),
                     fmt::format("{} and {}", print(found), print(e)), "one read of what is copied", staging.where});
      }
      found = e;
    });
  }
  if (!found.defined()) {
    throw Error(ErrorCode::bad_directive, {"schedule", fmt::format("{}.stage_at({}, {})", tensor, staging.consumer, staging.loop),
                                           fmt::format("{} does not read {}", staging.consumer, tensor),
                                           "a tensor that the consumer reads", staging.where});
  }
  return found;
}

Stmt NestEmitter::with_copy(const Staging& staging, Scope scope, const Continue& body) {
  Expr access = only_access(staging.tensor, all_values(), staging);
  Region region = own_region_of(staging.tensor, scope);
  Lets lets(lowering_, scope.facts);
  Storage storage;
  std::vector<Expr> sizes;
  for (size_t d = 0; d < region.lowest.size(); ++d) {
    storage.minimum.push_back(region.lowest[d]);
    Expr size = simplify(region.whole[d] - region.lowest[d] + integer(1), scope.facts);
    for (const auto& [inner, pitch] : scope.pitch) {
      if (uses_var(access.arg(d), nest_.find(inner)->root) && size == scope.block.at(inner)) size = pitch;
    }
    sizes.push_back(lets.named(staging.tensor + ".size", size));
  }
  storage.size = sizes;
  storage.fold.resize(region.lowest.size());
  storage.digits = layout_order(staging, access);
  storage.buffers.push_back(lowering_.fresh(staging.name.empty() ? staging.tensor + ".staged" : staging.name));
  scope.facts = lets.facts();

  const std::vector<Expr> extents = extents_in(storage.digits, sizes);
  Stmt s;
  if (staging.first_loop.empty()) {
    Stmt copy = copy_nest(staging, storage, scope);
    scope.staged[staging.tensor] = storage;
    s = ir::make_block({copy, body(std::move(scope))});
  } else {
    check_first_loop(staging, access);
    scope.awaiting.push_back({&staging, storage});
    s = body(std::move(scope));
  }
  return lets.wrap(allocated(lowering_, staging.form, storage, {unpacked_type_of(access.type().dtype)}, extents, lets.facts(),
                             [&](const Directive& d) { return indexed_by(d.loops.at(0), access, d); }, s));
}

// The dimension of a staged tensor that a loop of this nest, named by a directive on the copy, runs over.
size_t NestEmitter::indexed_by(const std::string& name, const Expr& access, const Directive& d) const {
  const Loop* loop = nest_.find(name);
  const bool known = loop || root_minimum_.count(name);     // a variable that was cut, too
  for (size_t at = 0; known && at < access.args().size(); ++at) if (uses_var(access.arg(at), loop ? loop->root : name)) return at;
  refuse(known ? ErrorCode::bad_directive : ErrorCode::unknown_loop, d,
         known ? fmt::format("{} does not depend on {}", print(access), name) : fmt::format("{} has no loop {}", func_.name, name),
         fmt::format("a loop of {} that indexes {}", func_.name, access->name));
}

// Buffer dimensions in the order of the layout's loops; each names the tensor dimension that its variable indexes.
Layout NestEmitter::layout_order(const Staging& staging, const Expr& access) const {
  Layout order;
  std::set<size_t> named;
  std::vector<std::string> digits;
  for (const Digit& each : staging.layout) digits.push_back(print(each));
  auto refuse_digit = [&](ErrorCode code, std::string got) {
    throw Error(code, {"schedule", fmt::format("{}.layout({})", staging.tensor, fmt::join(digits, ", ")), std::move(got),
                       fmt::format("loops of {} that index {}, one a dimension", func_.name, staging.tensor), staging.layout_where});
  };
  for (const Digit& digit : staging.layout) {
    const bool whole = digit.divisor == 1 && digit.modulus == 0;
    const bool part_of_index = root_minimum_.count(digit.name) != 0;   // k, or k/4 and k%4, of a variable that was cut
    const Loop* loop = nest_.find(digit.name);
    const std::string root = loop ? loop->root : digit.name;
    if (!loop && !part_of_index) refuse_digit(ErrorCode::unknown_loop, fmt::format("{} has no loop {}", func_.name, digit.name));
    size_t dimension = access.args().size();
    for (size_t d = 0; d < access.args().size(); ++d) if (uses_var(access.arg(d), root)) dimension = d;
    if (dimension == access.args().size()) refuse_digit(ErrorCode::bad_directive, fmt::format("{} does not depend on {}", print(access), digit.name));
    const bool again = std::any_of(order.begin(), order.end(), [&](const LayoutDigit& other) {
      return other.dimension == dimension && (whole || (other.divisor == 1 && other.modulus == 0));
    });
    if (again) refuse_digit(ErrorCode::bad_directive, fmt::format("{} twice", print(access.arg(dimension))));
    named.insert(dimension);
    order.push_back({dimension, digit.divisor, digit.modulus});
  }
  Layout missing;
  for (size_t d = 0; d < access.args().size(); ++d) if (!named.count(d)) missing.push_back({d, 1, 0});
  order.insert(order.begin(), missing.begin(), missing.end());
  std::vector<std::string> dimensions;
  for (const Expr& index : access.args()) dimensions.push_back(print(index));
  check_radices(order, dimensions, fmt::format("{}.layout({})", staging.tensor, fmt::join(digits, ", ")), staging.layout_where);
  return order;
}

void NestEmitter::check_first_loop(const Staging& staging, const Expr& access) const {
  int at = nest_.position(staging.first_loop), around = nest_.position(staging.loop);
  std::string got;
  if (at < 0) {
    got = fmt::format("{} has no loop {}", func_.name, staging.first_loop);
  } else if (at <= around) {
    got = fmt::format("{} is not inside {}", staging.first_loop, staging.loop);
  } else if (nest_.loops[at].reduction) {
    got = fmt::format("{} is a loop of the reduction", staging.first_loop);
  }
  for (int i = around + 1; got.empty() && i <= at; ++i) {
    for (const Expr& index : access.args()) {
      if (uses_var(index, nest_.loops[i].root) && nest_.loops[i].root != nest_.loops[at].root) continue;
      if (uses_var(index, nest_.loops[at].root)) got = fmt::format("{} depends on {}", staging.tensor, staging.first_loop);
    }
  }
  if (got.empty() && accumulator_level_ < at) got = "the accumulators do not stand inside that loop";
  if (got.empty()) return;
  throw Error(at < 0 ? ErrorCode::unknown_loop : ErrorCode::illegal_schedule,
              {"schedule", fmt::format("{}.with_first({})", staging.tensor, staging.first_loop), got,
               "a loop inside the copy's own and around the accumulators, over an index that the copy does not have",
               staging.first_where});
}

// Copies not yet made that were to be written by this loop's first iteration, when it has no body for that.
Stmt NestEmitter::write_awaiting(const std::string& loop, Scope& scope) {
  std::vector<Stmt> copies;
  for (auto it = scope.awaiting.begin(); it != scope.awaiting.end();) {
    if (it->first->first_loop != loop) {
      ++it;
      continue;
    }
    copies.push_back(copy_nest(*it->first, it->second, scope));
    scope.staged[it->first->tensor] = it->second;
    it = scope.awaiting.erase(it);
  }
  return ir::make_block(std::move(copies));
}

// The dimension whose last digit is the innermost of the copy, where the copy can be made digit by digit: elements that lay apart
// stand in one piece of code then, and the stores of a group become whole vectors.
static std::optional<size_t> grouped_dimension(const Storage& to, const std::vector<Expr>& lowest, const Facts& facts) {
  if (to.digits.empty() || to.digits.back().divisor != 1 || to.digits.back().modulus == 0) return std::nullopt;
  const LayoutDigit& last = to.digits.back();
  const auto mine = std::count_if(to.digits.begin(), to.digits.end(), [&](const LayoutDigit& d) { return d.dimension == last.dimension; });
  const bool begins = is_zero(simplify(lowest[last.dimension] - to.minimum[last.dimension], facts));
  const bool apart = last.dimension + 1 < lowest.size();
  return mine == 2 && last.modulus <= kMostGrouped && begins && apart ? std::optional(last.dimension) : std::nullopt;
}

// The copy as a nest of its own: whole blocks, zeros beyond the real end. Of groups, those that are not full stand apart: the others
// need no condition on their terms, and none on lanes where all of these are real.
Stmt NestEmitter::copy_nest(const Staging& staging, const Storage& to, const Scope& scope) {
  CopyNest copy{staging, to, only_access(staging.tensor, all_values(), staging), own_region_of(staging.tensor, scope), {}, {}, {}};
  const Region& region = copy.region;
  copy.counts.resize(region.lowest.size());
  for (const LayoutDigit& digit : to.digits) {
    if (std::find(copy.order.begin(), copy.order.end(), digit.dimension) == copy.order.end()) copy.order.push_back(digit.dimension);
  }
  for (const size_t d : copy.order) {
    Expr& count = copy.counts[d];
    count = simplify(region.whole[d] - region.lowest[d] + integer(1), scope.facts);
    // A part of the copy, as inside a loop over blocks of it, ends with the copy.
    if (Expr before = simplify(region.lowest[d] - to.minimum[d], scope.facts); !is_integer_constant(before)) {
      count = simplify(min(count, to.size[d] - before), scope.facts);
    }
  }
  copy.grouped = grouped_dimension(to, region.lowest, scope.facts);
  if (!copy.grouped) return where_points(where_terms(copy_part(copy, integer(0), {}, scope), scope), region, true, scope);
  const size_t g = *copy.grouped;
  Expr real = make_true();
  std::set<size_t> all{g};
  for (const size_t d : copy.order) {
    if (d == g) continue;
    all.insert(d);
    real = simplify(real & le(region.lowest[d] + copy.counts[d] - integer(1), region.highest[d]), scope.facts);
  }
  const Expr group = integer(to.digits.back().modulus);
  Lets lets(lowering_, scope.facts);
  const Expr full = lets.named(staging.tensor + ".groups", max((region.highest[g] - region.lowest[g] + integer(1)) / group, integer(0)));
  const Expr rest = simplify(ceil_div(copy.counts[g], group) - full, lets.facts());
  Scope inner = scope;
  inner.facts = lets.facts();
  copy.counts[g] = full;
  int64_t known = -1;
  is_integer_constant(real, &known);
  Stmt groups = copy_part(copy, integer(0), known == 0 ? std::set{g} : all, inner);
  if (known < 0) groups = ir::make_branch(real, groups, copy_part(copy, integer(0), {g}, inner));
  copy.counts[g] = rest;
  Stmt last = is_zero(rest) ? nullptr : copy_part(copy, full, {}, inner);
  return where_points(where_terms(lets.wrap(ir::make_block({groups, last})), scope), region, true, scope);
}

// The entries of a copy, of a grouped dimension those of the groups from `first` on. `real`: dimensions of which all of these are.
Stmt NestEmitter::copy_part(const CopyNest& copy, const Expr& first, const std::set<size_t>& real, const Scope& scope) {
  const auto& [staging, to, access, region, counts, order, grouped] = copy;
  std::vector<Expr> within(region.lowest.size());           // which entry, or group, is copied
  std::vector<std::string> names;
  const Expr group = integer(grouped ? to.digits.back().modulus : 1);
  Scope inner = scope;
  for (const size_t d : order) {
    names.push_back(lowering_.fresh(staging.tensor + ".copy"));
    inner.facts.bound(names.back(), integer(0), simplify(counts[d] - integer(1), scope.facts));
    within[d] = grouped == d ? first + make_var(names.back()) : make_var(names.back());
  }
  if (const int64_t side = grouped ? 0 : square_side(staging, access, order, counts); side > 0) {
    return copy_squares(access, to, region, order, counts, names, side, inner);
  }
  const auto copied = [&](Scope at) {
    const std::string element = grouped ? lowering_.fresh(staging.tensor + ".element") : "";
    if (grouped) at.facts.bound(element, integer(0), group - integer(1));
    std::vector<Expr> indices(within.size());
    for (size_t b = 0; b < order.size(); ++b) {
      const size_t d = order[b];
      indices[d] = simplify(region.lowest[d] + (grouped == d ? within[d] * group + make_var(element) : within[d]), at.facts);
      if (real.count(d)) continue;
      Expr here = simplify(le(indices[d], region.highest[d]), at.facts);
      if (!is_integer_constant(here)) at.masks.push_back({names[b], here});
    }
    const Expr value = copied_read(access, indices, at);
    const Stmt s = ir::make_store(to.buffers[0], place(to, indices, at.facts), value);
    return grouped ? ir::make_loop(element, integer(0), group, ir::LoopKind::unroll, s) : s;
  };
  Stmt s;
  for (size_t b = names.size(); b-- > 0;) {
    const size_t d = order[b];
    const bool last = b + 1 == names.size(), lanes = last && is_integer_constant(counts[d]);
    if (last && !lanes && grouped && grouped != d) {
      s = copied_by_vectors(names[b], counts[d], bytes_of(unpacked_type_of(access.type().dtype)), inner, within[d], copied);
      continue;
    }
    if (last) s = copied(inner);
    const auto [kind, when] = copy_loop(staging, access, d, counts[d], lanes ? ir::LoopKind::vector : ir::LoopKind::serial);
    s = ir::make_loop(names[b], integer(0), counts[d], kind, s, when);
  }
  return s ? s : copied(inner);
}

// The side of squares in which a copy changes rows and columns: where the last dimension of the tensor, whose elements lie side
// by side, is the last but one of the copy, and the copy's last one is a number of whole sides. 0: it does not.
int64_t NestEmitter::square_side(const Staging& staging, const Expr& access, const std::vector<size_t>& order, const std::vector<Expr>& counts) const {
  if (order.size() < 2 || order[order.size() - 2] + 1 != access.args().size() || !staging.name.empty()) return 0;
  const int bytes = bytes_of(access.type().dtype);
  const int64_t side = std::min<int64_t>(bytes > 0 ? lowering_.target.lanes(bytes) : 0, 16);
  int64_t rows = 0;
  return side >= 4 && bits_of(access.type().dtype) >= 8 && is_integer_constant(counts[order.back()], &rows) && rows % side == 0 ? side : 0;
}

// Squares of the copy, each as straight code: a vector of every row, stored down a column. Beyond the real end stand rows that are
// there, once more.
Stmt NestEmitter::copy_squares(const Expr& access, const Storage& to, const Region& region, const std::vector<size_t>& order,
                               const std::vector<Expr>& counts, const std::vector<std::string>& names, int64_t side, Scope scope) {
  const size_t across = order[order.size() - 2], along = order.back();
  const std::string blocks = lowering_.fresh("block"), lane = lowering_.fresh("lane"), tiles = lowering_.fresh("rows"), row = lowering_.fresh("row");
  const Expr length = integer(side);
  scope.facts.bound(blocks, integer(0), simplify((counts[across] - integer(1)) / length, scope.facts));
  scope.facts.bound(lane, integer(0), integer(side - 1));
  scope.facts.bound(tiles, integer(0), simplify(counts[along] / length - integer(1), scope.facts));
  scope.facts.bound(row, integer(0), integer(side - 1));
  std::vector<Expr> from(access.args().size()), at(access.args().size());
  for (size_t b = 0; b < order.size(); ++b) {
    const size_t d = order[b];
    const Expr step = d == across ? make_var(blocks) * length + make_var(lane) : d == along ? make_var(tiles) * length + make_var(row) : make_var(names[b]);
    at[d] = simplify(region.lowest[d] + step, scope.facts);
    from[d] = d == along ? simplify(min(at[d], region.highest[d]), scope.facts) : at[d];
  }
  scope.masks.clear();
  for (size_t b = 0; b + 2 < order.size(); ++b) {
    const Expr real = simplify(le(at[order[b]], region.highest[order[b]]), scope.facts);
    if (!is_integer_constant(real)) scope.masks.push_back({names[b], real});
  }
  const Expr within = simplify(lt(make_var(blocks) * length + make_var(lane), min(counts[across], region.highest[across] - region.lowest[across] + integer(1))), scope.facts);
  if (!is_integer_constant(within)) scope.masks.push_back({lane, within});
  Stmt s = ir::make_store(to.buffers[0], place(to, at, scope.facts), copied_read(access, from, scope), is_integer_constant(within) ? Expr() : within);
  s = ir::make_loop(lane, integer(0), length, ir::LoopKind::vector, s);
  s = ir::make_loop(row, integer(0), length, ir::LoopKind::unroll, s);
  s = ir::make_loop(tiles, integer(0), simplify(counts[along] / length, scope.facts), ir::LoopKind::serial, s);
  s = ir::make_loop(blocks, integer(0), (counts[across] + (length - integer(1))) / length, ir::LoopKind::serial, s);
  for (size_t b = order.size() - 2; b-- > 0;) s = ir::make_loop(names[b], integer(0), counts[order[b]], ir::LoopKind::serial, s);
  return s;
}

// Entries along the last dimension, of groups: whole vectors of them, then those that are left. `copied` copies the entry `within`,
// which `name` counts.
Stmt NestEmitter::copied_by_vectors(std::string& name, const Expr& count, int64_t element_bytes, const Scope& scope, Expr& within,
                                    const Continue& copied) {
  Lets lets(lowering_, scope.facts);
  const Expr lanes = integer(kCopiedBytes / element_bytes);
  const Expr whole = lets.named(name + ".vectors", count / lanes), rest = simplify(count - whole * lanes, lets.facts());
  Scope vectors = scope, single = scope;
  const std::string block = lowering_.fresh(name + ".block"), left = lowering_.fresh(name + ".rest");
  vectors.facts.bound(block, integer(0), simplify(whole - integer(1)));
  vectors.facts.bound(name, integer(0), lanes - integer(1));
  single.facts.bound(left, integer(0), simplify(rest - integer(1)));
  within = make_var(block) * lanes + make_var(name);
  Stmt first = ir::make_loop(name, integer(0), lanes, ir::LoopKind::vector, copied(std::move(vectors)));
  first = ir::make_loop(block, integer(0), whole, ir::LoopKind::serial, first);
  name = left;
  within = whole * lanes + make_var(left);
  Stmt second = ir::make_loop(left, integer(0), rest, ir::LoopKind::serial, copied(std::move(single)));
  return lets.wrap(ir::make_block({first, second}));
}

// How the copy's loop over a dimension runs: as a directive on the copy says of a loop of this nest over it.
std::pair<ir::LoopKind, Expr> NestEmitter::copy_loop(const Staging& staging, const Expr& access, size_t dimension, const Expr& count, ir::LoopKind kind) const {
  Expr when;
  for (const Directive& d : lowering_.directives) {
    const bool loops = d.kind == DirectiveKind::vectorize || d.kind == DirectiveKind::unroll || d.kind == DirectiveKind::parallel;
    if (!loops || staging.name.empty() || d.func != staging.name || indexed_by(d.loops.at(0), access, d) != dimension) continue;
    if (d.kind == DirectiveKind::parallel) {
      kind = ir::LoopKind::parallel, when = d.value;
      continue;
    }
    if (!is_integer_constant(count)) refuse(ErrorCode::unproved, d, fmt::format("{} entries", print(spelled_out(count, lowering_.facts))), "a constant number of them");
    kind = d.kind == DirectiveKind::vectorize ? ir::LoopKind::vector : ir::LoopKind::unroll;
  }
  return {kind, when};
}

// Whether each element of the copy belongs to one iteration of the nest: one that there is not may write zeros then.
bool NestEmitter::each_index_is_one_variable(const Expr& access) const {
  std::set<std::string> used;
  for (const Expr& index : access.args()) {
    std::vector<std::string> variables;
    for (const auto& [root, minimum] : root_minimum_) if (uses_var(index, root)) variables.push_back(root);
    if (variables.empty()) continue;
    const auto linear = variables.size() == 1 ? Polynomial::of(index).linear_in(variables[0]) : std::nullopt;
    if (!linear || linear->first.constant().value_or(0) == 0 || !used.insert(variables[0]).second) return false;
  }
  return true;
}

// Inside the innermost serial loop of the first iteration: what the copy holds of this step, written once.
Stmt NestEmitter::first_copies(const Walk& walk, size_t at, const Scope& scope) {
  std::vector<Stmt> copies;
  for (const auto& [staging, storage] : scope.writing) {
    Expr access = only_access(staging->tensor, all_values(), *staging);
    const Storage& to = storage;
    std::vector<const Loop*> loops;
    for (size_t i = at; i < walk.levels.size(); ++i) {
      const Loop& loop = nest_.loops[walk.levels[i]];
      for (const Expr& index : access.args()) {
        if (!uses_var(index, loop.root)) continue;
        loops.push_back(&loop);
        break;
      }
    }
    std::function<Stmt(size_t, Scope)> nest = [&](size_t i, Scope inner) -> Stmt {
      if (i < loops.size()) {
        return emit_loop(*loops[i], std::move(inner), [&](Scope s) { return nest(i + 1, std::move(s)); });
      }
      std::vector<Expr> indices;
      for (const Expr& a : access.args()) indices.push_back(simplify(translate(a, inner), inner.facts));
      const std::vector<Expr> place_of = place(to, indices, inner.facts);
      const Expr value = copied_read(access, indices, inner), guard = guard_of(inner);
      const bool alone = each_index_is_one_variable(access);
      const Stmt s = ir::make_store(to.buffers[0], place_of, value, alone ? Expr() : mask_for(place_of, inner));
      const Stmt none = alone ? ir::make_store(to.buffers[0], place_of, make_constant(value.type().dtype, 0)) : nullptr;
      return guard.defined() ? ir::make_branch(guard, s, none) : s;
    };
    Scope first = scope;
    first.copies = true;
    copies.push_back(nest(0, std::move(first)));
  }
  return ir::make_block(std::move(copies));
}

}  // namespace lathe
