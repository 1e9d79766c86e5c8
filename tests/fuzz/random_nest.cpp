// Nests are drawn in seven styles: as written, splits and orders at will, a register tile made by splits, one made by
// `tile`, straight code in one serial loop, straight code alone, for a window there, and groups of terms for a machine
// instruction. Loops go into an order that keeps block loops outside of their inner loops; now and then they do not.
// Loops of an update are cut, put on threads and reordered, and those of its domain keep their order.
#include "tests/fuzz/random_nest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace lathe {

std::vector<Expr> reads_of(const FuncContents& f) {
  std::vector<Expr> found;
  for_each_value(f, [&](const Expr& v) {
    visit(v, [&](const Expr& e) { if (e.kind() == ExprKind::access) found.push_back(e); });
  });
  return found;
}

std::vector<std::string> RandomNest::serial_loops() const {
  std::vector<std::string> names;
  for (const RandomLoop& loop : loops) if (!loop.constant) names.push_back(loop.name);
  return names;
}

std::vector<std::string> RandomNest::around_accumulators() const {
  std::vector<std::string> names;
  for (const RandomLoop& loop : loops) {
    if (registers_at.empty() && loop.reduction) break;
    names.push_back(loop.name);
    if (loop.name == registers_at) break;
  }
  return names;
}

namespace {

class Drawer {
 public:
  Drawer(const FuncPart& part, const NestPlace& place, Random& random, const Taste& taste)
      : random_(random), taste_(taste), place_(place) {
    const FuncContents& func = part.loops;
    nest_.func = &func;
    nest_.update = part.update != nullptr;
    for (const std::string& v : func.vars) nest_.loops.push_back({v, v});
    for (const ReductionVar& r : func.rvars) nest_.loops.push_back({.name = r.name, .root = r.name, .reduction = true});
  }

  RandomNest run() {
    if (nest_.loops.empty()) return nest_;
    int64_t style = taste_.wants(DirectiveKind::tile) ? 9 : taste_.wants(DirectiveKind::store_in) ? random_.between(3, 9) : random_.below(10);
    if (style == 0 && taste_.wanted.empty()) return nest_;
    if (nest_.func->is_reduction() && taste_.wants(DirectiveKind::slide) && random_.chance(50)) style = 0;
    const int64_t group = terms_in_a_group();
    if (nest_.update) {
      update_at_will();
    } else if (group > 0 && taste_.chance(random_, DirectiveKind::tensorize, 50)) {
      groups(group);
    } else if (place_.window_of && random_.chance(90)) {
      straight();
    } else if (style == 0 && taste_.wants(DirectiveKind::slide)) {
      ;  // as written: straight code around its terms
    } else if (!nest_.func->vars.empty() && !nest_.func->is_reduction() &&
               random_.chance(taste_.wants(DirectiveKind::slide) ? 80 : 5)) {
      sliding();
    } else if (style <= 4 || nest_.func->vars.empty()) {
      at_will();
    } else if (style <= 7 || nest_.func->vars.size() < 2) {
      register_tile();
    } else {
      tile();
    }
    clip();
    if (place_.window_of && random_.chance(95)) return nest_;
    for (int times = 0; times < 2; ++times) fuse();
    parallel();
    for (int times = 0; times < 2; ++times) peel();
    return nest_;
  }

 private:
  void add(const std::string& directive) { nest_.lines.push_back(nest_.line(directive)); }

  std::string fresh(const std::string& root, const char* suffix) { return fmt::format("{}{}{}", root, suffix, count_++); }

  RandomLoop& loop(const std::string& name) {
    return *std::find_if(nest_.loops.begin(), nest_.loops.end(), [&](const RandomLoop& l) { return l.name == name; });
  }

  std::string factor(bool constant) {
    static const std::vector<int64_t> usual = {2, 3, 4, 5, 6, 8, 8, 12, 16, 16, 24, 32, 48, 64};
    static const std::vector<int64_t> odd = {1, 7, 9, 13, 17, 31, 33, 100, 257};
    if (!constant && random_.chance(15)) {
      nest_.uses_param = true;
      return "kc";
    }
    return std::to_string(random_.chance(75) ? random_.pick(usual) : random_.pick(odd));
  }

