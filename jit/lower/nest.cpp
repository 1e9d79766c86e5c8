#include "jit/lower/nest.h"

#include <fmt/format.h>

#include <algorithm>

#include "schedules/text.h"

namespace lathe {

int64_t even_unit(const Expr& factor) {
  int64_t number = 0;
  return is_integer_constant(factor, &number) && number >= 1024 && number % 64 == 0 ? number / 64 : 1;
}

int Nest::position(const std::string& loop) const {
  for (size_t i = 0; i < loops.size(); ++i) if (loops[i].name == loop) return static_cast<int>(i);
  return -1;
}

bool Nest::innermost(const std::string& loop) const {
  return std::all_of(loops.begin() + position(loop) + 1, loops.end(), [](const Loop& inner) { return inner.constant(); });
}

const Loop* Nest::find(const std::string& loop) const {
  int at = position(loop);
  return at < 0 ? nullptr : &loops[at];
}

const Split* Nest::split_of(const std::string& parent) const {
  for (const Split& s : splits) if (s.parent == parent) return &s;
  return nullptr;
}

const Split* Nest::block_loop(const std::string& outer) const {
  for (const Split& s : splits) if (s.outer == outer) return &s;
  return nullptr;
}

const Loop* Nest::parallel_part(const std::string& loop) const {
  if (const Split* split = split_of(loop)) {
    const Loop* outer = parallel_part(split->outer);
    return outer ? outer : parallel_part(split->inner);
  }
  if (const Fusion* fusion = fusion_of(loop)) return parallel_part(fusion->fused);
  const Loop* l = find(loop);
  return l && l->kind == ir::LoopKind::parallel ? l : nullptr;
}

bool Nest::constant_inner(const Split& split) const {
  const Loop* inner = find(split.inner);
  return inner && inner->constant();
}

const Fusion* Nest::fusion_of(const std::string& name) const {
  for (const Fusion& f : fusions) if (f.outer == name || f.inner == name) return &f;
  return nullptr;
}

const Fusion* Nest::fusion_named(const std::string& fused) const {
  for (const Fusion& f : fusions) if (f.fused == fused) return &f;
  return nullptr;
}

std::set<std::string> Nest::variables_of(const Loop& loop) const {
  std::set<std::string> found, open{loop.root};
  auto root_of = [&](std::string name) {
    bool up = true;
    while (up) {
      up = false;
      for (const Split& s : splits) if (s.outer == name || s.inner == name) name = s.parent, up = true;
    }
    return name;
  };
  while (!open.empty()) {
    const std::string name = *open.begin();
    open.erase(open.begin());
    const Fusion* f = fusion_named(name);
    if (!f) found.insert(name);
    if (f) open.insert({root_of(f->outer), root_of(f->inner)});
  }
  return found;
}

int64_t Nest::constant_extent(const Loop& loop, size_t tile_class) const {
  int64_t count = 1;
  for (const Split& s : splits) {
    if (s.inner != loop.name) continue;
    if (s.kind == Split::Kind::factor) {
      is_integer_constant(s.factor, &count);
    } else {
      const TileClass& c = s.classes[std::min(tile_class, s.classes.size() - 1)];
      count = s.kind == Split::Kind::columns ? c.width : c.rows;
    }
  }
  return count;
}

namespace {

constexpr int64_t most_copies = 10'000;                     // of a body: no body is so small that more could be compiled
constexpr int64_t lanes_of_a_copy = 16;

class Builder {
 public:
  explicit Builder(const FuncContents& func) {
    nest_.func = &func;
    for (const std::string& v : func.vars) nest_.loops.push_back({v, v});
    for (const ReductionVar& r : func.rvars) nest_.loops.push_back({r.name, r.name, ir::LoopKind::serial, true});
  }

  void apply(const Directive& d) {
    directive_ = &d;
    switch (d.kind) {
      case DirectiveKind::split: return split(d);
      case DirectiveKind::tile: return tile(d);
      case DirectiveKind::fuse: return fuse(d);
      case DirectiveKind::peel: return peel(d);
      case DirectiveKind::reorder: return reorder(d);
      case DirectiveKind::vectorize: return set_kind(d, ir::LoopKind::vector);
      case DirectiveKind::unroll: return set_kind(d, ir::LoopKind::unroll);
      case DirectiveKind::parallel: return set_kind(d, ir::LoopKind::parallel);
      case DirectiveKind::tail: return tail(d);
      default: return;
    }
  }

