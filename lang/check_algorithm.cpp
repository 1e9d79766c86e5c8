// The checks that every algorithm passes, whichever front end wrote it: names, types, ranks, recursion, order.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "lang/algorithm.h"
#include "lang/text.h"

namespace lathe {

namespace {

using Where = SourceLocation;

[[noreturn]] void fail(ErrorCode code, std::string what, std::string got, std::string need, const Where& where,
                       std::string hint = {}) {
  throw Error(code, {"algorithm", std::move(what), std::move(got), std::move(need), where, std::move(hint)});
}

std::string did_you_mean(const std::string& name, const std::vector<std::string>& names) {
  std::string near = nearest_name(name, names);
  return near.empty() ? "" : fmt::format("did you mean {}?", near);
}

// Reductions inside larger expressions become Funcs of their own: D.sum, D.sum2, ...
class ReductionLifter {
 public:
  std::vector<FuncContents> lift(FuncContents f) {
    lifted_.clear();
    std::string owner = f.name;
    if (!f.combiner && f.values.size() == 1 && f.values[0].kind() == ExprKind::reduce) {
      Expr whole = f.values[0];
      f.rvars = whole->rvars;
      f.combiner = whole->combiner;
      f.values = whole.args();
    }
    for (Expr& v : f.values) v = take_out(v, f, owner);
    lifted_.push_back(std::move(f));
    return std::move(lifted_);
  }

 private:
  Expr take_out(const Expr& e, const FuncContents& f, const std::string& owner) {
    return transform(e, [&](const Expr& node) {
      if (node.kind() != ExprKind::reduce) return node;
      if (node.args().size() != 1) {
        fail(ErrorCode::bad_definition, fmt::format("{} uses a tuple reduction as a number", f.name),
             fmt::format("{} components", node.args().size()), "a Func of its own for it, read by component", place(node, f));
      }
      FuncContents inner;
      inner.vars = f.vars;
      inner.rvars = node->rvars;
      inner.combiner = node->combiner;
      inner.values = node.args();
      inner.where = place(node, f);
      for (const FuncContents& known : lifted_) {
        inner.name = known.name;
        if (known == inner) return read(known, f);
      }
      inner.name = fmt::format("{}.{}", owner, inner.combiner->name);
      int& used = count_[inner.name];
      if (++used > 1) inner.name += std::to_string(used);
      lifted_.push_back(inner);
      return read(inner, f);
    });
  }

  static Where place(const Expr& e, const FuncContents& f) { return e->where.known() ? e->where : f.where; }

  static Expr read(const FuncContents& inner, const FuncContents& f) {
    std::vector<Expr> indices;
    for (const std::string& v : f.vars) indices.push_back(make_var(v));
    return make_access(inner.name, inner.dtype(0), indices);
  }

  std::vector<FuncContents> lifted_;
  std::map<std::string, int> count_;
};

class Checker {
 public:
  explicit Checker(Operator op) : op_(std::move(op)) {}

  Operator run() {
    std::vector<FuncContents> funcs;
    ReductionLifter lifter;
    for (const FuncContents& f : op_.funcs) for (FuncContents& g : lifter.lift(f)) funcs.push_back(std::move(g));
    op_.funcs = std::move(funcs);
    collect_sizes();
    unique_names();
    for (const OutputDecl& out : op_.outputs) output(out);
    for (const FuncContents& f : op_.funcs) func(f);
    order();
    for (FuncContents& f : op_.funcs) for (Expr& v : f.values) v = without_pointers(v);
    return std::move(op_);
  }

 private:
  static Where place(const Expr& e, const Where& otherwise) { return e->where.known() ? e->where : otherwise; }

  bool is_param(const std::string& name) const {
    return std::any_of(op_.params.begin(), op_.params.end(), [&](const ParamDecl& p) { return p.name == name; });
  }
  const SizeDecl* find_size(const std::string& name) const {
    auto it = std::find_if(op_.sizes.begin(), op_.sizes.end(), [&](const SizeDecl& s) { return s.name == name; });
    return it == op_.sizes.end() ? nullptr : &*it;
  }