  // Cuts a loop; returns the name of the inner one.
  std::string split(const std::string& name, const std::string& by, bool even) {
    RandomLoop outer = loop(name), inner = outer;
    std::string root = outer.root;
    outer.name = fresh(root, "o"), inner.name = fresh(root, "i");
    inner.before = outer.name;
    inner.can_be_constant = by != "kc" && !even && by.size() <= 2;
    inner.extent = inner.can_be_constant ? std::stoll(by) : 0;
    outer.can_be_constant = false;
    add(fmt::format("split({}, {}, {}, {}{})", name, outer.name, inner.name, by, even ? ", even" : ""));
    for (RandomLoop& l : nest_.loops) if (l.before == name) l.before = inner.name;
    size_t at = &loop(name) - nest_.loops.data();
    nest_.loops[at] = outer;
    nest_.loops.insert(nest_.loops.begin() + static_cast<long>(at) + 1, inner);
    return inner.name;
  }

  void make_constant(const std::string& name, bool vector) {
    RandomLoop& l = loop(name);
    add(fmt::format("{}({})", vector ? "vectorize" : "unroll", name));
    l.constant = true;
  }

  void tail(const std::string& name, bool rows_allowed) {
    if (!taste_.chance(random_, DirectiveKind::tail, 50)) return;
    static const std::vector<std::string> rows = {"rows: full, 2/3, 1/3, then ", "rows: full, 1/2, then ", "rows: full, then ", ""};
    static const std::vector<std::string> hows = {"clamp", "clamp", "mask", "guard", "automatic", "shift"};
    add(fmt::format("tail({}, {}{})", name, rows_allowed ? random_.pick(rows) : "",
                    random_.chance(10) ? "shift" : hows[random_.below(5)]));
  }

  // For its block loop, or in an update for the loop of the domain before it.
  bool waits(const std::vector<RandomLoop>& left, size_t i) const {
    for (size_t j = 0; j < left.size(); ++j) {
      if (left[j].name == left[i].before || (nest_.update && j < i && left[j].reduction && left[i].reduction)) return true;
    }
    return false;
  }

  // A random order in which block loops stand outside of their inner loops and groups are kept.
  void order() {
    std::vector<RandomLoop> left = nest_.loops, done;
    while (!left.empty()) {
      std::vector<size_t> ready;
      int group = 1 << 20;
      for (const RandomLoop& l : left) group = std::min(group, l.group);
      for (size_t i = 0; i < left.size(); ++i) {
        if (!waits(left, i) && left[i].group == group) ready.push_back(i);
      }
      if (ready.empty()) {                                  // a group that waits for a later one
        for (size_t i = 0; i < left.size(); ++i) if (!waits(left, i)) ready.push_back(i);
      }
      size_t chosen = random_.chance(4) ? static_cast<size_t>(random_.below(static_cast<int64_t>(left.size()))) : random_.pick(ready);
      done.push_back(left[chosen]);
      left.erase(left.begin() + static_cast<long>(chosen));
    }
    nest_.loops = std::move(done);
    std::vector<std::string> names;
    for (const RandomLoop& l : nest_.loops) names.push_back(l.name);
    add(fmt::format("reorder({})", fmt::join(names, ", ")));
  }

  bool wants_constant(int percent) {
    return random_.chance(taste_.wants(DirectiveKind::vectorize) || taste_.wants(DirectiveKind::unroll) ? 85 : percent);
  }

  void at_will() {
    bool lanes_of_terms = false;
    for (int64_t i = taste_.wants(DirectiveKind::split) ? 2 : random_.below(4); i > 0; --i) {
      const RandomLoop victim = random_.pick(nest_.loops);
      if (victim.constant) continue;
      bool even = random_.chance(25);
      std::string inner = split(victim.name, factor(false), even);
      if (loop(inner).can_be_constant && wants_constant(40)) {
        const bool vector = random_.chance(!loop(inner).reduction ? 60 : nest_.func->is_reduction() ? 25 : 0);
        make_constant(inner, vector);
        lanes_of_terms = lanes_of_terms || (vector && loop(inner).reduction);
        tail(random_.chance(50) ? inner : loop(inner).before, random_.chance(50));
      }
    }
    if (nest_.loops.size() > 1 && taste_.chance(random_, DirectiveKind::reorder, 70)) order();
    if (nest_.func->is_reduction() && (lanes_of_terms || taste_.chance(random_, DirectiveKind::store_in, 25))) store_in_registers();
  }

