#include "analysis/read_conditions.h"

#include <fmt/format.h>

#include <algorithm>

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

  std::vector<ReadCondition> run() {
    for (const OutputDecl& out : op_.outputs) {
      std::vector<Range>& box = boxes_[out.func];
      for (const Expr& e : out.extents) box.push_back({integer(0), e - integer(1)});
    }
    for (auto f = op_.funcs.rbegin(); f != op_.funcs.rend(); ++f) {
      const std::vector<FuncPart> stages = parts_of(*f);
      for (size_t s = stages.size(); s-- > 0;) stage(*f, stages[s]);   // updates first: they read the Func as well
    }
    return std::move(conditions_);
  }

 private:
  void stage(const FuncContents& func, const FuncPart& part) {
    const FuncContents* f = &part.loops;
    VarRanges ranges;
    const std::vector<Range>& box = boxes_[func.name];
    for (size_t d = 0; d < func.vars.size() && d < box.size(); ++d) {
      if (std::find(f->vars.begin(), f->vars.end(), func.vars[d]) != f->vars.end()) ranges[func.vars[d]] = box[d];
    }
    for (const ReductionVar& r : f->rvars) ranges[r.name] = {integer(0), r.extent - integer(1)};
    // Nothing is read where some range is empty, or where no reader has a point; so within a read every range has one.
    const auto needed = needed_.find(func.name);
    nonempty_ = needed == needed_.end() ? make_true() : needed->second;
    for (const auto& [name, range] : ranges) {
      nonempty_ = simplify(nonempty_ & le(range.lowest, range.highest), facts_);
    }
    inner_ = facts_;
    for (const auto& [name, range] : ranges) assume_nonempty(inner_, range);
    for (const Expr& v : f->values) {
      visit(v, [&](const Expr& e) {
        if (e.kind() == ExprKind::access && !part.reads_what_it_writes(func, e)) access(*f, e, ranges);
      });
    }
  }

  void access(const FuncContents& f, const Expr& e, const VarRanges& ranges) {
    const InputDecl* input = op_.find_input(e->name);
    std::vector<Range>* box = input ? nullptr : &boxes_[e->name];
    bool fresh = box && box->empty();
    if (box) note_reader(e->name);
    for (size_t d = 0; d < e.args().size(); ++d) {
      auto range = interval_of(e.arg(d), ranges, inner_);
      if (input) {
        if (e->boundary == Boundary::inside) decide(f, e, d, range, input->extents[d]);
        if (finds_an_element(e->boundary)) need_elements(f, e, d, input->extents[d]);
      } else if (range) {
        if (fresh) box->push_back(*range);
        else if (d < box->size()) (*box)[d] = {min((*box)[d].lowest, range->lowest), max((*box)[d].highest, range->highest)};
      }
    }
  }

  // The Func is needed where some reader has a point; an output always is.
  void note_reader(const std::string& func) {
    if (op_.find_output(func)) return;
    auto [known, first] = needed_.try_emplace(func, nonempty_);
    if (!first && !(known->second == nonempty_)) known->second = simplify(known->second | nonempty_, facts_);
  }

  void decide(const FuncContents& f, const Expr& e, size_t d, const std::optional<Range>& range, const Expr& extent) {
    SourceLocation where = e->where.known() ? e->where : f.where;
    std::string what = fmt::format("{} reads {}: index {} of dimension {}", f.name, print(e), print(e.arg(d)), d);
    if (!range) {
      throw Error(ErrorCode::unbounded_index, {"analysis", what, "an index that sizes do not bound",
                                               "a boundary rule", where, "write for example: outside edge"});
    }
    Polynomial low = Polynomial::of(simplify(range->lowest, inner_));
    Polynomial room = Polynomial::of(simplify(extent - integer(1) - range->highest, inner_));
    if (inner_.nonnegative(low) && inner_.nonnegative(room)) return;
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
  Facts facts_, inner_;
  Expr nonempty_;
  std::map<std::string, std::vector<Range>> boxes_;
  std::map<std::string, Expr> needed_;                      // condition under which a Func has a point that is read
  std::vector<ReadCondition> conditions_;
};

}  // namespace

std::vector<ReadCondition> read_conditions(const Operator& op) { return Checker(op).run(); }

}  // namespace lathe
