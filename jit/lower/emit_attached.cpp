// Producers computed inside a consumer's loop: storage around the body, the nest that fills it at its top; and what else stands
// there, copies (emit_copies.cpp) and tables (emit_tables.cpp).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "jit/lower/check_directives.h"
#include "jit/lower/lets.h"
#include "jit/lower/nest_emitter.h"
#include "jit/lower/trace.h"
#include "lang/text.h"
#include "schedules/text.h"

namespace lathe {

using ir::Stmt;

bool NestEmitter::makes_values_in(const std::string& loop) const {
  const auto here = [&](const auto& each, const std::string& at) { return each.consumer == func_.name && at == loop; };
  return std::any_of(lowering_.attachments.begin(), lowering_.attachments.end(), [&](const Attachment& a) { return here(a, a.compute_loop); }) ||
         std::any_of(lowering_.stagings.begin(), lowering_.stagings.end(), [&](const Staging& s) { return here(s, s.loop); });
}

Stmt NestEmitter::with_attached(const std::string& loop, Scope scope, const Continue& body) {
  for (const Prefetching& p : lowering_.prefetches) {
    const bool asked = std::find(scope.prefetching.begin(), scope.prefetching.end(), &p) != scope.prefetching.end();
    if (p.consumer == func_.name && p.loop == loop && !asked) scope.prefetching.push_back(&p);
  }
  for (const Staging& staging : lowering_.stagings) {
    if (staging.consumer != func_.name || staging.loop != loop || scope.staged.count(staging.tensor)) continue;
    bool waiting = std::any_of(scope.awaiting.begin(), scope.awaiting.end(),
                               [&](const auto& w) { return w.first == &staging; });
    if (waiting) continue;
    return with_copy(staging, std::move(scope), [&](Scope inner) { return with_attached(loop, std::move(inner), body); });
  }
  for (const Tabling& t : lowering_.tables) {
    if (t.consumer != func_.name || t.loop != loop || has_tables(t, scope)) continue;
    return with_tables(t, std::move(scope), [&](Scope inner) { return with_attached(loop, std::move(inner), body); });
  }
  for (const Attachment& a : lowering_.attachments) {
    if (a.consumer == func_.name && a.store_loop == loop && !lowering_.storage.count(a.func->name)) {
      return with_storage(a, std::move(scope), [&](Scope inner) { return with_attached(loop, std::move(inner), body); });
    }
  }
  std::vector<Stmt> parts;
  for (const Attachment& a : lowering_.attachments) {
    if (a.consumer == func_.name && a.compute_loop == loop) parts.push_back(produce(a, scope));
  }
  parts.push_back(body(scope));
  for (const Attachment& a : lowering_.attachments) {
    if (a.consumer == func_.name && a.compute_loop == loop && a.slide) parts.push_back(move_window(a, scope));
  }
  return ir::make_block(std::move(parts));
}

// Allocates a producer for one iteration of its storage loop.
Stmt NestEmitter::with_storage(const Attachment& a, Scope scope, const Continue& body) {
  Region region = region_of(a.func->name, scope);
  if (!region.read) return body(std::move(scope));
  if (a.slide) return with_window(a, std::move(scope), body);
  if (auto with = lowering_.stored_with.find(a.func->name); with != lowering_.stored_with.end()) {
    return in_place_of_results(a, with->second, region, std::move(scope), body);
  }
  Lets lets(lowering_, scope.facts);
  Storage storage;
  std::vector<Expr> extents;
  for (size_t d = 0; d < a.func->vars.size(); ++d) {
    auto fold = a.fold.find(a.func->vars[d]);
    storage.fold.push_back(fold == a.fold.end() ? Expr() : fold->second);
    storage.minimum.push_back(region.lowest[d]);
    extents.push_back(fold != a.fold.end()
                          ? fold->second
                          : lets.named(a.func->name + ".size", region.whole[d] - region.lowest[d] + integer(1)));
  }
  auto layout = lowering_.layouts.find(a.func->name);
  storage.digits = layout == lowering_.layouts.end() ? row_major(extents.size()) : layout->second;
  extents = extents_in(storage.digits, extents);
  for (int c = 0; c < a.func->components(); ++c) storage.buffers.push_back(lowering_.fresh(component_name(*a.func, c)));
  scope.facts = lets.facts();
  lowering_.storage[a.func->name] = storage;
  Stmt s = body(std::move(scope));
  lowering_.storage.erase(a.func->name);
  s = allocated(lowering_, lowering_.forms[a.func->name], storage, dtypes_of(*a.func), extents, lets.facts(),
                [&](const Directive& d) { return index_named(d, *a.func); }, s);
  return lets.wrap(s);
}

// The producer's values wait where this nest's results will be. It reads each at the indices of the result alone; others, which
// read before the results are there, may read no value that has no such place in this iteration.
Stmt NestEmitter::in_place_of_results(const Attachment& a, const Directive& with, const Region& region, Scope scope, const Continue& body) {
  const Region own = own_region_of(a.func->name, scope);
  for (size_t d = 0; d < region.lowest.size(); ++d) {
    const bool same = own.read && simplify(region.lowest[d] - own.lowest[d], scope.facts) == integer(0) &&
                      simplify(region.highest[d] - own.highest[d], scope.facts) == integer(0);
    if (same) continue;
    const auto interval = [&](const Expr& low, const Expr& high) {
      return fmt::format("{} to {}", print(spelled_out(low, scope.facts)), print(spelled_out(high, scope.facts)));
    };
    throw Error(ErrorCode::unproved, {"schedule", print(with),
                                      fmt::format("one iteration of {} needs {} of it along {}", a.compute_loop, interval(region.lowest[d], region.highest[d]), a.func->vars[d]),
                                      own.read ? fmt::format("no more than it has results: {}", interval(own.lowest[d], own.highest[d])) : "results that are made of it",
                                      with.where, fmt::format("{} keeps storage of its own without it", a.func->name)});
  }
  lowering_.storage[a.func->name] = lowering_.storage.at(func_.name);
  Stmt s = body(std::move(scope));
  lowering_.storage.erase(a.func->name);
  return s;
}

// The loop along which a producer's values are kept, as a position: the outermost between storage and computation that moves
// what is read upwards in one dimension alone. -1 where the reads do not tell: it may be any of them.
int NestEmitter::sliding_loop(const Attachment& a) const {
  std::vector<Expr> reads;
  for (const Expr& value : all_values()) {
    visit(value, [&](const Expr& e) { if (e.kind() == ExprKind::access && e->name == a.func->name) reads.push_back(e); });
  }
  for (const Attachment& other : lowering_.attachments) {
    for (const Expr& value : other.func->values) {
      bool through = false;
      visit(value, [&](const Expr& e) { through = through || (e.kind() == ExprKind::access && e->name == a.func->name); });
      if (through) return -1;
    }
  }
  auto moves = [&](size_t d, int loop) {
    const std::set<std::string> variables = nest_.variables_of(nest_.loops[loop]);
    return std::any_of(reads.begin(), reads.end(), [&](const Expr& e) {
      return std::any_of(variables.begin(), variables.end(), [&](const std::string& v) { return uses_var(e.arg(d), v); });
    });
  };
  auto upwards = [&](size_t d, int loop) {
    return std::all_of(reads.begin(), reads.end(), [&](const Expr& e) {
      auto linear = Polynomial::of(e.arg(d)).linear_in(nest_.loops[loop].root);
      return linear && linear->first.constant().value_or(0) > 0;
    });
  };
  const int outermost = nest_.position(a.store_loop) + 1, innermost = nest_.position(a.compute_loop);
  for (int l = outermost; l <= innermost; ++l) {
    std::vector<size_t> moving;
    for (size_t d = 0; d < a.func->vars.size(); ++d) if (moves(d, l)) moving.push_back(d);
    if (moving.size() != 1 || !upwards(moving[0], l)) continue;
    for (int m = outermost; m <= innermost; ++m) if (m != l && moves(moving[0], m)) return -1;
    return l;
  }
  return -1;
}

// Some producer may be kept across iterations of this loop: stored outside of it, computed at it or inside.
bool NestEmitter::slides_along(const std::string& loop) const {
  const int at = nest_.position(loop);
  return std::any_of(lowering_.attachments.begin(), lowering_.attachments.end(), [&](const Attachment& a) {
    if (a.consumer != func_.name || nest_.position(a.store_loop) >= at || at > nest_.position(a.compute_loop)) return false;
    const int sliding = sliding_loop(a);
    return sliding < 0 || sliding == at;
  });
}

// Whether the value changes with this variable, also by way of other variables that stand for what it makes.
bool NestEmitter::depends_on(const Expr& e, const std::string& var, const Facts& facts) const {
  std::set<std::string> seen;
  std::vector<Expr> open{e};
  while (!open.empty() && !seen.count(var)) {
    const Expr next = open.back();
    open.pop_back();
    visit(next, [&](const Expr& node) {
      if (node.kind() != ExprKind::var || !seen.insert(node->name).second) return;
      const auto made = lowering_.opaque.find(node->name);
      if (made != lowering_.opaque.end()) return open.push_back(made->second);
      const Range* range = facts.find(node->name);
      if (range && range->lowest.defined() && range->lowest == range->highest) open.push_back(range->lowest);
    });
  }
  return seen.count(var) > 0;
}

// Along the outermost of the loops between storage and computation that moves the region upwards in one dimension alone,
// what the iteration before left is kept: the dimension, and where the rest starts.
std::optional<std::pair<size_t, Expr>> NestEmitter::kept_along(const Attachment& a, const Region& region,
                                                               const Scope& scope) const {
  int outermost = nest_.position(a.store_loop) + 1, innermost = nest_.position(a.compute_loop);
  auto moves = [&](size_t d, int loop) {
    std::vector<std::string> names{nest_.loops[loop].name};
    if (const Fusion* f = nest_.fusion_named(nest_.loops[loop].root)) names.insert(names.end(), {f->outer, f->inner});
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      auto value = scope.value.find(name);
      return value != scope.value.end() && value->second.kind() == ExprKind::var &&
             (depends_on(region.lowest[d], value->second->name, scope.facts) ||
              depends_on(region.highest[d], value->second->name, scope.facts));
    });
  };
  const int sliding = sliding_loop(a);
  for (int l = outermost; l <= innermost; ++l) {
    if (sliding >= 0 && l != sliding) continue;             // others need not run in order
    const Expr& value = scope.value.at(nest_.loops[l].name);
    if (value.kind() != ExprKind::var || !scope.facts.at_most(integer(0), value)) continue;
    std::vector<size_t> moving;
    bool ring_overwritten = false;                          // a ring that another loop moves holds other values by now
    for (size_t d = 0; d < region.lowest.size(); ++d) {
      if (moves(d, l)) moving.push_back(d);
      for (int m = outermost; m <= innermost && a.fold.count(a.func->vars[d]); ++m) {
        ring_overwritten = ring_overwritten || (m != l && moves(d, m));
      }
    }
    if (moving.size() != 1 || ring_overwritten) continue;
    const Expr &low = region.lowest[moving[0]], &high = region.highest[moving[0]];
    Substitution one_before{{value->name, value - integer(1)}};
    if (!uses_var(high, value->name) || !scope.facts.at_most(substitute(low, one_before), low)) continue;
    Expr rest = max(low, substitute(high, one_before) + integer(1));
    bool later = scope.facts.at_most(integer(1), value);
    return std::pair{moving[0], later ? rest : select(gt(value, integer(0)), rest, low)};
  }
  return std::nullopt;
}

