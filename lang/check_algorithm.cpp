// The checks that every algorithm passes, whichever front end wrote it: names, sizes, outputs, recursion, and the order
// of Funcs. What holds for a single definition is in check_func.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "lang/check_func.h"
#include "lang/expr_parser.h"
#include "lang/lift_reductions.h"

namespace lathe {

namespace {

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !letter(text[0])) return false;
  for (size_t i = 1; i < text.size(); ++i) {
    const bool inner_dot = text[i] == '.' && text[i - 1] != '.' && i + 1 < text.size();
    if (!letter(text[i]) && !digit(text[i]) && !inner_dot) return false;
  }
  return true;
}

// Both text forms must be able to write what C++ named.
void check_name(const std::string& name, std::string_view kind, const SourceLocation& where) {
  if (!is_name(name)) {
    refuse(ErrorCode::bad_definition, fmt::format("the name of a {}", kind), fmt::format("'{}'", name),
           "a letter, then letters, digits, _ and dots between them", where);
  }
  check_new_name({TokenKind::name, name, 0, 0, where, 0});
}

// A kernel's Funcs name each other; and bare numbers have found their types.
Expr settled(const Expr& e) {
  return transform(e, [](const Expr& node) {
    if (!node->func && !node->untyped_literal) return node;
    ExprNode plain = *node;
    plain.func = nullptr;
    plain.untyped_literal = false;
    return make_node(std::move(plain));
  });
}

class Checker {
 public:
  explicit Checker(Operator op) : op_(std::move(op)) {}

  Operator run() {
    check_name(op_.name, "operator", op_.where);
    if (op_.funcs.size() > most_funcs) refuse_more_funcs(op_.name, op_.where);
    std::vector<FuncContents> funcs;
    for (FuncContents& f : op_.funcs) {
      components(f);
      for (FuncContents& g : lift_reductions(std::move(f))) funcs.push_back(std::move(g));
    }
    op_.funcs = std::move(funcs);
    collect_sizes();
    unique_names();
    index_names();
    outputs();
    order();
    FuncChecker checker(op_);
    for (const FuncContents& f : op_.funcs) checker.check(f);
    check_in_place(op_);
    op_.funcs.resize(needed_);
    for (FuncContents& f : op_.funcs) {
      for (Expr& value : f.values) value = settled(value);
      for (Update& u : f.updates) {
        for (Expr& index : u.indices) index = settled(index);
        for (Expr& value : u.values) value = settled(value);
      }
    }
    return std::move(op_);
  }

 private:
  void components(const FuncContents& f) const {
    const SourceLocation& where = f.where.known() ? f.where : op_.where;
    const bool whole = std::all_of(f.values.begin(), f.values.end(), [](const Expr& e) { return e.defined(); });
    if (!whole || f.values.empty()) {
      refuse(ErrorCode::bad_definition, fmt::format("{} has no value", f.name), "an empty expression", "a value",
             where);
    }
    for (const Update& u : f.updates) check_update_parts(f, u);
    if (f.rvars.empty() || f.combiner) return;
    internal_error("algorithm", fmt::format("{} has reduction variables without a combiner", f.name));
  }

  const SizeDecl* find_size(const std::string& name) const {
    auto it = std::find_if(op_.sizes.begin(), op_.sizes.end(), [&](const SizeDecl& s) { return s.name == name; });
    return it == op_.sizes.end() ? nullptr : &*it;
  }

  bool is_param(const std::string& name) const {
    return std::any_of(op_.params.begin(), op_.params.end(), [&](const ParamDecl& p) { return p.name == name; });
  }

  // Sizes in order of first appearance; each must be some input's whole extent, to be found from the arguments.
  void collect_sizes() {
    const std::vector<SizeDecl> declared = std::move(op_.sizes);
    op_.sizes.clear();
    std::set<std::string> bare;
    std::map<std::string, SourceLocation> composite;
    for (const InputDecl& in : op_.inputs) {
      for (const Expr& e : in.extents) {
        visit(e, [&](const Expr& node) {
          if (node.kind() != ExprKind::var || is_param(node->name)) return;
          if (node.get() == e.get())
            bare.insert(node->name);
          else
            composite.try_emplace(node->name, node->where.known() ? node->where : in.where);
          if (find_size(node->name)) return;
          auto known = std::find_if(declared.begin(), declared.end(), [&](auto& s) { return s.name == node->name; });
          op_.sizes.push_back(known == declared.end() ? SizeDecl{node->name} : *known);
        });
      }
    }
    for (const InputDecl& in : op_.inputs) {
      for (const Expr& e : in.extents) check_extent(op_, e, fmt::format("an extent of input {}", in.name), in.where);
    }
    for (const auto& [name, where] : composite) {
      if (bare.contains(name)) continue;
      refuse(ErrorCode::bad_definition, fmt::format("size {} cannot be found from the arguments", name),
             "only part of an extent", fmt::format("some input with {} as a whole extent", name), where);
    }
    all_declared_used(declared);
  }

  void all_declared_used(const std::vector<SizeDecl>& declared) const {
    std::vector<std::string> names;
    for (const SizeDecl& s : op_.sizes) names.push_back(s.name);
    for (const SizeDecl& s : declared) {
      if (find_size(s.name)) continue;
      refuse(ErrorCode::unknown_name, fmt::format("no input of {} has this size", op_.name), s.name,
             "a size of an input", op_.where, did_you_mean(s.name, names));
    }
  }

