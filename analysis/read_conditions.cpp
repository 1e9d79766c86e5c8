#include "analysis/read_conditions.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "analysis/simplify.h"
#include "lang/text.h"

namespace lathe {

namespace {

Expr integer(int64_t value) { return make_integer(DType::i64, value); }

class Checker {
 public:
  explicit Checker(const Operator& op) : op_(op) {
    for (const SizeDecl& s : op.sizes) facts_.bound(s.name, integer(s.lowest), integer(s.highest));
  }

  void run() {
    for (const OutputDecl& out : op_.outputs) {
      Box& box = boxes_[out.func];
      for (const Expr& e : out.extents) box.push_back(Range{integer(0), e - integer(1)});
    }
    for (auto f = op_.funcs.rbegin(); f != op_.funcs.rend(); ++f) {
      const std::vector<FuncPart> stages = parts_of(*f);
      for (size_t s = stages.size(); s-- > 0;) stage(*f, stages[s]);   // updates first: they read the Func as well
    }
  }

  std::vector<ReadCondition> conditions() { return std::move(conditions_); }
  const std::set<const ExprNode*>& guarded() const { return guarded_; }
  bool idle(const ExprNode* read) const { return idle_.count(read) && !ruled_.count(read); }
  bool any_idle() const { return !idle_.empty(); }

 private:
  // What a condition says, as polynomials that are not negative where it holds.
  void add_guards(const Expr& condition, bool holds, std::vector<Polynomial>& guards) const {
    if (condition.is_op(Op::bit_and) && holds) {
      for (const Expr& part : condition.args()) add_guards(part, true, guards);
    } else if (condition.is_op(Op::bit_or) && !holds) {
      for (const Expr& part : condition.args()) add_guards(part, false, guards);
    } else if (condition.is_op(Op::bit_not)) {
      add_guards(condition.arg(0), !holds, guards);
    } else if (condition.kind() == ExprKind::op && condition.args().size() == 2 && condition.arg(0).type() == Type{}) {
      const Polynomial difference = Polynomial::of(condition.arg(0)) - Polynomial::of(condition.arg(1));
      const Polynomial reversed = Polynomial(0) - difference;
      switch (condition->op) {
        case Op::lt: guards.push_back(holds ? reversed - Polynomial(1) : difference); break;
        case Op::le: guards.push_back(holds ? reversed : difference - Polynomial(1)); break;
        case Op::gt: guards.push_back(holds ? difference - Polynomial(1) : reversed); break;
        case Op::ge: guards.push_back(holds ? difference : reversed - Polynomial(1)); break;
        case Op::eq: case Op::ne:
          if (holds == (condition->op == Op::eq)) {
            guards.insert(guards.end(), {difference, reversed});
          } else if (at_points_.nonnegative(difference)) {  // not at the end of a range
            guards.push_back(difference - Polynomial(1));
          } else if (at_points_.nonnegative(reversed)) {
            guards.push_back(reversed - Polynomial(1));
          }
          break;
        default: break;
      }
    }
  }

  // Calls for each access, with the conditions of the selects around it in guards_.
  template <class Action>
  void visit_guarded(const Expr& e, std::set<std::pair<const ExprNode*, size_t>>& seen, const Action& action) {
    if (!seen.insert({e.get(), guards_.size()}).second) return;
    if (e.kind() == ExprKind::access) action(e);
    if (!e.is_op(Op::select)) return for_each_child(e, [&](const Expr& child) { visit_guarded(child, seen, action); });
    visit_guarded(e.arg(0), seen, action);
    for (const bool holds : {true, false}) {
      const std::vector<Polynomial> outside = guards_;
      add_guards(e.arg(0), holds, guards_);
      std::set<std::pair<const ExprNode*, size_t>> inside;  // other conditions hold here
      visit_guarded(e.arg(holds ? 1 : 2), guards_.size() == outside.size() ? seen : inside, action);
      guards_ = outside;
    }
  }

