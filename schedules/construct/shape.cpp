#include "schedules/construct/shape.h"

#include <algorithm>
#include <cmath>

namespace lathe::construct {

namespace {

constexpr int kAccumulators = 8;                            // vectors summed side by side hide the latency of an addition
constexpr int64_t kWorthThreads = 2'000'000;                // terms: waking a thread costs what so many take

class Shaper {
 public:
  Shaper(const StageOf& stage_of, const Operator& op, const Plan& plan, const Target& target, const FuncContents& func,
         const Shape* host, bool collapse)
      : stage_of_(stage_of), collapse_(collapse), op_(op), node_(plan.nodes.at(func.name)), target_(target), func_(func),
        values_(values_of_nest(op, plan, func)), reads_(reads_in(values_)),
        order_(node_.order.empty() ? func.vars : node_.order) {
    if (host) meet(*host, plan.nodes.at(node_.host).order);
  }

  Shape run() {
    for (const std::string& v : func_.vars) loops_[v] = v;
    if (func_.updates.empty()) {
      choose_vector();
      if (vector_.empty()) {
        plain();
      } else if (!func_.is_reduction()) {
        pointwise();
      } else if (is_term(vector_)) {
        sums_of_lanes();
      } else if (choose_rows(); !rows_.empty()) {
        tile();
      } else {
        lanes_of_results();
      }
      if (!node_.epilogue.empty()) stage_of_(node_.epilogue).epilogue_of(func_.name);
    }
    if (node_.place == Place::root) threads();
    return {loops_, vector_, rows_};
  }

 private:
  // Of the host's indices around it one step is computed at a time, or one tile.
  void meet(const Shape& host, const std::vector<std::string>& order) {
    for (size_t d = 0; d < node_.depth; ++d) {
      const std::string& own = node_.fixed.at(order[d]);
      if (order[d] == host.rows) {
        narrow_.insert(own);
      } else if (order[d] != host.vector) {
        fixed_.insert(own);
      }
    }
  }

  bool is_term(const std::string& name) const {
    return std::any_of(func_.rvars.begin(), func_.rvars.end(), [&](const ReductionVar& r) { return r.name == name; });
  }

  // A constant where the extent of the index is one.
  std::optional<int64_t> extent_of(const std::string& name) const {
    int64_t known = 0;
    for (const ReductionVar& r : func_.rvars) {
      if (r.name == name && is_integer_constant(r.extent, &known)) return known;
    }
    const std::string& stored = node_.epilogue.empty() ? func_.name : node_.epilogue;
    if (const OutputDecl* output = op_.find_output(stored)) {
      for (size_t d = 0; d < func_.vars.size(); ++d) {
        if (func_.vars[d] == name && is_integer_constant(output->extents[d], &known)) return known;
      }
    }
    return std::nullopt;
  }

  // --- The vector axis: the index with the most reads next to each other, and the fewest apart.
  void choose_vector() {
    std::vector<std::string> candidates;
    for (const std::string& v : func_.vars) if (!fixed_.count(v) && !narrow_.count(v)) candidates.push_back(v);
    if (!op_.strict) for (const ReductionVar& r : func_.rvars) candidates.push_back(r.name);
    double best = -1e9;
    for (const std::string& v : candidates) {
      const double score = score_of(v);
      if (score >= best) best = score, vector_ = v;
    }
    if (best < -20) vector_.clear();
  }

  double score_of(const std::string& v) const {
    double score = 0;
    for (const Read& read : reads_) {
      switch (move_of(read, v)) {
        case Move::none: score += 0.5; break;
        case Move::contiguous: score += 1; break;
        case Move::strided: case Move::irregular: score -= 2; break;
      }
    }
    if (is_term(v)) {
      score -= 0.75;                                        // lanes must be summed in the end
    } else {
      score += v == func_.vars.back() ? 1 : -1.5;           // what is stored
    }
    if (auto extent = extent_of(v)) score -= *extent < 4 ? 30 : *extent < lanes() ? 2 : 0;
    return score;
  }

  int64_t lanes() const {
    int64_t bytes = 1;
    for (const Expr& value : func_.values) bytes = std::max(bytes, bytes_of(value.type().dtype));
    return std::max<int64_t>(target_.lanes(bytes), 1);
  }

  // --- Rows of a register tile: the index that reads most vectors again.
  void choose_rows(const std::string& other = "") {
    int best = 0;
    rows_.clear();
    for (const std::string& v : func_.vars) {
      if (v == vector_ || v == other || fixed_.count(v)) continue;
      int reused = 0, moved = 0;
      for (const Read& read : reads_) {
        const bool vector = move_of(read, vector_) != Move::none;
        if (move_of(read, v) == Move::none) reused += vector ? 1 : 0;
        else ++moved;
      }
      if (reused > 0 && moved > 0 && reused >= best && extent_of(v).value_or(1 << 20) > 1) best = reused, rows_ = v;
    }
  }