  // Sizes in order of first appearance; each must be some input's whole extent, to be found from the arguments.
  void collect_sizes() {
    std::vector<SizeDecl> declared = std::move(op_.sizes);
    op_.sizes.clear();
    std::set<std::string> bare;
    std::map<std::string, Where> composite;
    for (const InputDecl& in : op_.inputs) {
      for (const Expr& e : in.extents) {
        visit(e, [&](const Expr& node) {
          if (node.kind() != ExprKind::var || is_param(node->name)) return;
          if (node.get() == e.get()) bare.insert(node->name);
          else composite.try_emplace(node->name, place(node, in.where));
          if (find_size(node->name)) return;
          auto known = std::find_if(declared.begin(), declared.end(), [&](auto& s) { return s.name == node->name; });
          op_.sizes.push_back(known == declared.end() ? SizeDecl{node->name} : *known);
        });
      }
    }
    for (const auto& [name, where] : composite) {
      if (bare.count(name)) continue;
      fail(ErrorCode::bad_definition, fmt::format("size {} cannot be found from the arguments", name),
           "only part of an extent", fmt::format("some input with {} as a whole extent", name), where);
    }
    std::vector<std::string> names;
    for (const SizeDecl& s : op_.sizes) names.push_back(s.name);
    for (const SizeDecl& s : declared) {
      if (find_size(s.name)) continue;
      fail(ErrorCode::unknown_name, fmt::format("no input of {} has this size", op_.name), s.name, "a size of an input",
           op_.where, did_you_mean(s.name, names));
    }
  }

  void unique_names() const {
    std::map<std::string, const char*> seen;
    auto add = [&](const std::string& name, const char* kind, const Where& where) {
      auto [it, fresh] = seen.try_emplace(name, kind);
      if (fresh) return;
      fail(ErrorCode::duplicate_name, fmt::format("{} {} has the name of another {}", kind, name, it->second), name,
           "names used once", where.known() ? where : op_.where);
    };
    for (const SizeDecl& s : op_.sizes) add(s.name, "size", op_.where);
    for (const ParamDecl& p : op_.params) add(p.name, "parameter", op_.where);
    for (const InputDecl& in : op_.inputs) add(in.name, "input", in.where);
    for (const FuncContents& f : op_.funcs) add(f.name, "Func", f.where);
    for (const FuncContents& f : op_.funcs) {
      std::set<std::string> indices;
      auto index = [&](const std::string& name) {
        if (!indices.insert(name).second || seen.count(name)) {
          fail(ErrorCode::duplicate_name, fmt::format("index {} of {}", name, f.name), name,
               "a name that no size, parameter, tensor or other index has", f.where);
        }
      };
      for (const std::string& v : f.vars) index(v);
      for (const ReductionVar& r : f.rvars) index(r.name);
    }
    std::set<std::string> outputs;
    for (const OutputDecl& out : op_.outputs) {
      if (!outputs.insert(out.func).second) {
        fail(ErrorCode::duplicate_name, "an output is listed twice", out.func, "each output once", out.where);
      }
    }
  }

  void output(const OutputDecl& out) const {
    const FuncContents* f = op_.find_func(out.func);
    if (!f) {
      std::vector<std::string> names;
      for (const FuncContents& g : op_.funcs) names.push_back(g.name);
      fail(ErrorCode::unknown_name, "an output has no definition", out.func, "a Func", out.where,
           did_you_mean(out.func, names));
    }
    if (f->vars.size() != out.extents.size()) {
      fail(ErrorCode::wrong_rank, fmt::format("output {}", out.func), fmt::format("{} extents", out.extents.size()),
           fmt::format("{}, one for each index", f->vars.size()), out.where);
    }
    for (const Expr& e : out.extents) extent(e, fmt::format("an extent of output {}", out.func), out.where);
  }