  void update_at_will() {
    for (int64_t i = taste_.wants(DirectiveKind::split) ? 1 : random_.below(3); i > 0; --i) {
      split(random_.pick(nest_.loops).name, factor(false), random_.chance(25));
    }
    if (nest_.loops.size() > 1 && taste_.chance(random_, DirectiveKind::reorder, 40)) order();
  }

  // The outermost loop inside which every loop over an index of the result is constant, or one further in.
  void store_in_registers() {
    size_t from = nest_.loops.size();
    while (from > 0 && (nest_.loops[from - 1].constant || nest_.loops[from - 1].reduction)) --from;
    if (from == 0 || nest_.loops[from - 1].reduction) return;
    size_t at = from - 1;
    while (at + 1 < nest_.loops.size() && random_.chance(15)) ++at;
    nest_.registers_at = nest_.loops[at].name;
    add(fmt::format("store_in(registers, at = {})", nest_.registers_at));
  }

  void group_loops(const std::vector<std::string>& inside) {
    for (RandomLoop& l : nest_.loops) {
      bool in = std::find(inside.begin(), inside.end(), l.name) != inside.end();
      l.group = in ? 2 : l.reduction ? (l.before.empty() && !random_.chance(60) ? 0 : 1) : 0;
    }
  }

  void register_tile() {
    std::vector<std::string> inside;
    std::vector<std::string> vars = nest_.func->vars;
    std::string lanes = random_.chance(75) ? vars.back() : random_.pick(vars);
    inside.push_back(split(lanes, std::to_string(random_.pick<int64_t>({4, 8, 8, 16, 16, 24, 32, 5})), false));
    make_constant(inside.back(), true);
    for (const std::string& v : vars) {
      if (v == lanes || !random_.chance(50)) continue;
      inside.push_back(split(v, std::to_string(random_.pick<int64_t>({2, 3, 4, 6})), false));
      make_constant(inside.back(), false);
      tail(loop(inside.back()).before, true);
    }
    split_reductions();
    finish_tile(inside);
  }

  // One serial loop, along which a window of what it reads may move, around straight code.
  void sliding() {
    const std::vector<std::string>& vars = nest_.func->vars;
    const std::string along = random_.pick(vars);
    std::vector<std::string> inside;
    for (const std::string& v : vars) {
      if (v == along || !random_.chance(60)) continue;
      inside.push_back(split(v, std::to_string(random_.pick<int64_t>({2, 4, 8, 16})), false));
      make_constant(inside.back(), inside.size() == 1);
    }
    const bool alone = nest_.loops.size() == 1;
    const std::string moved = alone || random_.chance(30) ? split(along, std::to_string(random_.pick<int64_t>({8, 16, 33})), random_.chance(20)) : along;
    for (RandomLoop& l : nest_.loops) l.group = l.constant ? 2 : l.name == moved ? 1 : 0;
    if (nest_.loops.size() > 1) order();
  }

  // As many entries of an index at once as the nest around has of it, so that they are whole blocks of the window.
  std::string strip_of(const std::string& index, const std::string& otherwise) {
    if (!place_.window_of) return otherwise;
    for (const RandomLoop& l : place_.window_of->loops)
      if (l.constant && l.root == index && l.extent > 0) return std::to_string(l.extent);
    return random_.chance(70) ? "1" : otherwise;
  }

  // A window is made by straight code: lanes of one index, and others written out.
  void straight() {
    std::vector<std::string> inside;
    bool lanes = false;
    for (const std::string& v : nest_.func->vars) {
      if (!random_.chance(taste_.wants(DirectiveKind::unroll) || taste_.wants(DirectiveKind::tail) ? 90 : 60)) continue;
      const std::string entries = strip_of(v, random_.pick<std::string>({"2", "4"}));
      const bool vector = !lanes && entries != "1";
      lanes = lanes || vector;
      inside.push_back(split(v, entries, false));
      make_constant(inside.back(), vector);
      tail(inside.back(), false);
    }
    if (nest_.loops.size() < 2 || !random_.chance(70)) return;
    group_loops(inside);
    order();
    if (nest_.func->is_reduction() && random_.chance(60)) store_in_registers();
  }