  void unique_names() {
    const auto add = [&](const std::string& name, const char* kind, const SourceLocation& where) {
      const SourceLocation& place = where.known() ? where : op_.where;
      check_name(name, kind, place);
      auto [it, fresh] = kinds_.try_emplace(name, kind);
      if (fresh) return;
      refuse(ErrorCode::duplicate_name, fmt::format("{} {} has the name of another {}", kind, name, it->second), name,
             "names used once", place);
    };
    for (const SizeDecl& s : op_.sizes) add(s.name, "size", op_.where);
    for (const ParamDecl& p : op_.params) {
      add(p.name, "parameter", op_.where);
      if (!is_storage(p.dtype)) continue;
      refuse(ErrorCode::type_mismatch, fmt::format("parameter {} has a type of storage only", p.name),
             std::string(name_of(p.dtype)), std::string(name_of(arithmetic_type_of(p.dtype))), op_.where);
    }
    for (const InputDecl& in : op_.inputs) add(in.name, "input", in.where);
    for (const FuncContents& f : op_.funcs) {
      for (const FuncPart& s : parts_of(f)) add(s.loops.name, s.update ? "update" : "Func", s.loops.where);
    }
  }

  void index_names() const {
    for (const FuncContents& f : op_.funcs) {
      std::set<std::string> indices;
      const auto add = [&](const std::string& name) {
        check_name(name, "index", f.where);
        if (indices.insert(name).second && !kinds_.contains(name)) return;
        refuse(ErrorCode::duplicate_name, fmt::format("index {} of {}", name, f.name), name,
               "a name that no size, parameter, tensor or other index has", f.where);
      };
      for (const std::string& v : f.vars) add(v);
      for (const ReductionVar& r : f.rvars) add(r.name);
      const std::set<std::string> own = indices;
      for (const Update& u : f.updates) {
        indices = own;
        for (const ReductionVar& r : u.rvars) add(r.name);
      }
    }
  }

  void outputs() const {
    if (op_.outputs.empty()) {
      refuse(ErrorCode::bad_definition, fmt::format("{} computes nothing", op_.name), "no outputs", "one or more",
             op_.where);
    }
    std::set<std::string> seen;
    for (const OutputDecl& out : op_.outputs) {
      if (!seen.insert(out.func).second) {
        refuse(ErrorCode::duplicate_name, "an output is listed twice", out.func, "each output once", out.where);
      }
      output(out);
    }
  }

  void output(const OutputDecl& out) const {
    const FuncContents* f = op_.find_func(out.func);
    if (!f) {
      std::vector<std::string> names;
      for (const FuncContents& g : op_.funcs) names.push_back(g.name);
      refuse(ErrorCode::unknown_name, "an output has no definition", out.func, "a Func", out.where,
             did_you_mean(out.func, names));
    }
    if (f->vars.size() != out.extents.size()) {
      refuse(ErrorCode::wrong_rank, fmt::format("output {}", out.func), fmt::format("{} extents", out.extents.size()),
             fmt::format("{}, one for each index", f->vars.size()), out.where);
    }
    for (const Expr& e : out.extents) check_extent(op_, e, fmt::format("an extent of output {}", out.func), out.where);
  }

  // Producers first; those that no output needs come last and are dropped once they are checked.
  void order() {
    for (const FuncContents& f : op_.funcs) by_name_[f.name] = &f;
    for (const OutputDecl& out : op_.outputs) place_after_producers(*by_name_.at(out.func));
    needed_ = sorted_.size();
    for (const FuncContents& f : op_.funcs) place_after_producers(f);
    op_.funcs = std::move(sorted_);
  }

  void place_after_producers(const FuncContents& f) {
    if (placed_.contains(f.name)) return;
    path_.push_back(f.name);
    for (const FuncPart& stage : parts_of(f)) {
      for (const Expr& value : stage.loops.values) place_producers(f, stage, value);
    }
    path_.pop_back();
    placed_.insert(f.name);
    sorted_.push_back(f);
  }

  // The walk through a formula ends before that through its producers' begins: each may be deep.
  void place_producers(const FuncContents& f, const FuncPart& stage, const Expr& value) {
    std::vector<Expr> reads;
    visit(value, [&](const Expr& e) {
      if (e.kind() == ExprKind::access && by_name_.count(e->name) && !(stage.update && e->name == f.name)) reads.push_back(e);
    });
    for (const Expr& e : reads) {
      const auto open = std::find(path_.begin(), path_.end(), e->name);
      if (open == path_.end()) {
        place_after_producers(*by_name_.at(e->name));
        continue;
      }
      std::vector<std::string> cycle(open, path_.end());
      cycle.push_back(e->name);
      refuse(ErrorCode::recursion, fmt::format("{} needs itself", e->name), joined(cycle, " -> "),
             "Funcs that read earlier ones", e->where.known() ? e->where : f.where);
    }
  }

  Operator op_;
  std::map<std::string, const char*> kinds_;  // of each global name
  std::map<std::string, const FuncContents*> by_name_;
  std::set<std::string> placed_;
  std::vector<std::string> path_;  // from an output to the Func being placed
  std::vector<FuncContents> sorted_;
  size_t needed_ = 0;  // of sorted_
};

}  // namespace

Operator checked(Operator op) { return Checker(std::move(op)).run(); }

}  // namespace lathe