  // Sizes and static parameters only.
  void extent(const Expr& e, const std::string& what, const Where& where) const {
    std::vector<std::string> names;
    for (const SizeDecl& s : op_.sizes) names.push_back(s.name);
    for (const ParamDecl& p : op_.params) if (p.is_static) names.push_back(p.name);
    if (e.type() != Type{DType::i64, 1}) {
      fail(ErrorCode::type_mismatch, what, to_string(e.type()), "i64", place(e, where));
    }
    visit(e, [&](const Expr& node) {
      bool known = node.kind() != ExprKind::var || std::find(names.begin(), names.end(), node->name) != names.end();
      if (known && node.kind() != ExprKind::access && node.kind() != ExprKind::reduce) return;
      fail(ErrorCode::unknown_name, fmt::format("{} names something else", what),
           node->name.empty() ? print(node) : node->name, "sizes and static parameters", place(node, where),
           did_you_mean(node->name, names));
    });
  }

  void func(const FuncContents& f) const {
    for (const ReductionVar& r : f.rvars) {
      extent(r.extent, fmt::format("the extent of {} in {}", r.name, f.name), f.where);
    }
    if (f.combiner) {
      const Combiner& c = *f.combiner;
      if (c.identity.size() != f.values.size()) {
        fail(ErrorCode::type_mismatch, fmt::format("{} reduces", f.name), fmt::format("{} values", f.values.size()),
             fmt::format("{}, as its combiner has", c.identity.size()), f.where);
      }
      for (size_t i = 0; i < f.values.size(); ++i) {
        if (f.values[i].type() == c.identity[i].type()) continue;
        fail(ErrorCode::type_mismatch, fmt::format("{} reduces values of one type from an identity of another", f.name),
             to_string(f.values[i].type()), to_string(c.identity[i].type()), place(f.values[i], f.where));
      }
    }
    for (const Expr& v : f.values) visit(v, [&](const Expr& e) { node(f, e); });
  }

  void node(const FuncContents& f, const Expr& e) const {
    if (e.kind() == ExprKind::var) return variable(f, e);
    if (e.kind() == ExprKind::access) return access(f, e);
    if (e.kind() != ExprKind::op) return;
    int64_t value = 0;
    if ((e.is_op(Op::div) || e.is_op(Op::mod)) && is_integer(e.type().dtype) && is_zero(e.arg(1))) {
      fail(ErrorCode::bad_constant, fmt::format("{} divides by zero", f.name), print(e), "a divisor that is not the constant 0",
           place(e, f.where));
    }
    if ((e.is_op(Op::shift_left) || e.is_op(Op::shift_right)) && is_integer_constant(e.arg(1), &value) &&
        (value < 0 || value >= bits_of(e.type().dtype))) {
      fail(ErrorCode::bad_constant, fmt::format("{} shifts by {}", f.name, value), print(e),
           fmt::format("0 to {}", bits_of(e.type().dtype) - 1), place(e, f.where));
    }
  }

  void variable(const FuncContents& f, const Expr& e) const {
    std::vector<std::string> names = f.vars;
    for (const ReductionVar& r : f.rvars) names.push_back(r.name);
    for (const SizeDecl& s : op_.sizes) names.push_back(s.name);
    for (const ParamDecl& p : op_.params) names.push_back(p.name);
    if (std::find(names.begin(), names.end(), e->name) != names.end()) return;
    fail(ErrorCode::unknown_name, fmt::format("{} uses a name that stands for nothing", f.name), e->name,
         "an index, size or parameter", place(e, f.where), did_you_mean(e->name, names));
  }