  void stage(const FuncContents& func, const FuncPart& part) {
    const FuncContents* f = &part.loops;
    VarRanges ranges;
    const Box& box = boxes_[func.name];
    for (size_t d = 0; d < func.vars.size() && d < box.size(); ++d) {
      const bool mine = std::find(f->vars.begin(), f->vars.end(), func.vars[d]) != f->vars.end();
      if (mine) ranges[func.vars[d]] = box[d].value_or(Range{make_var(unbounded + func.vars[d]), make_var(unbounded + func.vars[d] + "'")});
    }
    for (const ReductionVar& r : f->rvars) ranges[r.name] = {integer(0), r.extent - integer(1)};
    // Nothing is read where some range is empty, or where no reader has a point; so within a read every range has one.
    const auto needed = needed_.find(func.name);
    nonempty_ = needed == needed_.end() ? make_true() : needed->second;
    for (const auto& [name, range] : ranges) {
      if (!is_unbounded(range)) nonempty_ = simplify(nonempty_ & le(range.lowest, range.highest), facts_);
    }
    inner_ = facts_;
    for (const auto& [name, range] : ranges) assume_nonempty(inner_, range);
    at_points_ = inner_;
    for (const auto& [name, range] : ranges) at_points_.bound(name, range.lowest, range.highest);
    std::set<std::pair<const ExprNode*, size_t>> seen;
    for (const Expr& v : f->values) {
      visit_guarded(v, seen, [&](const Expr& e) {
        if (!part.reads_what_it_writes(func, e)) access(*f, e, ranges);
      });
    }
  }

  void access(const FuncContents& f, const Expr& e, const VarRanges& ranges) {
    const InputDecl* input = op_.find_input(e->name);
    Box* box = input ? nullptr : &boxes_[e->name];
    bool fresh = box && box->empty();
    if (box) note_reader(e->name);
    bool inside = true;                                     // for all sizes
    for (size_t d = 0; d < e.args().size(); ++d) {
      auto range = interval_of(e.arg(d), ranges, inner_);
      if (input) {
        if (e->boundary == Boundary::inside && !holds_by_guards(e, d, input->extents[d])) {
          decide(f, e, d, range, input->extents[d]);
        }
        const bool inside_here =
            e->boundary != Boundary::inside && range &&
            inner_.nonnegative(Polynomial::of(simplify(range->lowest, inner_))) &&
            inner_.nonnegative(Polynomial::of(simplify(input->extents[d] - integer(1) - range->highest, inner_)));
        inside = inside && inside_here;
        if (finds_an_element(e->boundary) && !inside_here) need_elements(f, e, d, input->extents[d]);
      } else {
        if (range) range = Range{simplify(range->lowest, facts_), simplify(range->highest, facts_)};
        if (range && is_unbounded(*range)) range.reset();
        if (fresh) box->push_back(range);
        else if (d < box->size()) widen((*box)[d], range);
      }
    }
    if (input && e->boundary != Boundary::inside) (inside ? idle_ : ruled_).insert(e.get());
  }

  void widen(std::optional<Range>& box, const std::optional<Range>& range) const {
    if (!range) box.reset();
    if (box) box = Range{simplify(min(box->lowest, range->lowest), facts_), simplify(max(box->highest, range->highest), facts_)};
  }

  // The ends of the range of an index that nothing bounds have names that begin so.
  static constexpr const char* unbounded = "?";
  static bool is_unbounded(const Expr& e) {
    bool found = false;
    visit(e, [&](const Expr& node) { found = found || (node.kind() == ExprKind::var && node->name.starts_with(unbounded)); });
    return found;
  }
  static bool is_unbounded(const Range& range) { return is_unbounded(range.lowest) || is_unbounded(range.highest); }

  // The Func is needed where some reader has a point; an output always is.
  void note_reader(const std::string& func) {
    if (op_.find_output(func)) return;
    auto [known, first] = needed_.try_emplace(func, nonempty_);
    if (!first && !(known->second == nonempty_)) known->second = simplify(known->second | nonempty_, facts_);
  }

  // A select around the read says that it is inside. Without it the read would be undecided or outside.
  bool holds_by_guards(const Expr& e, size_t d, const Expr& extent) {
    if (guards_.empty()) return false;
    bool by_guard = false;
    const auto holds = [&](const Polynomial& p) {
      if (at_points_.nonnegative(p)) return true;
      by_guard = true;
      return std::any_of(guards_.begin(), guards_.end(), [&](const Polynomial& g) { return at_points_.nonnegative(p - g); });
    };
    const Expr index = simplify(e.arg(d), inner_);
    if (!holds(Polynomial::of(index)) || !holds(Polynomial::of(extent - integer(1) - index))) return false;
    if (by_guard) guarded_.insert(e.get());
    return true;
  }