  Nest finished() {
    for (const Split& s : nest_.splits) check_order(s);
    for (const Loop& loop : nest_.loops) check_constant(loop), check_peeled(loop);
    check_copies();
    return std::move(nest_);
  }

 private:
  [[noreturn]] void fail(ErrorCode code, std::string what, std::string got, std::string need, const SourceLocation& where,
                         std::string hint = {}) const {
    throw Error(code, {"schedule", std::move(what), std::move(got), std::move(need), where, std::move(hint)});
  }

  Loop& loop(const std::string& name) {
    int at = nest_.position(name);
    if (at >= 0) return nest_.loops[at];
    std::vector<std::string> names;
    for (const Loop& l : nest_.loops) names.push_back(l.name);
    std::string near = nearest_name(name, names);
    fail(ErrorCode::unknown_loop, fmt::format("{} has no loop of this name", nest_.func->name), name,
         fmt::format("one of {}", fmt::join(names, ", ")), directive_->where,
         near.empty() ? "" : fmt::format("did you mean {}?", near));
  }

  void new_name(const std::string& name) {
    if (nest_.position(name) < 0 && !nest_.split_of(name) && !nest_.fusion_of(name)) return;
    fail(ErrorCode::bad_directive, fmt::format("{} already has a loop of this name", nest_.func->name), name,
         "a new name", directive_->where);
  }

  // Replaces the loop by its block loop and its inner loop, side by side.
  void cut(Split s) {
    Loop old = loop(s.parent);
    if (const Split* tile = nest_.block_loop(s.parent); tile && tile->kind != Split::Kind::factor) {
      fail(ErrorCode::bad_directive, fmt::format("{} counts the blocks of a tile", s.parent), print(*directive_),
           "a loop that tile has not made", directive_->where, fmt::format("split {} before the tile", tile->parent));
    }
    refuse_peeled(old);
    new_name(s.outer);
    new_name(s.inner);
    if (s.outer == s.inner) {
      fail(ErrorCode::bad_directive, print(*directive_), fmt::format("{} twice", s.outer), "two new names", directive_->where);
    }
    int at = nest_.position(s.parent);
    Loop inner = old;
    old.name = s.outer;
    inner.name = s.inner;
    inner.kind = ir::LoopKind::serial;
    nest_.loops[at] = old;
    nest_.loops.insert(nest_.loops.begin() + at + 1, inner);
    nest_.splits.push_back(std::move(s));
  }

  void split(const Directive& d) {
    Split s;
    s.parent = d.loops[0], s.outer = d.loops[1], s.inner = d.loops[2];
    s.factor = d.value, s.even = d.even, s.where = d.where;
    cut(std::move(s));
  }

  void tile(const Directive& d) {
    std::vector<TileClass> classes = d.classes;
    std::sort(classes.begin(), classes.end(), [](auto& a, auto& b) { return a.width > b.width; });
    for (const TileClass& c : classes) {
      if (c.width % classes.back().width != 0) {
        fail(ErrorCode::bad_factor, print(d), fmt::format("width {}: {} rows", c.width, c.rows),
             fmt::format("widths that are multiples of the smallest ({})", classes.back().width), d.where);
      }
    }
    for (const std::string& name : {d.loops[0], d.loops[1]}) {
      if (!loop(name).reduction) continue;
      fail(ErrorCode::illegal_schedule, print(d), fmt::format("{}, a loop of the reduction", name), "two indices of the result",
           d.where);
    }
    if (d.loops[0] == d.loops[1]) {
      fail(ErrorCode::illegal_schedule, print(d), fmt::format("{} twice", d.loops[0]), "two indices of the result", d.where);
    }
    Split columns, rows;
    columns.kind = Split::Kind::columns, rows.kind = Split::Kind::rows;
    columns.classes = rows.classes = classes;
    columns.even = d.even;
    columns.where = rows.where = d.where;
    columns.parent = d.loops[0], columns.outer = d.loops[2], columns.inner = d.loops[4];
    rows.parent = d.loops[1], rows.outer = d.loops[3], rows.inner = d.loops[5];
    cut(std::move(columns));
    cut(std::move(rows));
  }

