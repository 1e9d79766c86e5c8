#include "analysis/joint_dimensions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "analysis/simplify.h"
#include "lang/text.h"

namespace lathe {

namespace {

[[noreturn]] void refuse(std::string got, std::string need) { throw NotJoinable{std::move(got), std::move(need)}; }

// Starting at one Func, finds every tensor whose dimensions must be joined with it, then rewrites all.
class Join {
 public:
  Join(const Operator& op, std::string joint) : result_{op, {}, {}}, joint_(std::move(joint)) {}

  JointDimensions run(const std::string& func, const std::string& outer, const std::string& inner) {
    const FuncContents* start = op().find_func(func);
    if (!start) refuse(fmt::format("{} is a part of a Func", func), "a Func of the operator");
    const auto x = std::find(start->vars.begin(), start->vars.end(), outer);
    if (x == start->vars.end() || x + 1 == start->vars.end() || *(x + 1) != inner) {
      refuse(fmt::format("{}[{}]", start->name, fmt::join(start->vars, ", ")), "two neighbouring indices, in order");
    }
    if (std::find(start->vars.begin(), start->vars.end(), joint_) != start->vars.end()) {
      refuse(fmt::format("{}[{}]", start->name, fmt::join(start->vars, ", ")), "a new name for the joint dimension");
    }
    join(start->name, static_cast<size_t>(x - start->vars.begin()));
    while (!open_.empty()) {
      const std::string name = open_.back();
      open_.pop_back();
      if (const FuncContents* f = op().find_func(name)) follow(*f);
    }
    for (const FuncContents& f : op().funcs) refuse_updates(f);
    find_extent();
    for (FuncContents& f : op().funcs) rewrite(f);
    for (InputDecl& in : op().inputs) if (joined().count(in.name)) join_extents(in.name, in.extents);
    for (OutputDecl& out : op().outputs) if (joined().count(out.func)) join_extents(out.func, out.extents);
    return std::move(result_);
  }

 private:
  Operator& op() { return result_.op; }
  std::map<std::string, size_t>& joined() { return result_.joined; }

  void join(const std::string& tensor, size_t dimension) {
    const auto [it, fresh] = joined().try_emplace(tensor, dimension);
    if (!fresh && it->second != dimension) refuse(tensor, "one pair of dimensions in each tensor");
    if (fresh) open_.push_back(tensor);
  }

  // x + a with a free of x and c.
  static bool shifted(const Expr& index, const FuncContents& f, size_t d) {
    const auto linear = Polynomial::of(index).linear_in(f.vars[d]);
    return linear && linear->first.constant() == 1 && !uses_var(index, f.vars[d + 1]);
  }

  void follow(const FuncContents& f) {
    const size_t d = joined().at(f.name);
    for (const Expr& v : f.values) check_value(f, v, f.vars[d], f.vars[d + 1], d);
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
        join(e->name, i);
        any = true;
        ++i;
      } else if (uses_var(e.arg(i), x) || uses_var(e.arg(i), c)) {
        refuse(print(e), fmt::format("reads at {} + constant, {}", x, c));
      }
    }
    if (!any && joined().count(e->name)) refuse(print(e), fmt::format("reads at {} + constant, {}", x, c));
  }

  // Updates address single points of the dimensions that would become one.
  void refuse_updates(const FuncContents& f) {
    if (!f.updates.empty() && joined().count(f.name)) refuse(fmt::format("{} has updates", f.name), "Funcs without updates");
    for (const Update& u : f.updates) {
      for (const std::vector<Expr>* list : {&u.indices, &u.values}) {
        for (const Expr& v : *list) {
          visit(v, [&](const Expr& e) {
            const bool reads = e.kind() == ExprKind::access && joined().count(e->name);
            if (reads) refuse(fmt::format("an update of {} reads {}", f.name, print(e)), "Funcs without updates");
          });
        }
      }
    }
  }

  void find_extent() {
    const auto meet = [&](const std::string& tensor, const std::vector<Expr>& extents) {
      const auto it = joined().find(tensor);
      if (it == joined().end()) return;
      const Expr& extent = extents[it->second + 1];
      if (result_.inner.defined() && !(result_.inner == extent)) {
        refuse(fmt::format("extents {} and {}", print(result_.inner), print(extent)), "one extent of the inner dimension");
      }
      result_.inner = extent;
    };
    for (const InputDecl& in : op().inputs) meet(in.name, in.extents);
    for (const OutputDecl& out : op().outputs) meet(out.func, out.extents);
    if (!result_.inner.defined()) refuse("no input or output has these dimensions", "an extent for the inner dimension");
  }

  static void join_at(size_t d, std::vector<Expr>& list, const Expr& joint) {
    list[d] = joint;
    list.erase(list.begin() + static_cast<long>(d) + 1);
  }

  void join_extents(const std::string& tensor, std::vector<Expr>& extents) {
    const size_t d = joined().at(tensor);
    join_at(d, extents, simplify(extents[d] * extents[d + 1]));
  }

  void rewrite(FuncContents& f) {
    const auto mine = joined().find(f.name);
    const std::string x = mine == joined().end() ? "" : f.vars[mine->second];
    for (Expr& v : f.values) {
      v = transform(v, [&](const Expr& e) {
        if (e.kind() != ExprKind::access || !joined().count(e->name)) return e;
        if (x.empty()) refuse(fmt::format("{} reads {}", f.name, print(e)), "a reader that is collapsed as well");
        const size_t d = joined().at(e->name), own = mine->second;
        // Of a tensor that a later read joins, too.
        const bool along = shifted(e.arg(d), f, own) && e.arg(d + 1) == make_var(f.vars[own + 1]);
        if (!along) refuse(print(e), fmt::format("reads at {} + constant, {}", x, f.vars[own + 1]));
        const Expr shift = simplify(e.arg(d) - make_var(x));
        ExprNode node = *e;
        join_at(d, node.args, simplify(make_var(joint_) + shift * result_.inner));
        return make_access(std::move(node));
      });
    }
    if (mine == joined().end()) return;
    f.vars[mine->second] = joint_;
    f.vars.erase(f.vars.begin() + static_cast<long>(mine->second) + 1);
  }

  JointDimensions result_;
  const std::string joint_;
  std::vector<std::string> open_;
};

}  // namespace

std::variant<JointDimensions, NotJoinable> join_dimensions(const Operator& op, const std::string& func, const std::string& outer,
                                                           const std::string& inner, const std::string& joint) {
  try {
    return Join(op, joint).run(func, outer, inner);
  } catch (NotJoinable& why) {
    return std::move(why);
  }
}

}  // namespace lathe