  void decide(const FuncContents& f, const Expr& e, size_t d, const std::optional<Range>& range, const Expr& extent) {
    SourceLocation where = e->where.known() ? e->where : f.where;
    std::string what = fmt::format("{} reads {}: index {} of dimension {}", f.name, print(e), print(e.arg(d)), d);
    const auto no_bounds = [&] {
      return Error(ErrorCode::unbounded_index, {"analysis", what, "an index that sizes do not bound", "a boundary rule", where,
                                                "write for example: outside edge"});
    };
    if (!range) throw no_bounds();
    Polynomial low = Polynomial::of(simplify(range->lowest, inner_));
    Polynomial room = Polynomial::of(simplify(extent - integer(1) - range->highest, inner_));
    if (inner_.nonnegative(low) && inner_.nonnegative(room)) return;
    if (is_unbounded(low.expr()) || is_unbounded(room.expr())) throw no_bounds();
    if (inner_.nonnegative(Polynomial(-1) - low) || inner_.nonnegative(Polynomial(-1) - room)) {
      throw Error(ErrorCode::read_outside,
                  {"analysis", what, fmt::format("[{}, {}]", print(simplify(range->lowest)), print(simplify(range->highest))),
                   fmt::format("at least 0 and below {}", print(extent)), where, "add a boundary rule: outside 0, edge, ..."});
    }
    Expr inside = simplify(ge(low.expr(), integer(0)) & ge(room.expr(), integer(0)), inner_);
    Expr condition = simplify(make_op(Op::bit_not, {nonempty_}) | inside);
    conditions_.push_back({condition, what, where});
  }

  static bool finds_an_element(Boundary b) {
    return b == Boundary::edge || b == Boundary::mirror || b == Boundary::wrap;
  }

  // These rules give an element of the input: it must have one wherever something is read.
  void need_elements(const FuncContents& f, const Expr& e, size_t d, const Expr& extent) {
    if (inner_.at_most(integer(1), extent)) return;
    Expr condition = simplify(make_op(Op::bit_not, {nonempty_}) | ge(extent, integer(1)));
    std::string what = fmt::format("{} reads {}: dimension {} has an element", f.name, print(e), d);
    conditions_.push_back({condition, what, e->where.known() ? e->where : f.where});
  }

  const Operator& op_;
  Facts facts_, inner_;                                     // of the operator; where a Func has points
  Facts at_points_;                                         // and about its indices
  std::vector<Polynomial> guards_;                          // not negative where the expression at hand is chosen
  std::set<const ExprNode*> guarded_;                       // reads that are inside by their guards
  std::set<const ExprNode*> idle_, ruled_;                  // reads whose rule has nothing to do, and those that may need it
  Expr nonempty_;
  using Box = std::vector<std::optional<Range>>;            // by dimension; none where nothing bounds the index
  std::map<std::string, Box> boxes_;
  std::map<std::string, Expr> needed_;                      // condition under which a Func has a point that is read
  std::vector<ReadCondition> conditions_;
};

}  // namespace

std::vector<ReadCondition> read_conditions(const Operator& op) {
  Checker checker(op);
  checker.run();
  return checker.conditions();
}

namespace {

Operator with_rules_of(const Checker& checker, const Operator& op) {
  if (checker.guarded().empty() && !checker.any_idle()) return op;
  const auto bounded = [&](const Expr& value) {
    // The nodes are looked up before anything in them is rebuilt.
    const std::function<Expr(const Expr&)> walk = [&](const Expr& e) {
      const Expr inner = with_changed_children(e, walk);
      const bool idle = checker.idle(e.get());
      if (!idle && !checker.guarded().count(e.get())) return inner;
      ExprNode node = *inner;
      node.boundary = idle ? Boundary::inside : Boundary::constant;
      if (idle) node.boundary_value = {};
      return make_access(std::move(node));
    };
    return walk(value);
  };
  Operator result = op;
  for (FuncContents& f : result.funcs) {
    for (Expr& v : f.values) v = bounded(v);
    for (Update& u : f.updates) {
      for (Expr& v : u.values) v = bounded(v);
      for (Expr& i : u.indices) i = bounded(i);             // alike: else values no longer read the point that is written
    }
  }
  return result;
}

}  // namespace

SettledReads settled_reads(const Operator& op) {
  Checker checker(op);
  checker.run();
  return {with_rules_of(checker, op), checker.conditions()};
}

Operator with_reads_settled(const Operator& op) { return settled_reads(op).op; }

}  // namespace lathe
