// before   for k in 1, N - 1 serial {
//            S[k] = S[k - 1] + X[k]
//          }
// after    if N - 1 > 0 {
//            alloc S.carried: f32[1] registers
//            S.carried[0] = S[0]
//            for k in 1, N - 1 serial {
//              let S.next = S.carried[0] + X[k]
//              S[k] = S.next
//              S.carried[0] = S.next
//            }
//          }
//
// A value that goes through memory from one iteration of a scan to the next costs three times as long as the addition. Under
// unrolled loops and in lanes each copy carries its own.
//
// Why here: elements are told apart by their indices, of which flat code knows only the sum. Refuses loops with branches, calls
// or other serial loops in them, and buffers that they store to at two places.
#include "jit/passes/carry_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analysis/polynomial.h"
#include "analysis/simplify.h"

namespace lathe {

namespace {

using ir::LoopKind;
using ir::Stmt;
using ir::StmtKind;
using ir::StmtNode;

constexpr int64_t kMostCopies = 16;                         // of a carried value, lanes counted

// A store of the loop's body, which each iteration runs once for each step of the constant loops around it.
struct Site {
  const StmtNode* store = nullptr;
  std::vector<const StmtNode*> copies;                      // unrolled and vector loops around it
  bool alone = true;                                        // in its buffer, and nothing reads that later in the body
};

using Sites = std::map<std::string, Site>;                  // by buffer

bool reads(const Expr& value, const std::string& buffer) {
  bool found = false;
  visit(value, [&](const Expr& e) { found = found || (e.kind() == ExprKind::access && e->name == buffer); });
  return found;
}

bool reads_memory(const Expr& value) {
  bool found = false;
  visit(value, [&](const Expr& e) { found = found || e.kind() == ExprKind::access; });
  return found;
}

// Finds the stores of straight code; false where there is something else.
class Finder {
 public:
  bool run(const Stmt& s) {
    if (!s) return true;
    if (s->unit) return false;
    for (const Expr& value : s->values) note_reads(value);
    if (s->mask.defined()) note_reads(s->mask);
    switch (s->kind) {
      case StmtKind::block: return std::all_of(s->body.begin(), s->body.end(), [&](const Stmt& child) { return run(child); });
      case StmtKind::let: lets_.push_back({s->name, s->value(0)}); return run(s->body[0]);
      case StmtKind::loop: return run_loop(*s);
      case StmtKind::store: note(*s); return true;
      default: return false;
    }
  }

  Sites take() { return std::move(sites_); }
  // The expression in terms of the loops alone.
  Expr spelled_out(Expr e) const {
    for (size_t i = lets_.size(); i-- > 0;) if (uses_var(e, lets_[i].first)) e = substitute(e, {lets_[i]});
    return e;
  }

 private:
  bool run_loop(const StmtNode& s) {
    int64_t count = 0;
    if (s.loop != LoopKind::unroll && s.loop != LoopKind::vector) return false;
    if (!is_integer_constant(s.value(1), &count) || count < 1) return false;
    copies_.push_back(&s);
    const bool straight = run(s.body[0]);
    copies_.pop_back();
    return straight;
  }

  void note(const StmtNode& s) {
    auto [site, first] = sites_.try_emplace(s.name, Site{&s, copies_});
    if (!first) site->second.alone = false;
  }

  void note_reads(const Expr& value) {
    for (auto& [buffer, site] : sites_) site.alone = site.alone && !reads(value, buffer);
  }

  Sites sites_;
  Substitution lets_;
  std::vector<const StmtNode*> copies_;
};

class Carrier {
 public:
  explicit Carrier(const ir::Function& function) {
    for (const ir::Buffer& b : function.buffers) dtypes_[b.name] = b.dtype;
  }