  // --- Names of new loops.
  std::string fresh(std::string name) {
    while (used_.count(name) || loops_.count(name) || is_term(name)) name += "_";
    used_.insert(name);
    return name;
  }

  Stage stage() { return stage_of_(func_.name); }

  std::vector<std::string> terms() const {
    std::vector<std::string> names;
    for (const ReductionVar& r : func_.rvars) names.push_back(r.name);
    return names;
  }

  // The indices in order, with the loops that stand for them outside of the tile; `without` has none.
  std::vector<std::string> outer_loops(const std::string& without = "") const {
    std::vector<std::string> names;
    for (const std::string& v : order_) if (v != without) names.push_back(loops_.at(v));
    return names;
  }

  static void append(std::vector<std::string>& to, const std::vector<std::string>& more) {
    to.insert(to.end(), more.begin(), more.end());
  }

  // --- Nests.
  void plain() {
    std::vector<std::string> all = outer_loops();
    append(all, terms());
    if (all.size() > 1) stage().reorder(all);
  }

  // The last two indices become one.
  void collapse() {
    const std::string short_index = func_.vars.back(), next = func_.vars[func_.vars.size() - 2];
    vector_ = fresh(next + short_index);
    stage().collapse(next, short_index, vector_);
    std::erase(order_, short_index);
    std::replace(order_.begin(), order_.end(), next, vector_);
    loops_.erase(short_index);
    loops_.erase(next);
  }

  void pointwise() {
    if (collapse_ && func_.vars.size() > 1) collapse();
    const std::string outer = fresh(vector_ + "o"), inner = fresh(vector_ + "i");
    int weight = 0;
    for (const Expr& value : values_) weight += weight_of(value);
    stage().split(vector_, outer, inner, Expr(lanes() * (weight < 16 ? 2 : 1)));
    loops_[vector_] = outer;
    std::string unrolled;
    for (const std::string& v : order_) {                   // neighbours share what they read
      if (v == vector_ || fixed_.count(v) || node_.hosts || !overlaps_along(reads_, v)) continue;
      const std::string block = fresh(v + "o");
      unrolled = fresh(v + "i");
      stage().split(v, block, unrolled, Expr(int64_t{4}));
      loops_[v] = block;
      break;
    }
    std::vector<std::string> all = outer_loops(vector_);
    all.push_back(outer);
    if (!unrolled.empty()) all.push_back(unrolled);
    all.push_back(inner);
    stage().reorder(all).vectorize(inner);
    if (!unrolled.empty()) stage().unroll(unrolled);
  }

  // Each lane sums its own terms. Results that read the same vectors are summed together: up to two indices of them.
  void sums_of_lanes() {
    std::vector<std::pair<std::string, int64_t>> unrolled;
    if (!node_.hosts) {
      choose_rows();
      if (!rows_.empty()) unrolled.push_back({rows_, 4});
      const std::string first = rows_;
      choose_rows(first);
      if (!rows_.empty()) unrolled.push_back({rows_, target_.vector_registers >= 32 ? 4 : 2});
      rows_ = first;
    }
    int64_t sums = func_.components();
    for (const auto& [index, count] : unrolled) sums *= count;
    int64_t width = lanes() * std::max<int64_t>(1, kAccumulators / sums);
    if (auto extent = extent_of(vector_)) while (width / 2 >= *extent && width > 1) width /= 2;
    const std::string outer = fresh(vector_ + "o"), inner = fresh(vector_ + "i");
    stage().split(vector_, outer, inner, Expr(width));
    std::vector<std::string> copies;
    for (const auto& [index, count] : unrolled) {
      const std::string block = fresh(index + "o");
      copies.push_back(fresh(index + "i"));
      stage().split(index, block, copies.back(), Expr(count));
      loops_[index] = block;
    }
    std::vector<std::string> all = outer_loops();
    const std::string at = all.empty() ? "" : all.back();
    for (const ReductionVar& r : func_.rvars) if (r.name != vector_) all.push_back(r.name);
    all.push_back(outer);
    append(all, copies);
    all.push_back(inner);
    stage().reorder(all).vectorize(inner);
    for (const std::string& copy : copies) stage().unroll(copy);
    if (!at.empty()) stage().store_in("registers", at);
  }

