#include "schedules/construct/shape.h"

#include <algorithm>

#include "lang/func.h"
#include "schedules/construct/panel.h"

namespace lathe::construct {

namespace {

constexpr int kAccumulators = 8;                            // vectors summed side by side hide the latency of an addition
constexpr int64_t kWorthThreads = 2'000'000;                // terms: waking a thread costs what so many take
constexpr int64_t kFew = 4;                                 // steps of a last index that become straight code
constexpr int64_t kRowsKept = 32;                           // rows of a result that share those of a producer
constexpr int64_t kStraightCode = 128;                      // vector operations of an innermost body
constexpr int64_t kAhead = 8;                               // steps of a tile that a vector from the second cache takes

class Shaper {
 public:
  Shaper(const NestFacts& facts, const StageOf& stage_of, const Declare& declare, LastIndex last)
      : facts_(facts), stage_of_(stage_of), declare_(declare), last_(last), axes_(choose_axes(facts, refused(facts, last))),
        order_(facts.order) {}

  static std::set<std::string> refused(const NestFacts& facts, LastIndex last) {
    if (last != LastIndex::inside) return {};
    return {facts.func.vars.back()};
  }

  Nest run() {
    const FuncContents& func = facts_.func;
    for (const std::string& v : func.vars) loops_[v] = v;
    if (func.updates.empty()) {
      if (axes_.vector.empty()) {
        plain();
      } else if (!func.is_reduction()) {
        pointwise();
      } else if (facts_.is_term(axes_.vector)) {
        sums_of_lanes();
      } else if (!axes_.rows.empty()) {
        tile();
      } else {
        lanes_of_results();
      }
      if (!facts_.node.epilogue.empty()) stage_of_(facts_.node.epilogue).epilogue_of(func.name);
    }
    if (facts_.node.place == Place::root) threads();
    return {{loops_, axes_.vector, axes_.rows, block_, step_}, std::move(condition_), std::move(extras_)};
  }

 private:
  // --- Names of new loops.
  std::string fresh(std::string name) {
    while (used_.count(name) || loops_.count(name) || facts_.is_term(name)) name += "_";
    used_.insert(name);
    return name;
  }

  Stage stage() { return stage_of_(facts_.func.name); }

  std::vector<std::string> without(const std::string& index, const std::string& other = "") const {
    std::vector<std::string> names;
    for (const std::string& v : order_) if (v != index && v != other) names.push_back(v);
    return names;
  }

  // The indices in order, with the loops that stand for them outside of the tile; `left_out` has none.
  std::vector<std::string> outer_loops(const std::string& left_out = "") const {
    std::vector<std::string> names;
    for (const std::string& v : without(left_out)) names.push_back(loops_.at(v));
    return names;
  }

  static void append(std::vector<std::string>& to, const std::vector<std::string>& more) {
    to.insert(to.end(), more.begin(), more.end());
  }

  // --- Nests.
  void plain() {
    std::vector<std::string> all = outer_loops();
    append(all, facts_.terms());
    if (all.size() > 1) stage().reorder(all);
    if (facts_.func.updates.empty()) stand_outside(order_);
  }

  void stand_outside(const std::vector<std::string>& indices, int64_t step = 1) {
    for (const std::string& v : indices) outside_.push_back({loops_.at(v), v, step});
  }

  // The last two indices become one.
  void collapse() {
    const std::vector<std::string>& vars = facts_.func.vars;
    const std::string short_index = vars.back(), next = vars[vars.size() - 2];
    axes_.vector = fresh(next + short_index);
    stage().collapse(next, short_index, axes_.vector);
    std::erase(order_, short_index);
    std::replace(order_.begin(), order_.end(), next, axes_.vector);
    loops_.erase(short_index);
    loops_.erase(next);
  }