  // How many of its terms a machine instruction adds at once; 0: none, as far as types tell.
  int64_t terms_in_a_group() const {
    const FuncContents& f = *nest_.func;
    if (!f.is_reduction() || f.components() > 1 || f.combiner->name != "sum" || !f.values[0].is_op(Op::mul)) return 0;
    int64_t terms = 4;
    for (const Expr& factor : f.values[0].args()) {
      if (factor.kind() != ExprKind::cast || factor.type().dtype != DType::i32 || factor.arg(0).kind() != ExprKind::access) return 0;
      const DType type = factor.arg(0).type().dtype;
      if (type == DType::i16) terms = 2;
      else if (type != DType::i8 && type != DType::u8) return 0;
    }
    return terms;
  }

  // Terms of an instruction innermost, inside of lanes of results.
  void groups(int64_t terms) {
    const std::vector<std::string>& vars = nest_.func->vars;
    std::vector<std::string> inside;
    if (vars.size() > 1 && (taste_.wants(DirectiveKind::tile) || random_.chance(15))) {
      inside = tile_of(random_.pick<std::string>({"width 16: 2 rows", "width 8: 3 rows"}));
    } else if (!vars.empty()) {
      const std::string& lanes = random_.pick(vars);
      inside.push_back(split(lanes, strip_of(lanes, random_.chance(50) ? "8" : "16"), false));
      make_constant(inside[0], true);
      tail(inside[0], false);
    }
    const std::string group = split(nest_.func->rvars.back().name, std::to_string(terms), false);
    make_constant(group, false);
    group_loops(inside);
    for (RandomLoop& l : nest_.loops) if (l.name == group) l.group = 3;
    order();
    store_in_registers();
    const std::vector<Expr>& factors = nest_.func->values[0].args();
    const bool all_signed = std::all_of(factors.begin(), factors.end(), [](const Expr& e) { return e.arg(0).type().dtype == DType::i8; });
    const char* const bytes = all_signed ? "vpdpbusd_signed" : "vpdpbusd";
    add(fmt::format("tensorize({}, {})", group, terms == 4 ? bytes : random_.chance(70) ? "vpmaddwd" : "vpdpwssd"));
  }

  void split_reductions() {
    for (const ReductionVar& r : nest_.func->rvars) {
      if (random_.chance(50)) split(r.name, factor(false), random_.chance(50));
    }
  }

  void finish_tile(const std::vector<std::string>& inside) {
    group_loops(inside);
    order();
    if (nest_.func->is_reduction() && random_.chance(80)) store_in_registers();
  }

  void tile() {
    static const std::vector<std::string> maps = {
        "width 64: 6 rows, 48: 8, 32: 12, 16: 12", "width 16: 6 rows, 8: 9", "width 32: 4 rows, 16: 6", "width 8: 3 rows",
        "width 24: 2 rows, 16: 3, 8: 5",           "width 16: 1 rows",       "width 12: 2 rows, 4: 3",  "width 8: 4 rows, 4: 4"};
    const std::vector<std::string> inside = tile_of(random_.pick(maps));
    split_reductions();
    finish_tile(inside);
  }