  // Each lane is a result: as many vectors side by side as hide the latency.
  void lanes_of_results() {
    const std::string outer = fresh(vector_ + "o"), inner = fresh(vector_ + "i");
    stage().split(vector_, outer, inner, Expr(lanes() * 4));
    loops_[vector_] = outer;
    std::vector<std::string> all = outer_loops(vector_);
    all.push_back(outer);
    append(all, terms());
    all.push_back(inner);
    stage().reorder(all).vectorize(inner).store_in("registers", outer);
  }

  // Rows x vectors of accumulators, as many as the registers hold beside the operands of one step.
  std::vector<TileClass> tile_classes() const {
    int vectors = 0;                                        // operands as wide as the tile
    for (const Read& read : reads_) vectors += move_of(read, vector_) != Move::none && move_of(read, rows_) == Move::none;
    const int64_t components = func_.components();
    std::vector<TileClass> classes;
    // A row of borders or of several reduction loops multiplies the bodies: two widths are enough then.
    const bool few = func_.rvars.size() > 1;
    const std::vector<int64_t> widths = target_.vector_registers < 32 ? std::vector<int64_t>{2, 1}
                                        : few                         ? std::vector<int64_t>{4, 2}
                                                                      : std::vector<int64_t>{4, 3, 2, 1};
    for (int64_t across : widths) {
      const int64_t left = target_.vector_registers - 2 - across * std::max(vectors, 1);
      const int64_t rows = std::min<int64_t>(left / (across * components), 14);
      if (rows >= 2 || (across == 1 && classes.empty())) classes.push_back({across * lanes(), std::max<int64_t>(rows, 1)});
    }
    return classes;
  }

  void tile() {
    const std::vector<TileClass> classes = tile_classes();
    const std::string jo = fresh(vector_ + "o"), io = fresh(rows_ + "o"), ji = fresh(vector_ + "i"), ii = fresh(rows_ + "i");
    const bool panels = classes.size() > 1 && !node_.hosts;
    stage().tile(vector_, rows_, jo, io, ji, ii,
                 panels ? classes : std::vector<TileClass>{classes[one_class(classes)]}, true);
    loops_[vector_] = jo;
    loops_[rows_] = io;
    std::vector<std::string> all;
    for (const std::string& v : order_) if (v != vector_ && v != rows_) all.push_back(v);
    if (node_.hosts) {
      all = outer_loops(vector_);
      all.push_back(jo);
    } else {
      append(all, {jo, io});
    }
    const std::string at = all.back();
    append(all, terms());
    append(all, {ii, ji});
    stage().reorder(all).vectorize(ji).unroll(ii);
    stage().tail(io, Tail::automatic, {{1, 1}, {1, 2}}).tail(ji, Tail::mask);
    stage().store_in("registers", at);
  }

  // Where panels of one width only are cut: two vectors, which waste little where columns are few.
  size_t one_class(const std::vector<TileClass>& classes) const {
    for (size_t c = 0; c < classes.size(); ++c) if (classes[c].width <= 2 * lanes()) return c;
    return classes.size() - 1;
  }

  // The outermost loop over an index, where all sizes together are worth it.
  void threads() {
    if (order_.empty() || !func_.updates.empty()) return;
    const std::string& stored = node_.epilogue.empty() ? func_.name : node_.epilogue;
    const OutputDecl* output = op_.find_output(stored);
    if (!output) return;
    Expr work = Expr(int64_t{1});
    for (const Expr& extent : output->extents) work = work * extent;
    for (const ReductionVar& r : func_.rvars) work = work * r.extent;
    const std::string first = order_.front() == vector_ && order_.size() > 1 && !rows_.empty() ? loops_.at(vector_) : loops_.at(order_.front());
    stage().parallel(first, gt(work, Expr(kWorthThreads)));
  }

  const StageOf& stage_of_;
  const bool collapse_;
  const Operator& op_;
  const Node& node_;
  const Target& target_;
  const FuncContents& func_;
  const std::vector<Expr> values_;
  const std::vector<Read> reads_;
  std::vector<std::string> order_;                          // indices, outermost first
  std::set<std::string> fixed_;                             // attached: indices of which one step is computed at a time
  std::set<std::string> narrow_;                            // ... and of which a few rows are
  std::map<std::string, std::string> loops_;
  std::set<std::string> used_;
  std::string vector_, rows_;
};

}  // namespace

Shape shape_nest(const StageOf& stage_of, const Operator& op, const Plan& plan, const Target& target,
                 const FuncContents& func, const Shape* host, bool collapse) {
  return Shaper(stage_of, op, plan, target, func, host, collapse).run();
}

}  // namespace lathe::construct