  void pointwise() {
    if (last_ == LastIndex::joined && facts_.func.vars.size() > 1) collapse();
    const std::string outer = fresh(axes_.vector + "o"), inner = fresh(axes_.vector + "i");
    stage().split(axes_.vector, outer, inner, Expr(facts_.lanes() * (facts_.weight() < 16 ? 2 : 1)));
    loops_[axes_.vector] = outer;
    const std::string few = few_inside();
    std::string unrolled;
    for (const std::string& v : order_) {                   // neighbours share what they read
      if (v == axes_.vector || v == few || facts_.fixed(v) || facts_.node.hosts || !overlaps_along(facts_.reads, v)) continue;
      const std::string block = fresh(v + "o");
      unrolled = fresh(v + "i");
      stage().split(v, block, unrolled, Expr(int64_t{4}));
      loops_[v] = block;
      break;
    }
    const std::vector<std::string> around = without(axes_.vector, few);
    std::vector<std::string> all;
    for (const std::string& v : around) all.push_back(loops_.at(v));
    stand_outside(around);
    if (!few_blocks_.empty()) all.push_back(few_blocks_);
    all.push_back(outer);
    stand_outside({axes_.vector}, facts_.lanes());
    if (!unrolled.empty()) all.push_back(unrolled);
    if (!few.empty()) all.push_back(loops_.at(few));
    all.push_back(inner);
    stage().reorder(all).vectorize(inner);
    if (!unrolled.empty()) stage().unroll(unrolled);
  }

  // The last index where it runs inside of the loop over vectors of another one: stores of neighbouring elements stand together
  // then, as straight code where the number of its steps is known.
  std::string few_inside() {
    const std::string& last = facts_.func.vars.back();
    if (last == axes_.vector || last_ == LastIndex::joined || facts_.fixed(last) || facts_.func.vars.size() < 2) return "";
    const auto steps = facts_.constant_extent(last);
    if (last_ != LastIndex::inside && (!steps || *steps > kFew)) return "";
    if (!steps || *steps > kFew) return last;
    const std::string outer = fresh(last + "o"), inner = fresh(last + "i");
    stage().split(last, outer, inner, Expr(std::max<int64_t>(*steps, 1)));
    stage().unroll(inner);
    loops_[last] = inner;
    few_blocks_ = outer;
    return last;
  }

  // Each lane sums its own terms. Results that read the same vectors are summed together: up to two indices of them.
  void sums_of_lanes() {
    std::vector<std::pair<std::string, int64_t>> unrolled;
    if (!facts_.node.hosts) {
      if (!axes_.rows.empty()) unrolled.push_back({axes_.rows, 4});
      if (!axes_.more_rows.empty()) unrolled.push_back({axes_.more_rows, facts_.target.vector_registers >= 32 ? 4 : 2});
    } else {
      axes_.rows.clear();
    }
    int64_t sums = facts_.func.components();
    for (const auto& [index, count] : unrolled) sums *= count;
    int64_t width = facts_.lanes() * std::max<int64_t>(1, kAccumulators / sums);
    if (auto extent = facts_.constant_extent(axes_.vector)) while (width / 2 >= *extent && width > 1) width /= 2;
    const std::string outer = fresh(axes_.vector + "o"), inner = fresh(axes_.vector + "i");
    stage().split(axes_.vector, outer, inner, Expr(width));
    std::vector<std::string> copies;
    for (const auto& [index, count] : unrolled) {
      const std::string block = fresh(index + "o");
      copies.push_back(fresh(index + "i"));
      stage().split(index, block, copies.back(), Expr(count));
      loops_[index] = block;
    }
    std::vector<std::string> all = outer_loops();
    stand_outside(order_);
    const std::string at = all.empty() ? "" : all.back();
    for (const std::string& t : facts_.terms()) if (t != axes_.vector) all.push_back(t);
    all.push_back(outer);
    append(all, copies);
    all.push_back(inner);
    stage().reorder(all).vectorize(inner);
    for (const std::string& copy : copies) stage().unroll(copy);
    if (!at.empty()) stage().store_in("registers", at);
  }

