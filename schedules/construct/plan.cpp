#include "schedules/construct/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "analysis/simplify.h"
#include "analysis/written_out.h"
#include "lang/text.h"
#include "schedules/construct/rows.h"
#include "schedules/construct/shared_places.h"
#include "schedules/instruction_match.h"

namespace lathe::construct {

namespace {

constexpr int kMostInlined = 12;                            // operations that may be computed again at each read
constexpr int kMostWrittenOut = 64;                         // ... of all terms of a reduction
constexpr int kMostTogether = 4000;                         // nodes of the values of one nest
constexpr int64_t kTable = 1024;                            // values that are computed rather before they are looked up
constexpr int kMostRepeated = 2;                            // ... and for every step of an index that they do not use

class Planner {
 public:
  Planner(const Operator& op, bool fuse, const std::map<std::string, std::vector<Expr>>& extents, std::set<std::string> alone,
          Decisions& decisions)
      : op_(op), fuse_(fuse), alone_(std::move(alone)), decisions_(decisions) {
    plan_.extents = extents;
    for (const FuncContents& g : op_.funcs) note_reads(g);
  }

  Plan run() {
    for (const FuncContents& f : op_.funcs) {
      if (!op_.find_output(f.name) || f.is_reduction() || !f.updates.empty()) continue;
      const FuncContents* reduction = finished_by(f);
      if (reduction && decisions_.whether(f.name + ".epilogue", true)) {
        Node& finished = plan_.nodes[f.name];
        finished.place = Place::epilogue;
        finished.host = reduction->name;
        Node& node = plan_.nodes[reduction->name];
        node.order = reduction->vars;
        node.epilogue = f.name;
        decisions_.because(f.name, "place", [&] {
          return fmt::format(
              "it finishes each tile of {} while that is in registers: it alone reads {}, at its own indices",
              reduction->name, reduction->name);
        });
      }
    }
    for (auto f = op_.funcs.rbegin(); f != op_.funcs.rend(); ++f) {
      if (!plan_.nodes.count(f->name)) place(*f);
    }
    return std::move(plan_);
  }

 private:
  // The Func and the pure ones on the way to it: what reads these are f and others of them, each at its own point.
  std::set<std::string> steps_of(const FuncContents& f) const {
    std::set<std::string> steps{f.name};
    for (auto g = op_.funcs.rbegin(); g != op_.funcs.rend(); ++g) {
      const bool pure = !g->is_reduction() && g->updates.empty() && !op_.find_output(g->name);
      if (pure && g->vars.size() == f.vars.size() && is_read_by(steps, *g)) steps.insert(g->name);
    }
    return steps;
  }

  // Whether some of these Funcs read it, each at its own point, and no other one does.
  bool is_read_by(const std::set<std::string>& readers, const FuncContents& f) const {
    const auto found = readers_.find(f.name);
    if (found == readers_.end()) return false;
    return std::all_of(found->second.begin(), found->second.end(), [&](const auto& reader) { return reader.second && readers.count(reader.first); });
  }

  void note_reads(const FuncContents& g) {
    for_each_value(g, [&](const Expr& value) {
      visit(value, [&](const Expr& e) {
        if (e.kind() != ExprKind::access) return;
        bool own = e->boundary == Boundary::inside && g.vars.size() == e.args().size();
        for (size_t d = 0; own && d < g.vars.size(); ++d) own = e.arg(d) == make_var(g.vars[d]);
        auto [reader, is_new] = readers_[e->name].emplace(g.name, own);
        reader->second = reader->second && own;
      });
    });
  }

  // A reduction whose complete result only `f` reads, at its own indices, or what leads to f alone: that is computed while it is
  // in registers.
  const FuncContents* finished_by(const FuncContents& f) const {
    const FuncContents* found = nullptr;
    const std::set<std::string> steps = steps_of(f);
    for (const FuncContents& r : op_.funcs) {
      if (!r.is_reduction() || r.vars.size() != f.vars.size() || op_.find_output(r.name) || !is_read_by(steps, r)) continue;
      // A formula meets borders of rows in their first and last elements alone, a tile of sums in all that it holds.
      if (!r.vars.empty() && meets_borders(plan_, r, r.vars.back()) && written_out(r) && weight(r) <= kMostWrittenOut) continue;
      if (!found || r.rvars.size() >= found->rvars.size()) found = &r;
    }
    return found;
  }