  void fuse(const Directive& d) {
    const Loop outer = loop(d.loops[0]), inner = loop(d.loops[1]);
    refuse_peeled(outer);
    refuse_peeled(inner);
    new_name(d.loops[2]);
    const int at = nest_.position(outer.name);
    auto refuse = [&](std::string got, std::string need) {
      fail(ErrorCode::illegal_schedule, print(d), std::move(got), std::move(need), d.where);
    };
    if (nest_.position(inner.name) != at + 1) {
      refuse(fmt::format("{} does not stand right inside {}", inner.name, outer.name), "two neighbouring loops, the outer one first");
    }
    for (const Loop& part : {outer, inner}) {
      if (part.kind != ir::LoopKind::serial) refuse(fmt::format("{} is not", part.name), "serial loops; what the new one is comes after");
    }
    if (outer.reduction != inner.reduction) refuse("a loop over the reduction and one over an index", "two loops of one kind");
    for (const Split& s : nest_.splits) {
      const bool tile = s.kind != Split::Kind::factor && (s.outer == outer.name || s.outer == inner.name);
      if (tile) refuse(fmt::format("{} counts the blocks of a tile", s.outer), "loops that tile has not made");
      if (s.outer == outer.name && s.inner == inner.name) refuse("the two parts of one split", "loops over different things");
      // How many iterations it has shows where the parts of the block loop are bound, which is not one place.
      const bool late = (s.inner == outer.name || s.inner == inner.name) && nest_.split_of(s.outer);
      if (late) refuse(fmt::format("{} runs within blocks whose loop {} was cut again", s.inner, s.outer), "loops whose extents are known where they stand");
    }
    nest_.fusions.push_back({outer.name, inner.name, d.loops[2], d.where});
    nest_.loops.erase(nest_.loops.begin() + at + 1);
    nest_.loops[at] = {d.loops[2], d.loops[2]};
    nest_.loops[at].reduction = outer.reduction;
  }

  void refuse_peeled(const Loop& l) const {
    if (!l.peel_first.defined()) return;
    fail(ErrorCode::illegal_schedule, print(*directive_), fmt::format("{} is peeled", l.name), "peel after the loop has its final form",
         directive_->where);
  }

  void peel(const Directive& d) {
    Loop& l = loop(d.loops[0]);
    l.peel_first = d.value, l.peel_last = d.last;
    l.where = d.where;
  }

  // Bodies apart are those of a loop that is written as one.
  void check_peeled(const Loop& l) const {
    if (!l.peel_first.defined()) return;
    auto refuse = [&](const std::string& got) {
      fail(ErrorCode::illegal_schedule, fmt::format("{}.peel({}, ...)", nest_.func->name, l.name), got,
           "a serial or parallel loop over an index, whose inner loop, if it was split, is serial too", l.where);
    };
    if (l.constant()) refuse(fmt::format("{} is straight code", l.name));
    if (l.reduction) refuse(fmt::format("{} is a loop of the reduction", l.name));
    const Split* s = nest_.block_loop(l.name);
    if (s && (s->kind != Split::Kind::factor || nest_.constant_inner(*s))) refuse(fmt::format("{} counts blocks of straight code", l.name));
  }

  void reorder(const Directive& d) {
    std::vector<int> places;
    for (const std::string& name : d.loops) {
      loop(name);
      places.push_back(nest_.position(name));
    }
    std::vector<int> sorted = places;
    std::sort(sorted.begin(), sorted.end());
    if (auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end()) {
      fail(ErrorCode::bad_directive, print(d), fmt::format("{} twice", nest_.loops[*twice].name), "each loop once", d.where);
    }
    std::vector<Loop> old = nest_.loops;
    for (size_t i = 0; i < places.size(); ++i) nest_.loops[sorted[i]] = old[places[i]];
    nest_.order = d.where;
  }

  void set_kind(const Directive& d, ir::LoopKind kind) {
    Loop& l = loop(d.loops[0]);
    if (l.reduction && kind == ir::LoopKind::parallel) {
      const bool reduction = nest_.func->is_reduction();
      fail(ErrorCode::illegal_schedule, print(d),
           fmt::format("{} carries the {} {}", l.name, reduction ? "reduction of" : "order of", nest_.func->name),
           "a loop over an index of the result", d.where, "its iterations depend on one another");
    }
    l.kind = kind;
    l.where = d.where;
    if (kind != ir::LoopKind::parallel) return;
    int64_t known = 0;
    bool decided = d.value.defined() && is_integer_constant(d.value, &known);
    if (decided && known == 0) l.kind = ir::LoopKind::serial;
    l.when = decided ? Expr() : d.value;
  }