  Stmt run(const Stmt& s) {
    if (!s) return s;
    if (s->kind == StmtKind::alloc) dtypes_[s->name] = s->space == ir::Space::registers ? std::nullopt : std::optional(s->dtype);
    Stmt done = ir::with_changed_children(s, [&](const Stmt& child) { return run(child); });
    return done->kind == StmtKind::loop && done->loop == LoopKind::serial && !done->unit ? carried(done) : done;
  }

 private:
  Stmt carried(const Stmt& loop) {
    Finder found;
    if (!found.run(loop->body[0])) return loop;
    Stmt result = loop;
    for (const auto& [buffer, site] : found.take()) result = with_value(result, *loop, site, found);
    return result == loop ? loop : ir::make_branch(gt(loop->value(1), Expr(int64_t{0})), result);
  }

  // `all` is the loop, under the allocations for other buffers.
  Stmt with_value(const Stmt& all, const StmtNode& loop, const Site& site, const Finder& found) {
    const StmtNode& store = *site.store;
    if (!site.alone || store.mask.defined() || !carries(store) || !apart(loop, site, found)) return all;
    const std::vector<Expr> before = moved(store.values, loop.name, make_var(loop.name) - Expr(int64_t{1}), found);
    if (std::any_of(before.begin(), before.end(), reads_memory)) return all;
    const auto is_carried = [&](const Expr& e) {
      if (e.kind() != ExprKind::access || e->name != store.name || e->mask.defined() || e->boundary != Boundary::inside) return false;
      for (size_t d = 0; d < before.size(); ++d) {
        if (!is_zero(simplify(found.spelled_out(e.arg(d)) - before[d]))) return false;
      }
      return e.type() == store.value(0).type();
    };
    bool any = false;
    each_value(loop.body[0], [&](const Expr& value) { visit(value, [&](const Expr& e) { any = any || is_carried(e); }); });
    if (!any) return all;

    const std::string kept = fresh(store.name + ".carried"), next = fresh(store.name + ".next");
    const DType dtype = store.value(0).type().dtype;
    std::vector<const StmtNode*> dimensions = site.copies;    // lanes side by side
    std::stable_partition(dimensions.begin(), dimensions.end(), [](const StmtNode* copy) { return copy->loop != LoopKind::vector; });
    std::vector<Expr> extents, places;
    for (const StmtNode* copy : dimensions) {
      extents.push_back(copy->value(1));
      places.push_back(simplify(make_var(copy->name) - copy->value(0)));
    }
    if (extents.empty()) extents.push_back(Expr(int64_t{1})), places.push_back(Expr(int64_t{0}));
    const Expr carried = make_access(kept, dtype, places);
    const Stmt rewritten = in_loop(all, [&](const Stmt& body) { return replaced(body, store, is_carried, carried, next); });
    const Stmt first = first_value(loop, site, found, kept, places);
    return ir::make_alloc(kept, dtype, ir::Space::registers, extents, ir::make_block({first, rewritten}));
  }

  // Types that a register holds as they are stored.
  bool carries(const StmtNode& store) const {
    const auto known = dtypes_.find(store.name);
    if (known == dtypes_.end() || !known->second || store.value(0).type() != Type{*known->second, 1}) return false;
    switch (*known->second) {
      case DType::f32: case DType::f64: case DType::i32: case DType::i64: case DType::u32: case DType::u64: return true;
      default: return false;
    }
  }

  // The copies of one iteration store to different elements, and do so in each iteration: for each loop over copies an index
  // moves with it alone.
  static bool apart(const StmtNode& loop, const Site& site, const Finder& found) {
    int64_t copies = 1;
    for (const StmtNode* copy : site.copies) {
      int64_t count = 0;
      is_integer_constant(copy->value(1), &count);
      copies *= count;
      const auto alone = [&](const Expr& index) {
        const Expr at = found.spelled_out(index);
        const auto others = [&](const StmtNode* other) { return other != copy && uses_var(at, other->name); };
        if (uses_var(at, loop.name) || std::any_of(site.copies.begin(), site.copies.end(), others)) return false;
        const auto linear = Polynomial::of(simplify(at)).linear_in(copy->name);
        const auto slope = linear ? linear->first.constant() : std::nullopt;
        return slope && *slope != 0;
      };
      if (std::none_of(site.store->values.begin() + 1, site.store->values.end(), alone)) return false;
    }
    return copies <= kMostCopies;
  }