  void access(const FuncContents& f, const Expr& e) const {
    const FuncContents* from = op_.find_func(e->name);
    const InputDecl* input = op_.find_input(e->name);
    Where where = place(e, f.where);
    if (!from && !input) {
      std::vector<std::string> names;
      for (const InputDecl& in : op_.inputs) names.push_back(in.name);
      for (const FuncContents& g : op_.funcs) names.push_back(g.name);
      fail(ErrorCode::unknown_name, fmt::format("{} reads a tensor that does not exist", f.name), e->name,
           "an input or Func", where, did_you_mean(e->name, names));
    }
    size_t rank = from ? from->vars.size() : input->extents.size();
    if (e.args().size() != rank) {
      fail(ErrorCode::wrong_rank, fmt::format("{} reads {}", f.name, print(e)), fmt::format("{} indices", e.args().size()),
           fmt::format("{}", rank), where);
    }
    int components = from ? from->components() : 1;
    if (e->component < 0 || e->component >= components) {
      fail(ErrorCode::bad_definition, fmt::format("{} reads component {} of {}", f.name, e->component, e->name),
           std::to_string(e->component), fmt::format("0 to {}", components - 1), where);
    }
    DType type = from ? from->dtype(e->component) : input->dtype;
    if (e.type().dtype != type) {
      fail(ErrorCode::type_mismatch, fmt::format("{} reads {}", f.name, print(e)), to_string(e.type()),
           std::string(name_of(type)), where);
    }
    for (const Expr& index : e.args()) check_index(f, e, index, where);
    if (e->boundary == Boundary::none && !f.is_reduction() && !feeds_reduction(f)) {
      fail(ErrorCode::bad_definition, fmt::format("{} reads {} outside none", f.name, e->name), "no reduction around it",
           "a term of a reduction, or another boundary rule", where);
    }
    if (e->boundary == Boundary::constant && e->boundary_value.type() != e.type()) {
      fail(ErrorCode::type_mismatch, fmt::format("the boundary value of {} in {}", e->name, f.name),
           to_string(e->boundary_value.type()), to_string(e.type()), where);
    }
    if (from && e->boundary != Boundary::inside) {
      fail(ErrorCode::bad_definition, fmt::format("{} reads the Func {} with a boundary rule", f.name, e->name),
           "a Func, which has values everywhere", "boundary rules on reads of inputs", where);
    }
  }

  static void check_index(const FuncContents& f, const Expr& e, const Expr& index, const Where& where) {
    if (index.type() != Type{DType::i64, 1}) {
      fail(ErrorCode::type_mismatch, fmt::format("{} indexes {}", f.name, e->name), to_string(index.type()), "i64",
           place(index, where), "write i64(...)");
    }
    if (e->boundary != Boundary::inside) return;
    visit(index, [&](const Expr& inner) {
      if (inner.kind() != ExprKind::access) return;
      fail(ErrorCode::unbounded_index, fmt::format("{} reads {} at an index that is data", f.name, e->name), print(index),
           "a boundary rule", place(inner, where), "write for example: outside edge");
    });
  }

  // A pure Func whose only readers are reductions may hand an absent term on.
  bool feeds_reduction(const FuncContents& f) const {
    bool read = false, all = true;
    for (const FuncContents& g : op_.funcs) {
      for (const Expr& v : g.values) {
        visit(v, [&](const Expr& e) {
          if (e.kind() != ExprKind::access || e->name != f.name) return;
          read = true;
          all = all && (g.is_reduction() || feeds_reduction(g));
        });
      }
    }
    return read && all && !op_.find_output(f.name);
  }

  // Producers first; only what outputs need.
  void order() {
    std::vector<FuncContents> sorted;
    std::map<std::string, int> state;                       // 1: being visited, 2: done
    std::function<void(const FuncContents&)> visit_func = [&](const FuncContents& f) {
      state[f.name] = 1;
      for (const Expr& v : f.values) {
        visit(v, [&](const Expr& e) {
          const FuncContents* from = e.kind() == ExprKind::access ? op_.find_func(e->name) : nullptr;
          if (!from || state[from->name] == 2) return;
          if (state[from->name] == 1) {
            fail(ErrorCode::recursion, fmt::format("{} needs itself", from->name), print(e), "a Func that is defined before",
                 place(e, f.where));
          }
          visit_func(*from);
        });
      }
      state[f.name] = 2;
      sorted.push_back(f);
    };
    for (const OutputDecl& out : op_.outputs) {
      const FuncContents* f = op_.find_func(out.func);
      if (state[f->name] == 0) visit_func(*f);
    }
    op_.funcs = std::move(sorted);
  }

  static Expr without_pointers(const Expr& e) {
    return transform(e, [](const Expr& node) {
      if (node.kind() != ExprKind::access || !node->func) return node;
      ExprNode plain = *node;
      plain.func = nullptr;
      return make_access(std::move(plain));
    });
  }

  Operator op_;
};

}  // namespace

Operator checked(Operator op) { return Checker(std::move(op)).run(); }

}  // namespace lathe