  void tail(const Directive& d) {
    loop(d.loops[0]);
    for (Split& s : nest_.splits) {
      if (s.outer != d.loops[0] && s.inner != d.loops[0]) continue;
      s.tail = d.tail;
      s.rows = d.rows;
      s.tail_where = d.where;
      return;
    }
    fail(ErrorCode::bad_directive, fmt::format("{} is not split", d.loops[0]), print(d), "a loop made by split or tile",
         d.where);
  }

  // Who put these loops into a wrong order: the last to reorder loops.
  const SourceLocation& blamed_for_order(const Split& s) const { return nest_.order.known() ? nest_.order : s.where; }

  void check_order(const Split& s) const {
    auto leaf = [&](std::string name, std::string Split::*part) {
      while (true) {
        if (const Split* further = nest_.split_of(name)) name = further->*part;
        else if (const Fusion* fusion = nest_.fusion_of(name)) name = fusion->fused;
        else return nest_.position(name);
      }
    };
    // All loops over the blocks stand outside of all loops within one.
    if (leaf(s.outer, &Split::inner) < leaf(s.inner, &Split::outer)) return check_rows_inside(s);
    fail(ErrorCode::illegal_schedule, fmt::format("{} stands inside {}", s.outer, s.inner),
         fmt::format("{} outside {}", s.inner, s.outer), "the loop over blocks outside the loop within a block",
         blamed_for_order(s));
  }

  // The number of rows depends on the panel's width: panels come first.
  void check_rows_inside(const Split& s) const {
    if (s.kind != Split::Kind::rows || s.classes.size() < 2) return;
    for (const Split& c : nest_.splits) {
      if (c.kind == Split::Kind::columns && c.classes == s.classes &&
          nest_.position(c.outer) > nest_.position(s.outer)) {
        fail(ErrorCode::illegal_schedule, fmt::format("{} stands outside {}", s.outer, c.outer),
             fmt::format("{} classes of tiles", s.classes.size()),
             fmt::format("{} outside {}, or one class", c.outer, s.outer), blamed_for_order(s),
             "the number of rows of a tile depends on the width of its panel");
      }
    }
  }

  void check_constant(const Loop& l) const {
    if (!l.constant()) return;
    if (nest_.fusion_named(l.root)) {
      fail(ErrorCode::illegal_schedule, fmt::format("{} runs over fused loops", l.name),
           name_of_kind(l), "serial or parallel", l.where,
           "where two dimensions lie side by side in memory, collapse makes one of them");
    }
    for (const ReductionVar& r : nest_.func->rvars) if (r.name == l.name && is_integer_constant(r.extent)) return;
    for (const Split& s : nest_.splits) {
      if (s.inner != l.name) continue;
      if (s.kind != Split::Kind::factor || (is_integer_constant(s.factor) && !s.even)) return;
    }
    fail(ErrorCode::illegal_schedule, fmt::format("{} of {} has no constant extent", l.name, nest_.func->name),
         name_of_kind(l), "the inner loop of a split by a number, or of a tile",
         l.where, fmt::format("split {} first and take its inner loop", l.name));
  }

  // The loop that makes most copies is blamed.
  void check_copies() const {
    double copies = 1;
    int64_t most = 0;
    const Loop* largest = nullptr;
    for (const Loop& l : nest_.loops) {
      if (!l.constant()) continue;
      int64_t count = nest_.constant_extent(l);
      if (l.kind == ir::LoopKind::vector) count = (count + lanes_of_a_copy - 1) / lanes_of_a_copy;
      copies *= static_cast<double>(count);
      if (count > most) most = count, largest = &l;
    }
    if (copies <= most_copies) return;
    fail(ErrorCode::over_budget, name_of_kind(*largest), fmt::format("{:.0f} copies of the body", copies),
         fmt::format("at most {}", most_copies), largest->where, "unroll or vectorize fewer iterations");
  }

  std::string name_of_kind(const Loop& l) const {
    return fmt::format("{}.{}({})", nest_.func->name, l.kind == ir::LoopKind::vector ? "vectorize" : "unroll", l.name);
  }

  Nest nest_;
  const Directive* directive_ = nullptr;
};

}  // namespace

Nest build_nest(const FuncContents& func, const std::vector<Directive>& directives) {
  Builder builder(func);
  for (const Directive& d : directives) if (d.func == func.name) builder.apply(d);
  return builder.finished();
}

}  // namespace lathe
