#include "lang/lift_reductions.h"

#include <fmt/format.h>

#include <algorithm>

namespace lathe {

namespace {

class Lifter {
 public:
  explicit Lifter(FuncContents f) : f_(std::move(f)) {}

  std::vector<FuncContents> run() {
    if (!f_.combiner && f_.values.size() == 1 && f_.values[0].kind() == ExprKind::reduce) {
      const Expr whole = f_.values[0];
      f_.rvars = whole->rvars;
      f_.combiner = whole->combiner;
      f_.values = whole.args();
    }
    add_bound(f_.rvars);
    for (const Expr& value : f_.values) {
      visit(value, [&](const Expr& e) { add_bound(e->rvars); });
    }
    for (Expr& value : f_.values) {
      value = transform(value, [&](const Expr& e) { return e.kind() == ExprKind::reduce ? lifted(e) : e; });
    }
    funcs_.push_back(std::move(f_));
    return std::move(funcs_);
  }

 private:
  void add_bound(const std::vector<ReductionVar>& rvars) {
    for (const ReductionVar& r : rvars) {
      if (std::find(bound_.begin(), bound_.end(), r.name) == bound_.end()) bound_.push_back(r.name);
    }
  }

  // Inner reductions come first: `e` holds none.
  Expr lifted(const Expr& e) {
    if (e.args().size() != 1) {
      throw Error(
          ErrorCode::bad_definition,
          {"algorithm", fmt::format("{} uses a tuple reduction as a number", f_.name),
           fmt::format("{} components", e.args().size()), "a Func of its own for it, read by component", place(e)});
    }
    FuncContents inner;
    for (const std::string& v : f_.vars) {                  // computed once for all points that share its terms
      if (uses_var(e, v)) inner.vars.push_back(v);
    }
    for (const std::string& name : bound_) {
      const bool own = std::any_of(e->rvars.begin(), e->rvars.end(), [&](const auto& r) { return r.name == name; });
      if (!own && uses_var(e, name)) inner.vars.push_back(name);
    }
    inner.rvars = e->rvars;
    inner.combiner = e->combiner;
    inner.values = e.args();
    inner.where = place(e);
    for (const FuncContents& known : funcs_) {
      inner.name = known.name;
      if (known == inner) return read_of(inner);
    }
    inner.name = fmt::format("{}.{}", f_.name, inner.combiner->name);
    if (const int uses = ++uses_[inner.name]; uses > 1) inner.name += std::to_string(uses);
    funcs_.push_back(inner);
    return read_of(inner);
  }

  static Expr read_of(const FuncContents& inner) {
    ExprNode node;
    node.name = inner.name;
    node.type = {inner.dtype(0), 1};
    for (const std::string& v : inner.vars) node.args.push_back(make_var(v));
    node.where = inner.where;
    return make_access(std::move(node));
  }

  SourceLocation place(const Expr& e) const { return e->where.known() ? e->where : f_.where; }

  FuncContents f_;
  std::vector<std::string> bound_;  // all reduction variables, outermost first
  std::vector<FuncContents> funcs_;
  std::map<std::string, int> uses_;  // of a name
};

}  // namespace

std::vector<FuncContents> lift_reductions(FuncContents f) { return Lifter(std::move(f)).run(); }

}  // namespace lathe
