#include "jit/lower/collapse_dimensions.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "analysis/simplify.h"
#include "jit/lower/lower.h"
#include "lang/text.h"
#include "schedules/text.h"

namespace lathe {

namespace {

// One directive. Starting at its Func, finds every tensor whose dimensions must be merged with it, then rewrites all.
class Collapse {
 public:
  Collapse(View& view, const Directive& d) : view_(view), directive_(d) {}

  void run() {
    const FuncContents* start = view_.op.find_func(directive_.func);
    if (!start) refuse(fmt::format("{} is a part of a Func", directive_.func), "a Func of the operator");
    auto x = std::find(start->vars.begin(), start->vars.end(), directive_.loops[0]);
    if (x == start->vars.end() || x + 1 == start->vars.end() || *(x + 1) != directive_.loops[1]) {
      refuse(fmt::format("{}[{}]", start->name, fmt::join(start->vars, ", ")), "two neighbouring indices, in order");
    }
    if (std::find(start->vars.begin(), start->vars.end(), directive_.loops[2]) != start->vars.end()) {
      refuse(fmt::format("{}[{}]", start->name, fmt::join(start->vars, ", ")), "a new name for the joint dimension");
    }
    merge(start->name, static_cast<size_t>(x - start->vars.begin()));
    while (!open_.empty()) {
      std::string name = open_.back();
      open_.pop_back();
      if (const FuncContents* f = view_.op.find_func(name)) follow(*f);
    }
    for (const FuncContents& f : view_.op.funcs) refuse_updates(f);
    find_extent();
    for (FuncContents& f : view_.op.funcs) rewrite(f);
    for (InputDecl& in : view_.op.inputs) if (merged_.count(in.name)) merge_extents(in.name, in.extents);
    for (OutputDecl& out : view_.op.outputs) if (merged_.count(out.func)) merge_extents(out.func, out.extents);
  }

 private:
  [[noreturn]] void refuse(std::string got, std::string need) const {
    throw Error(ErrorCode::illegal_schedule,
                {"schedule", print(directive_), std::move(got), std::move(need), directive_.where});
  }

  void merge(const std::string& tensor, size_t dimension) {
    if (view_.layouts.count(tensor)) refuse(fmt::format("{} has a layout of its own", tensor), "arguments in the caller's layout");
    auto [it, fresh] = merged_.try_emplace(tensor, dimension);
    if (!fresh && it->second != dimension) refuse(tensor, "one pair of dimensions in each tensor");
    if (fresh) open_.push_back(tensor);
  }

  // x + a with a free of x and c.
  bool shifted(const Expr& index, const FuncContents& f, size_t d) const {
    auto linear = Polynomial::of(index).linear_in(f.vars[d]);
    return linear && linear->first.constant() == 1 && !uses_var(index, f.vars[d + 1]);
  }

  void follow(const FuncContents& f) {
    size_t d = merged_.at(f.name);
    const std::string &x = f.vars[d], &c = f.vars[d + 1];
    for (const Expr& v : f.values) check_value(f, v, x, c, d);
  }

  void check_value(const FuncContents& f, const Expr& e, const std::string& x, const std::string& c, size_t d) {
    if (e.kind() == ExprKind::var && (e->name == x || e->name == c)) {
      refuse(fmt::format("{} is used as a value in {}", e->name, f.name), "indices of reads only");
    }
    if (e.kind() != ExprKind::access) {
      for (const Expr& child : children_of(e)) check_value(f, child, x, c, d);
      return;
    }
    bool any = false;
    for (size_t i = 0; i < e.args().size(); ++i) {
      if (i + 1 < e.args().size() && shifted(e.arg(i), f, d) && e.arg(i + 1) == make_var(c)) {
        if (e->boundary == Boundary::mirror) refuse(print(e), "a boundary rule other than mirror");
        merge(e->name, i);
        any = true;
        ++i;
      } else if (uses_var(e.arg(i), x) || uses_var(e.arg(i), c)) {
        refuse(print(e), fmt::format("reads at {} + constant, {}", x, c));
      }
    }
    if (!any && merged_.count(e->name)) refuse(print(e), fmt::format("reads at {} + constant, {}", x, c));
  }