  // Each lane is a result: as many vectors side by side as hide the latency.
  void lanes_of_results() {
    const std::string outer = fresh(axes_.vector + "o"), inner = fresh(axes_.vector + "i");
    stage().split(axes_.vector, outer, inner, Expr(facts_.lanes() * 4));
    loops_[axes_.vector] = outer;
    std::vector<std::string> all = outer_loops(axes_.vector);
    stand_outside(without(axes_.vector));
    stand_outside({axes_.vector}, facts_.lanes() * 4);
    all.push_back(outer);
    append(all, facts_.terms());
    all.push_back(inner);
    stage().reorder(all).vectorize(inner).store_in("registers", outer);
    unroll_windows(4);
  }

  // Rows x vectors of accumulators, as many as the registers hold beside the operands of one step.
  std::vector<TileClass> tile_classes() const {
    int vectors = 0;                                        // operands as wide as the tile
    for (const Read& read : facts_.reads) {
      vectors += move_of(read, axes_.vector) != Move::none && move_of(read, axes_.rows) == Move::none;
    }
    const int64_t components = facts_.func.components();
    std::vector<TileClass> classes;
    if (only_windows()) {                                   // a row of the window's operands stays in registers too
      const int64_t across = facts_.target.vector_registers < 32 ? 1 : 2;
      return {{across * facts_.lanes(), std::max<int64_t>(8 / components, 1)}};
    }
    // A row of borders or of several reduction loops multiplies the bodies: two widths are enough then.
    const bool few = facts_.func.rvars.size() > 1;
    const std::vector<int64_t> widths = facts_.target.vector_registers < 32 ? std::vector<int64_t>{2, 1}
                                        : few                               ? std::vector<int64_t>{4, 2}
                                                                            : std::vector<int64_t>{4, 3, 2, 1};
    for (int64_t across : widths) {
      const int64_t left = facts_.target.vector_registers - 2 - across * std::max(vectors, 1);
      const int64_t rows = std::min<int64_t>(left / (across * components), 14);
      if (rows >= 2 || (across == 1 && classes.empty())) {
        classes.push_back({across * facts_.lanes(), std::max<int64_t>(rows, 1)});
      }
    }
    return classes;
  }

  // Where panels of one width only are cut: two vectors, which waste little where columns are few.
  TileClass one_class(const std::vector<TileClass>& classes) const {
    for (const TileClass& c : classes) if (c.width <= 2 * facts_.lanes()) return c;
    return classes.back();
  }

  void tile() {
    const std::vector<TileClass> classes = tile_classes();
    const auto panel = facts_.node.hosts ? std::nullopt : panel_of(facts_, axes_, classes.front().rows);
    if (panel) return packed_tile(classes, *panel);
    const std::string jo = fresh(axes_.vector + "o"), io = fresh(axes_.rows + "o");
    const std::string ji = fresh(axes_.vector + "i"), ii = fresh(axes_.rows + "i");
    const bool panels = classes.size() > 1 && !facts_.node.hosts && !only_windows();
    const std::vector<std::string> outer = facts_.node.hosts ? std::vector<std::string>{} : blocks_of_rows();
    stage().tile(axes_.vector, axes_.rows, jo, io, ji, ii,
                 panels ? classes : std::vector<TileClass>{one_class(classes)}, true);
    loops_[axes_.vector] = jo;
    loops_[axes_.rows] = io;
    std::vector<std::string> all;
    if (facts_.node.hosts) {
      all = outer_loops(axes_.vector);
      all.push_back(jo);
    } else {
      all = outer;
      append(all, {jo, io});
    }
    const std::string at = all.back();
    append(all, facts_.terms());
    append(all, {ii, ji});
    stage().reorder(all).vectorize(ji).unroll(ii);
    finish_tile(io, ji, at);
    unroll_windows(classes.front().rows * classes.front().width / facts_.lanes(), ii);
    if (facts_.node.hosts) stand_outside(without(axes_.vector));
    stand_outside({axes_.vector}, classes.front().width);
    if (!facts_.node.hosts) stand_outside({axes_.rows}, classes.front().rows);
  }