  // The indices of a store, with another value of this loop.
  static std::vector<Expr> moved(const std::vector<Expr>& values, const std::string& loop, const Expr& to, const Finder& found) {
    std::vector<Expr> indices;
    for (size_t i = 1; i < values.size(); ++i) indices.push_back(simplify(substitute(found.spelled_out(values[i]), {{loop, to}})));
    return indices;
  }

  // What the first iteration reads.
  Stmt first_value(const StmtNode& loop, const Site& site, const Finder& found, const std::string& kept, std::vector<Expr> places) {
    std::vector<Expr> indices = moved(site.store->values, loop.name, loop.value(0) - Expr(int64_t{1}), found);
    std::vector<std::string> names;
    for (const StmtNode* copy : site.copies) {
      names.push_back(fresh(copy->name + ".first"));
      const Substitution own{{copy->name, make_var(names.back())}};
      for (Expr& e : indices) e = substitute(e, own);
      for (Expr& e : places) e = substitute(e, own);
    }
    Stmt s = ir::make_store(kept, places, make_access(site.store->name, site.store->value(0).type().dtype, indices));
    for (size_t i = names.size(); i-- > 0;) {
      const StmtNode& copy = *site.copies[i];
      s = ir::make_loop(names[i], copy.value(0), copy.value(1), copy.loop, s);
    }
    return s;
  }

  static Stmt replaced(const Stmt& s, const StmtNode& store, const std::function<bool(const Expr&)>& is_carried, const Expr& carried,
                       const std::string& next) {
    const auto change = [&](const Expr& value) {
      return transform(value, [&](const Expr& e) { return is_carried(e) ? carried : e; });
    };
    Stmt done = ir::with_changed_expressions(
        ir::with_changed_children(s, [&](const Stmt& child) { return replaced(child, store, is_carried, carried, next); }), change);
    if (s->kind != StmtKind::store || s->name != store.name) return done;
    StmtNode named = *done;
    named.values[0] = make_var(next, store.value(0).type());
    return ir::make_let(next, done->value(0),
                        ir::make_block({std::make_shared<const StmtNode>(std::move(named)),
                                        ir::make_store(carried->name, {carried.args().begin(), carried.args().end()},
                                                       make_var(next, store.value(0).type()))}));
  }

  // The loop stands under allocations, behind the first values of other buffers.
  static Stmt in_loop(const Stmt& s, const std::function<Stmt(const Stmt&)>& change) {
    if (s->kind == StmtKind::loop) return ir::with_changed_children(s, change);
    if (s->kind == StmtKind::alloc) return ir::with_changed_children(s, [&](const Stmt& child) { return in_loop(child, change); });
    std::vector<Stmt> parts = s->body;
    parts.back() = in_loop(parts.back(), change);
    return ir::make_block(std::move(parts));
  }

  static void each_value(const Stmt& s, const std::function<void(const Expr&)>& action) {
    if (!s) return;
    for (const Expr& value : s->values) action(value);
    for (const Stmt& child : s->body) each_value(child, action);
  }

  std::string fresh(const std::string& name) {
    const int used = used_[name]++;
    return used == 0 ? name : fmt::format("{}_{}", name, used);
  }

  std::map<std::string, std::optional<DType>> dtypes_;      // of buffers in memory
  std::map<std::string, int> used_;
};

}  // namespace

ir::Program carry_values(const ir::Program& program) {
  ir::Program result = program;
  for (ir::Function& f : result.functions) f.body = Carrier(f).run(f.body);
  return result;
}

}  // namespace lathe