  // Updates address single points of the dimensions that would become one.
  void refuse_updates(const FuncContents& f) const {
    if (!f.updates.empty() && merged_.count(f.name)) refuse(fmt::format("{} has updates", f.name), "Funcs without updates");
    for (const Update& u : f.updates) {
      for (const std::vector<Expr>* list : {&u.indices, &u.values}) {
        for (const Expr& v : *list) {
          visit(v, [&](const Expr& e) {
            const bool merged = e.kind() == ExprKind::access && merged_.count(e->name);
            if (merged) refuse(fmt::format("an update of {} reads {}", f.name, print(e)), "Funcs without updates");
          });
        }
      }
    }
  }

  // The extent of the inner dimension, the same for every argument concerned.
  void find_extent() {
    for (const TensorArgument& t : tensor_arguments(view_.op)) {
      std::string tensor = t.is_output ? t.name.substr(0, t.name.rfind('.')) : t.name;
      auto it = merged_.find(view_.op.find_input(t.name) ? t.name : tensor);
      if (it == merged_.end()) continue;
      const Expr& extent = t.extents[it->second + 1];
      if (extent_.defined() && !(extent_ == extent)) {
        refuse(fmt::format("extents {} and {}", print(extent_), print(extent)), "one extent of the inner dimension");
      }
      extent_ = extent;
      std::vector<size_t>& from = view_.strides_from[t.name];
      Expr outer = make_var(stride_name(t.name, from[it->second]));
      Expr inner = make_var(stride_name(t.name, from[it->second + 1]));
      Expr chained = eq(outer, extent) & eq(inner, make_integer(DType::i64, 1));
      view_.condition = view_.condition.defined() ? view_.condition & chained : chained;
      from.erase(from.begin() + static_cast<long>(it->second));
      if (!t.is_output) view_.granule[{t.name, it->second}] = extent;
    }
    if (!extent_.defined()) refuse("no input or output has these dimensions", "an extent for the inner dimension");
  }

  static void merge_at(size_t d, std::vector<Expr>& list, const Expr& joint) {
    list[d] = joint;
    list.erase(list.begin() + static_cast<long>(d) + 1);
  }

  void merge_extents(const std::string& tensor, std::vector<Expr>& extents) const {
    size_t d = merged_.at(tensor);
    merge_at(d, extents, simplify(extents[d] * extents[d + 1]));
  }

  void rewrite(FuncContents& f) {
    auto mine = merged_.find(f.name);
    std::string x = mine == merged_.end() ? "" : f.vars[mine->second];
    for (Expr& v : f.values) {
      v = transform(v, [&](const Expr& e) {
        if (e.kind() != ExprKind::access || !merged_.count(e->name)) return e;
        if (x.empty()) refuse(fmt::format("{} reads {}", f.name, print(e)), "a reader that is collapsed as well");
        size_t d = merged_.at(e->name);
        Expr shift = simplify(e.arg(d) - make_var(x));
        ExprNode node = *e;
        merge_at(d, node.args, simplify(make_var(directive_.loops[2]) + shift * extent_));
        return make_access(std::move(node));
      });
    }
    if (mine == merged_.end()) return;
    f.vars[mine->second] = directive_.loops[2];
    f.vars.erase(f.vars.begin() + static_cast<long>(mine->second) + 1);
  }

  View& view_;
  const Directive& directive_;
  std::map<std::string, size_t> merged_;                    // tensor -> first of the two dimensions
  std::vector<std::string> open_;
  Expr extent_;
};

}  // namespace

void collapse_dimensions(View& view, const Directive& d) { Collapse(view, d).run(); }

}  // namespace lathe