  // Short loops over terms become straight code, innermost first: neighbours that read the same elements share them. A window
  // whose size is a symbol does so for the usual sizes.
  // The last of them runs inside of the tile's rows: what a row loads the next one still holds.
  void unroll_windows(int64_t operations, const std::string& rows = "") {
    const std::vector<ReductionVar>& terms = facts_.func.rvars;
    for (size_t t = terms.size(); t-- > 0;) {
      const auto steps = facts_.constant_extent(terms[t].name);
      if (!steps || *steps * operations > kStraightCode) return unroll_usual(terms, operations, rows);
      operations *= std::max<int64_t>(*steps, 1);
      if (t + 1 == terms.size() && !rows.empty() && only_windows()) stage().reorder({rows, terms[t].name});
      stage().unroll(terms[t].name);
    }
  }

  // Few terms, all of a window: code for usual sizes is worth more than code for edges.
  bool only_windows() const {
    return std::all_of(facts_.func.rvars.begin(), facts_.func.rvars.end(), [&](const ReductionVar& t) {
      return is_window(facts_.reads, t.name, facts_.func.vars);
    });
  }

  void unroll_usual(const std::vector<ReductionVar>& terms, int64_t operations, const std::string& rows) {
    if (facts_.node.hosts || !only_windows()) return;
    for (const ReductionVar& t : terms) if (t.extent.kind() != ExprKind::var) return;
    for (const int64_t size : {3, 5}) {
      Expr condition;
      for (const ReductionVar& t : terms) {
        const Expr here = eq(t.extent, Expr(size));
        condition = condition.defined() ? condition & here : here;
      }
      std::vector<std::string> unrolled;
      int64_t left = kStraightCode / operations;
      for (size_t t = terms.size(); t-- > 0 && left >= size; left /= size) unrolled.push_back(terms[t].name);
      if (unrolled.empty()) return;
      extras_.push_back({condition, [func = facts_.func.name, unrolled, rows](const StageOf& of) {
        if (!rows.empty()) of(func).reorder({rows, unrolled.front()});
        for (const std::string& t : unrolled) of(func).unroll(t);
      }});
    }
  }

  // The loops outside of a tile, in order. Where rows of a producer are kept, the index that they lie along runs in blocks, in
  // which the steps follow one another.
  std::vector<std::string> blocks_of_rows() {
    std::vector<std::string> all;
    const std::string& along = facts_.node.rows_along;
    for (const std::string& v : without(axes_.vector, axes_.rows)) {
      if (v == along) continue;
      all.push_back(loops_.at(v));
      stand_outside({v});
    }
    if (along.empty() || along == axes_.vector || along == axes_.rows) return all;
    block_ = fresh(along + "b"), step_ = fresh(along + "i");
    stage().split(along, block_, step_, Expr(kRowsKept), true);
    loops_[along] = block_;
    stand_outside({along}, kRowsKept);
    append(all, {block_, step_});
    condition_ = dense_terms();
    return all;
  }

  // The two innermost loops over terms become one where they walk through neighbouring dimensions of every operand and the
  // strides say so, as they do for inputs that lie densely.
  Expr dense_terms() const {
    const std::vector<ReductionVar>& terms = facts_.func.rvars;
    if (terms.size() < 2) return {};
    const std::string &outer = terms[terms.size() - 2].name, &inner = terms.back().name;
    Expr dense;
    for (const Read& read : facts_.reads) {
      if (move_of(read, inner) == Move::none && move_of(read, outer) == Move::none) continue;
      size_t d = 0;
      while (d + 1 < read.at.size() && !(uses_var(read.at[d], outer) && read.at[d + 1] == make_var(inner))) ++d;
      if (d + 1 >= read.at.size()) return {};
      const InputDecl* input = facts_.op.find_input(read.tensor);
      if (!input) continue;                                 // storage of our own is dense
      const auto stride = [&](size_t of) { return make_var(input->name + ".stride." + std::to_string(of)); };
      const Expr here = eq(stride(d), d + 2 == read.at.size() ? input->extents[d + 1] : input->extents[d + 1] * stride(d + 1));
      dense = dense.defined() ? dense & here : here;
    }
    return dense;
  }

  void finish_tile(const std::string& io, const std::string& ji, const std::string& at) {
    if (!only_windows()) stage().tail(io, Tail::automatic, {{1, 1}, {1, 2}});
    stage().tail(ji, Tail::mask);
    stage().store_in("registers", at);
  }