// A ring must hold all that one iteration reads.
void NestEmitter::check_rings(const Attachment& a, const Region& region, const Scope& scope) const {
  for (size_t d = 0; d < region.lowest.size(); ++d) {
    auto fold = a.fold.find(a.func->vars[d]);
    if (fold == a.fold.end()) continue;
    Expr size = simplify(region.highest[d] - region.lowest[d] + integer(1), scope.facts);
    if (scope.facts.at_most(size, fold->second)) continue;
    size = spelled_out(size, scope.facts);
    throw Error(ErrorCode::unproved,
                {"schedule", fmt::format("{}.fold_storage({}, {})", a.func->name, fold->first, print(fold->second)),
                 fmt::format("an iteration of {} reads {} entries", a.compute_loop, print(size)),
                 fmt::format("{} <= {}", print(size), print(fold->second)), a.fold_where,
                 "a larger ring, or compute_at a loop further in"});
  }
}

// Nothing is read for iterations that there are not: the hull of several reads of an empty range is not empty.
Stmt NestEmitter::where_points(Stmt s, const Region& region, bool terms, const Scope& scope) const {
  VarRanges real, whole;
  ranges_inside(scope, real, whole);
  for (const auto& [root, range] : real) {
    const bool reduction = std::any_of(func_.rvars.begin(), func_.rvars.end(), [&](const ReductionVar& r) { return r.name == root; });
    if (bound(root, scope) || (reduction && !terms)) continue;
    const Expr count = simplify(range.highest - range.lowest + integer(1), scope.facts);
    bool same = scope.facts.at_most(integer(1), count);
    for (size_t d = 0; d < region.lowest.size(); ++d) {
      same = same || simplify(region.highest[d] - region.lowest[d] + integer(1), scope.facts) == count;
    }
    if (!same) s = ir::make_branch(gt(count, integer(0)), s);
  }
  return s;
}