  // The nests that read `f`, once inlined Funcs are expanded. Consumers are placed before.
  std::vector<Reader> readers_of(const FuncContents& f) const {
    std::vector<Reader> readers;
    for (const FuncContents& g : op_.funcs) {
      auto node = plan_.nodes.find(g.name);
      if (node == plan_.nodes.end() || g.name == f.name) continue;
      if (node->second.place == Place::inlined || node->second.place == Place::epilogue) continue;
      std::vector<Expr> values = values_of_nest(op_, plan_, g);
      bool reads = false;
      for (const Read& read : reads_in(values)) reads = reads || read.tensor == f.name;
      if (reads) readers.push_back({&g, std::move(values)});
    }
    return readers;
  }

  void place(const FuncContents& f) {
    Node node;
    node.order = f.vars;
    const std::vector<Reader> readers = readers_of(f);
    if (op_.find_output(f.name)) {
      decisions_.because(f.name, "place",
                         [&] { return std::string("it is a result: computed whole, in a nest of its own"); });
      plan_.nodes[f.name] = std::move(node);
      return;
    }
    bool updates = !f.updates.empty();
    for (const Reader& r : readers) updates = updates || !r.func->updates.empty();
    const bool formula = f.updates.empty() && (!f.is_reduction() || written_out(f));
    Node in_rows = node, attached = node;
    const bool rows = !updates && keep_rows(plan_, f, readers, in_rows);
    const bool attach = !updates && this->attach(f, readers, attached, false);
    Node in_strips = node;
    const bool strips = !updates && !rows && make_strips(op_, plan_, f, readers, in_strips);
    const auto fixes = [&] {                                // inside a step of what strips would be blocks of
      const auto end = attached.fixed.end();
      return attach && attached.fixed.find(in_strips.rows_along) != end;
    };
    std::vector<std::string> ways{"root"};
    if (rows) ways.push_back("rows");
    if (strips) ways.push_back("strips");
    if (formula) ways.push_back("inlined");
    if (attach) ways.push_back("attached");
    const std::string usual = rows                                   ? fuse_ ? "rows" : "root"
                              : formula && worth_inlining(f, readers) ? "inlined"
                              : strips && fuse_ && !fixes()           ? "strips"
                              : attach && fuse_                       ? "attached"
                                                                      : "root";
    const std::string way = decisions_.word(f.name + ".place", usual, ways);
    if (way == "rows") {
      node = std::move(in_rows);
      node.place = Place::rows;
      node.host = readers[0].func->name;
      plan_.nodes.at(node.host).rows_along = node.rows_along;
      node.rows_along.clear();
    } else if (way == "strips") {
      node = std::move(in_strips);
      node.place = Place::rows;
      plan_.nodes.at(node.host).rows_along = node.rows_along;
      plan_.nodes.at(node.host).strips = true;
      node.rows_along.clear();
    } else if (way == "inlined") {
      node.place = Place::inlined;
      plan_.inlined.emplace(f.name, &f);
    } else if (way == "attached") {
      this->attach(f, readers, node, true);
    }
    decisions_.because(f.name, "place", [&] { return why_there(f, readers, way, node); });
    plan_.nodes[f.name] = std::move(node);
  }

  std::string why_there(const FuncContents& f, const std::vector<Reader>& readers, const std::string& way,
                        const Node& node) const {
    std::vector<std::string> names;
    for (const Reader& r : readers) names.push_back(r.func->name);
    const std::string by = fmt::format("{}", fmt::join(names, " and "));
    if (way == "inlined")
      return fmt::format("it is computed in the place of its reads by {}: {} operations are cheaper than storing it",
                         by, weight(f));
    if (way == "attached") {
      const std::vector<std::string>& order = plan_.nodes.at(node.host).order;
      return fmt::format(
          "it is computed inside the loops of {} over {}: each step there reads a part of its own, so nothing is "
          "computed twice and one step's part is all that is stored",
          node.host, fmt::join(order.begin(), order.begin() + static_cast<ptrdiff_t>(node.depth), ", "));
    }
    if (way == "rows") {
      return fmt::format(
          "rows of it are kept while {} runs along {}: each element meets its boundary rule once, and a ring holds the "
          "{} rows that a step reads",
          by, plan_.nodes.at(node.host).rows_along, print(node.rows_read));
    }
    if (way == "strips") {
      return fmt::format("what a block of rows of {} along {} needs of it is computed for each block: it stays in the second cache until it is read",
                         node.host, plan_.nodes.at(node.host).rows_along);
    }
    return fmt::format("it is computed whole, before {}: {}", by, why_whole(f, readers));
  }