  // A tile over blocks of terms, for panels of columns of which a copy is worth making: it lies in the second cache, a block
  // of one tile of rows in the first. With few registers a panel is several tiles wide, so that rows are read from the first
  // cache for most of them.
  void packed_tile(const std::vector<TileClass>& classes, const Panel& panel) {
    const bool wide = facts_.target.vector_registers >= 32;
    const int64_t panel_columns = wide ? classes.front().width : 4 * classes.front().width;
    const std::string term = facts_.func.rvars[0].name, v = axes_.vector, r = axes_.rows;
    const std::string ko = fresh(term + "o"), ki = fresh(term + "i");
    const std::string jp = wide ? "" : fresh(v + "p"), jj = wide ? v : fresh(v + v);
    const std::string jo = fresh(v + "o"), io = fresh(r + "o"), ji = fresh(v + "i"), ii = fresh(r + "i");
    const auto cache = [](const char* name) { return make_var(std::string("target.") + name); };
    const Expr block = min(cache("L1") / Expr(panel.element_bytes * classes.front().rows),
                           cache("L2") / Expr(int64_t{4}) / Expr(panel.element_bytes * panel_columns));
    stage().split(term, ko, ki, make_var(declare_(fresh(term + "c"), block, 16, 4096)), true);
    if (!wide) stage().split(v, jp, jj, Expr(panel_columns));
    stage().tile(jj, r, jo, io, ji, ii, wide ? classes : std::vector<TileClass>{classes.front()}, true);
    std::vector<std::string> all = without(v, r);
    stand_outside(all);
    const std::string panels = wide ? jo : jp;
    append(all, {ko, panels, io});
    if (!wide) all.push_back(jo);
    const std::string at = all.back();
    append(all, {ki, ii, ji});
    stage().reorder(all).vectorize(ji).unroll(ii);
    finish_tile(io, ji, at);
    if (!wide) stage_of_(panel.tensor).prefetch(facts_.func.name, ki, Expr(kAhead));
    loops_[v] = panels;
    loops_[r] = io;
    stand_outside({v}, panel_columns);
    stand_outside({r}, classes.front().rows);
    extras_.push_back({panel.worth, [func = facts_.func.name, panel, panels, ki, ji, io](const StageOf& of) {
      of(panel.tensor).stage_at(func, panels).layout({ki, ji}).with_first(io);
    }});
  }

  // Iterations of the outermost loop on threads, where all sizes together are worth it; those of the next one where the first
  // has too few.
  void threads() {
    const Expr work = facts_.work();
    if (outside_.empty() || !facts_.func.updates.empty() || !work.defined()) return;
    const Expr worth = gt(work, Expr(kWorthThreads));
    const Expr first = facts_.extent(outside_[0].index);
    if (outside_.size() < 2 || !first.defined()) {
      stage().parallel(outside_[0].loop, worth);
      return;
    }
    const Expr threads = make_var("target.threads");
    const Expr enough = outside_[0].step == 1 ? threads : threads * Expr(outside_[0].step);
    stage().parallel(outside_[0].loop, worth & ge(first, enough));
    stage().parallel(outside_[1].loop, worth & lt(first, enough));
  }

  // A loop outside of all that is kept in registers.
  struct Outside {
    std::string loop, index;
    int64_t step = 1;                                       // of the index, in one iteration
  };

  const NestFacts& facts_;
  const StageOf& stage_of_;
  const Declare& declare_;
  const LastIndex last_;
  Axes axes_;
  std::vector<std::string> order_;                          // indices, outermost first
  std::map<std::string, std::string> loops_;
  std::set<std::string> used_;
  std::vector<Outside> outside_;                            // outermost first
  std::string block_, step_, few_blocks_;
  Expr condition_;
  std::vector<Extra> extras_;
};

}  // namespace

Nest shape_nest(const NestFacts& facts, const StageOf& stage_of, const Declare& declare, LastIndex last) {
  return Shaper(facts, stage_of, declare, last).run();
}

}  // namespace lathe::construct