// Computes what this iteration needs of a producer, less what an iteration before has left in its storage.
Stmt NestEmitter::produce(const Attachment& a, const Scope& scope) {
  Region region = region_of(a.func->name, scope);
  if (!region.read) return nullptr;
  if (a.slide) return produce_window(a, region, scope);
  check_rings(a, region, scope);
  std::vector<Expr> fresh_from(region.lowest.size());
  auto kept = kept_along(a, region, scope);
  if (kept) fresh_from[kept->first] = kept->second;
  lowering_.note(a.func->name, Requirement::kept, kept.has_value(),
                 a.store_loop == a.compute_loop ? fmt::format("stored and computed inside {}", a.compute_loop)
                                                : fmt::format("no loop between {} and {} moves the part that is read upwards in one dimension alone", a.store_loop, a.compute_loop));
  Lets lets(lowering_, scope.facts);
  std::vector<Expr> lowest, extent;
  for (size_t d = 0; d < region.lowest.size(); ++d) {
    Expr low = fresh_from[d].defined() ? fresh_from[d] : region.lowest[d];
    extent.push_back(lets.named(a.func->name + ".extent", region.highest[d] - low + integer(1)));
    lowest.push_back(lets.named(a.func->name + ".low", low));
  }
  Facts outside = lowering_.facts;
  lowering_.facts = lets.facts();
  Scope own = scope;                                        // copies are for this Func alone
  own.staged.clear();
  own.awaiting.clear();
  own.writing.clear();
  Stmt s = NestEmitter(lowering_, *a.func, lowest, extent).emit(std::move(own));
  s = ir::make_block({s, traces_of(lowering_, *a.func, lowest, extent, lets.facts())});
  lowering_.facts = outside;
  // Epilogues read results also of a reduction without terms.
  bool read_later = false;
  for (size_t v = func_.values.size(); v < all_values().size(); ++v) {
    visit(all_values()[v], [&](const Expr& e) { read_later = read_later || (e.kind() == ExprKind::access && e->name == a.func->name); });
  }
  return lets.wrap(where_points(read_later ? s : where_terms(s, scope), region, !read_later, scope));
}

}  // namespace lathe