  // Its lanes and its rows.
  std::vector<std::string> tile_of(const std::string& map) {
    std::vector<std::string> vars = nest_.func->vars;
    std::string columns = random_.chance(75) ? vars.back() : random_.pick(vars), rows = columns;
    while (rows == columns) rows = random_.pick(vars);
    tiled_ = {columns, rows};
    std::string jo = fresh(columns, "o"), io = fresh(rows, "o"), ji = fresh(columns, "i"), ii = fresh(rows, "i");
    add(fmt::format("tile({}, {} -> {}, {}, {}, {}; {}{})", columns, rows, jo, io, ji, ii, map,
                    random_.chance(60) ? "; even" : ""));
    std::vector<RandomLoop> loops;
    for (const RandomLoop& l : nest_.loops) {
      if (l.name == columns) loops.push_back({jo, columns});
      else if (l.name == rows) loops.push_back({io, rows, jo});
      else loops.push_back(l);
    }
    loops.push_back({.name = ji, .root = columns, .before = jo});
    loops.push_back({.name = ii, .root = rows, .before = io});
    nest_.loops = loops;
    if (random_.chance(95)) make_constant(ji, true);
    if (random_.chance(95)) make_constant(ii, false);
    tail(io, true);
    if (random_.chance(40)) add(fmt::format("tail({}, {})", ji, random_.chance(70) ? "mask" : "shift"));
    return {ji, ii};
  }

  bool cut_further(const std::string& name) const {
    return std::any_of(nest_.loops.begin(), nest_.loops.end(), [&](const RandomLoop& l) { return l.before == name && l.constant; });
  }

  // Neighbours of one kind become one loop.
  void fuse() {
    if (!taste_.chance(random_, DirectiveKind::fuse, 12) || nest_.loops.size() < 2) return;
    const auto at = static_cast<size_t>(random_.below(static_cast<int64_t>(nest_.loops.size()) - 1));
    RandomLoop outer = nest_.loops[at], inner = nest_.loops[at + 1];
    const bool of_tile = tiled_.count(outer.root) || tiled_.count(inner.root);
    if (outer.constant || inner.constant || outer.reduction != inner.reduction || inner.before == outer.name || of_tile) return;
    RandomLoop fused = outer;
    fused.name = fused.root = fresh(outer.root, "f");
    fused.can_be_constant = false;
    add(fmt::format("fuse({}, {}, {})", outer.name, inner.name, fused.name));
    for (RandomLoop& l : nest_.loops) if (l.before == outer.name || l.before == inner.name) l.before = fused.name;
    nest_.loops[at] = fused;
    nest_.loops.erase(nest_.loops.begin() + static_cast<long>(at) + 1);
  }

  void peel() {
    if (!taste_.chance(random_, DirectiveKind::peel, 12)) return;
    std::vector<std::string> names;
    for (const RandomLoop& l : nest_.loops) if (!l.constant && !l.reduction && !cut_further(l.name)) names.push_back(l.name);
    if (!names.empty()) add(fmt::format("peel({}, {}, {})", random_.pick(names), random_.between(0, 2), random_.between(0, 2)));
  }

  // Reduction variables along which terms are left out.
  void clip() {
    std::vector<std::string> names;
    for (const ReductionVar& r : nest_.func->rvars) {
      bool absent = false;
      for (const Expr& v : nest_.func->values) {
        visit(v, [&](const Expr& e) {
          if (e.kind() != ExprKind::access || e->boundary != Boundary::none) return;
          for (const Expr& index : e.args()) absent = absent || uses_var(index, r.name);
        });
      }
      if (absent && taste_.chance(random_, DirectiveKind::clip, 50)) names.push_back(r.name);
    }
    if (names.size() > 1 && random_.chance(30)) {
      for (const std::string& name : names) add(fmt::format("clip({})", name));
    } else if (!names.empty()) {
      add(fmt::format("clip({})", fmt::join(names, ", ")));
    }
  }

  void parallel() {
    if (!taste_.chance(random_, DirectiveKind::parallel, 25)) return;
    std::vector<std::string> names;
    for (const RandomLoop& l : nest_.loops) if (!l.constant && !l.reduction) names.push_back(l.name);
    const std::string when = !place_.condition.empty() && random_.chance(30) ? ", when " + place_.condition : "";
    if (!names.empty()) add(fmt::format("parallel({}{})", random_.pick(names), when));
  }

  Random& random_;
  const Taste& taste_;
  const NestPlace& place_;
  RandomNest nest_;
  std::set<std::string> tiled_;                             // indices that a tile cuts
  int count_ = 0;
};

}  // namespace

RandomNest random_nest(const FuncPart& part, const NestPlace& place, Random& random, const Taste& taste) {
  return Drawer(part, place, random, taste).run();
}

}  // namespace lathe