  // Why neither in the place of its reads nor inside their loops.
  std::string why_whole(const FuncContents& f, const std::vector<Reader>& readers) const {
    if (!f.updates.empty()) return "its updates need all of it";
    for (const Reader& r : readers)
      if (!r.func->updates.empty()) return "updates of " + r.func->name + " read it in any order";
    std::string text =
        f.is_reduction()
            ? ""
            : fmt::format("{} operations at each of its reads would cost more than storing it, and ", weight(f));
    if (!fuse_) return text + "this form of the schedule attaches nothing";
    if (why_not_attached_) return text + why_not_attached_();
    return text + "its readers' loops do not have a part of it each";
  }

  // Operations of what replaces a read.
  int weight(const FuncContents& f) const {
    int weight = 0;
    const std::optional<FuncContents> short_sum = written_out(f);
    for (const Expr& value : short_sum ? short_sum->values : f.values) weight += weight_of(expanded(value, plan_.inlined));
    return weight;
  }

  bool worth_inlining(const FuncContents& f, const std::vector<Reader>& readers) const {
    const int weight = this->weight(f);
    if (f.is_reduction() && weight > kMostWrittenOut) return false;
    for (const Reader& r : readers) if (nodes_of(r.values) + nodes_of(f.values) > kMostTogether) return false;
    int64_t times = 0;                                      // that a value is computed, over all reads
    bool repeated = false;                                  // as often as only a call knows
    for (const Reader& r : readers) {
      for (const Read& read : reads_in(r.values)) {
        if (read.tensor != f.name) continue;
        if (weight > kMostRepeated && is_table(read)) return false;
        int64_t steps = 1;
        for (const std::string& v : indices_of(*r.func)) {
          if (move_of(read, v) != Move::none && !overlaps(read, v, *r.func)) continue;
          int64_t extent = 0;
          const Expr known = extent_in(*r.func, r.func->vars, plan_.extents.at(r.func->name), v);
          const bool few = known.defined() && is_integer_constant(known, &extent) && extent <= kMostInlined;
          repeated = repeated || !few;
          steps = std::min<int64_t>(steps * std::max<int64_t>(extent, 1), kMostInlined + 1);
        }
        times += steps;
      }
    }
    if (repeated && weight > kMostRepeated) return false;
    return times <= 1 || weight * (times - 1) <= kMostInlined;
  }

  static int nodes_of(const std::vector<Expr>& values) {
    int nodes = 0;
    for (const Expr& value : values) visit(value, [&](const Expr&) { ++nodes; });
    return nodes;
  }

  // Other points of the reader read the same elements for other terms.
  static bool overlaps(const Read& read, const std::string& term, const FuncContents& reader) {
    const bool is_term = std::any_of(reader.rvars.begin(), reader.rvars.end(), [&](const ReductionVar& t) { return t.name == term; });
    return is_term && is_window({read}, term, reader.vars);
  }

  // Read at data of few values, such as bytes: each of them is computed once, and looked up.
  static bool is_table(const Read& read) {
    return !read.at.empty() && std::all_of(read.at.begin(), read.at.end(), [](const Expr& at) {
      bool data = false;
      visit(at, [&](const Expr& e) { data = data || e.kind() == ExprKind::access; });
      const auto range = data ? interval_of(at, {}) : std::nullopt;
      int64_t lowest = 0, highest = 0;
      return range && is_integer_constant(range->lowest, &lowest) && is_integer_constant(range->highest, &highest) && highest - lowest < kTable;
    });
  }

  static std::vector<std::string> indices_of(const FuncContents& f) {
    std::vector<std::string> names = f.vars;
    for (const ReductionVar& r : f.rvars) names.push_back(r.name);
    return names;
  }

  // Inside the loops of the only nest that uses it, over indices for which different steps need different values. False
  // where it cannot be; `change`: the host is told.
  bool attach(const FuncContents& f, const std::vector<Reader>& readers, Node& node, bool change) {
    why_not_attached_ = {};
    if (readers.empty()) return false;
    std::string host;
    size_t depth = f.vars.size();
    for (const Reader& r : readers) {
      const Node& reader = plan_.nodes.at(r.func->name);
      if (reader.place == Place::rows)
        return not_attached("rows of {} are kept for several steps of its reader", r.func->name);
      const std::string of = reader.place == Place::attached ? reader.host : r.func->name;
      if (!host.empty() && of != host) return not_attached("{} and {} read it in nests of their own", host, of);
      host = of;
      if (reader.place == Place::attached) depth = std::min(depth, reader.depth);
    }
    std::map<std::string, std::string> fixed;
    for (const std::string& index : op_.find_func(host)->vars) {
      for (size_t d = 0; d < f.vars.size(); ++d) {
        if (moves_with(f, d, readers, host, index)) {
          fixed[index] = f.vars[d];
          break;
        }
      }
    }
    if (alone_.count(host))
      return not_attached("the register tile of {} is worth more than what it would save there", host);
    Node& root = plan_.nodes.at(host);
    if (!root.rows_along.empty()) return not_attached("{} runs in blocks of rows already", host);
    std::vector<std::string> order = root.order;
    if (!root.hosts && fixed.size() == f.vars.size() && !fixed.count(order.back())) {
      std::stable_partition(order.begin(), order.end(), [&](const std::string& v) { return fixed.count(v) != 0; });
    }
    size_t shared = 0;
    while (shared < order.size() && fixed.count(order[shared])) ++shared;
    depth = std::min(depth, shared);
    if (f.vars.size() <= depth && fixed.size() == f.vars.size() && runs_along_rows(f)) {
      const auto last = std::find_if(order.begin(), order.end(), [&](const std::string& v) { return fixed.count(v) && fixed.at(v) == f.vars.back(); });
      depth = std::min(depth, static_cast<size_t>(last - order.begin()));
    }
    if (depth == 0) return not_attached("no index of {} alone says which part of it is read", host);
    if (change) {
      root.hosts = true;
      root.order = std::move(order);
    }
    node.place = Place::attached;
    node.host = host;
    node.depth = depth;
    node.fixed = std::move(fixed);
    return true;
  }

  // Whether lanes along the Func's last index are worth a row of it where a single number would do: its values cost something,
  // and no reduction behind them has lanes along its terms instead.
  bool runs_along_rows(const FuncContents& f) const {
    if (f.vars.empty() || (!f.is_reduction() && weight(f) <= kMostRepeated)) return false;
    bool side_by_side = false, terms_apart = !f.is_reduction();
    for (const Expr& value : f.values) {
      for (const Read& read : reads_in({expanded(value, plan_.inlined)})) {
        side_by_side = side_by_side || move_of(read, f.vars.back()) == Move::contiguous;
        terms_apart = terms_apart || move_of(read, f.rvars.back().name) == Move::strided;
        const FuncContents* producer = op_.find_func(read.tensor);
        if (producer && producer->is_reduction() && !is_read_elsewhere(*producer) && !runs_along_rows(*producer)) return false;
      }
    }
    return side_by_side && terms_apart;
  }

  // Some Func reads it at other places than its own point: no loop needs just one number of it.
  bool is_read_elsewhere(const FuncContents& f) const {
    for (const FuncContents& g : op_.funcs) {
      std::vector<Expr> values;
      for_each_value(g, [&](const Expr& value) { values.push_back(value); });
      for (const Read& read : reads_in(values)) {
        const bool own = std::all_of(read.at.begin(), read.at.end(), [](const Expr& at) { return at.kind() == ExprKind::var; });
        if (read.tensor == f.name && !own) return true;
      }
    }
    return false;
  }

  template <class... Names>
  bool not_attached(fmt::format_string<const Names&...> why, const Names&... names) {
    why_not_attached_ = [=] { return fmt::format(why, names...); };
    return false;
  }

  // Every read of f has the host's index, and nothing else, in dimension d.
  bool moves_with(const FuncContents& f, size_t d, const std::vector<Reader>& readers, const std::string& host,
                  const std::string& index) const {
    for (const Reader& r : readers) {
      std::string name = index;
      if (r.func->name != host) {
        const auto& fixed = plan_.nodes.at(r.func->name).fixed;
        auto it = fixed.find(index);
        if (it == fixed.end()) return false;
        name = it->second;
      }
      for (const Read& read : reads_in(r.values)) {
        if (read.tensor == f.name && read.at[d] != make_var(name)) return false;
      }
    }
    return true;
  }

  const Operator& op_;
  const bool fuse_;
  const std::set<std::string> alone_;                       // nests that nothing is attached to
  Decisions& decisions_;
  std::map<std::string, std::map<std::string, bool>> readers_;   // of each tensor: whether each at its own point
  std::function<std::string()> why_not_attached_;  // the Func that was tried last; made into text where somebody asks
  Plan plan_;
};

// Reductions with only single numbers attached to them: a register tile of their own is worth more than a short vector
// that is not stored. So are those whose terms a machine instruction sums, which would not be a tile of groups.
std::set<std::string> better_alone(const Operator& op, const Plan& plan, const Target& target) {
  std::set<std::string> names;
  for (const FuncContents& f : op.funcs) if (f.is_reduction() && plan.nodes.at(f.name).hosts) names.insert(f.name);
  for (const auto& [name, node] : plan.nodes) {
    if (node.place == Place::attached && node.fixed.size() < op.find_func(name)->vars.size()) names.erase(node.host);
  }
  for (const FuncContents& f : op.funcs) {
    if (!f.is_reduction() || !plan.nodes.at(f.name).hosts) continue;
    if (instruction_for(target, f, expanded(f.values[0], plan.inlined))) names.insert(f.name);
  }
  return names;
}

// Outputs say how far their indices run; what is read at an index and nothing else runs as far as it.
std::map<std::string, std::vector<Expr>> extents_of(const Operator& op) {
  std::map<std::string, std::vector<Expr>> all;
  for (const FuncContents& f : op.funcs) {
    const OutputDecl* output = op.find_output(f.name);
    all[f.name] = output ? output->extents : std::vector<Expr>(f.vars.size());
  }
  for (auto f = op.funcs.rbegin(); f != op.funcs.rend(); ++f) {
    for (const FuncPart& part : parts_of(*f)) {
      for (const Read& read : reads_in(part.loops.values)) {
        if (read.tensor == f->name || !op.find_func(read.tensor)) continue;
        std::vector<Expr>& extents = all.at(read.tensor);
        for (size_t d = 0; d < read.at.size(); ++d) {
          if (extents[d].defined() || read.at[d].kind() != ExprKind::var) continue;
          extents[d] = extent_in(part.loops, f->vars, all.at(f->name), read.at[d]->name);
        }
      }
    }
  }
  return all;
}

}  // namespace

Expr extent_in(const FuncContents& part, const std::vector<std::string>& vars, const std::vector<Expr>& extents,
               const std::string& index) {
  for (const ReductionVar& r : part.rvars) if (r.name == index) return r.extent;
  for (size_t d = 0; d < vars.size(); ++d) if (vars[d] == index) return extents[d];
  return {};
}

Plan make_plan(const Operator& op, const Target& target, bool fuse, Decisions& decisions) {
  Decisions trial(decisions.wishes());
  const auto extents = extents_of(op);
  std::set<std::string> alone = better_alone(op, Planner(op, fuse, extents, {}, trial).run(), target);
  std::erase_if(alone, [&](const std::string& func) { return !decisions.whether(func + ".alone", true); });
  Plan plan = Planner(op, fuse, extents, alone, decisions).run();
  share_places(op, plan, decisions);
  return plan;
}

std::vector<Expr> values_of_nest(const Operator& op, const Plan& plan, const FuncContents& func) {
  std::vector<Expr> values;
  for_each_value(func, [&](const Expr& value) { values.push_back(expanded(value, plan.inlined)); });
  auto node = plan.nodes.find(func.name);
  if (node == plan.nodes.end() || node->second.epilogue.empty()) return values;
  const FuncContents& epilogue = *op.find_func(node->second.epilogue);
  Substitution own;
  for (size_t d = 0; d < func.vars.size(); ++d) own.push_back({epilogue.vars[d], make_var(func.vars[d])});
  for (const Expr& value : epilogue.values) values.push_back(substitute(expanded(value, plan.inlined), own));
  return values;
}

}  // namespace lathe::construct
