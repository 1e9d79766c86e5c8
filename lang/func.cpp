// Building algorithms in C++: declarations, reads, definitions, and collecting what an operator needs.
#include "lang/func.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace lathe {

SourceLocation location_of(const std::source_location& at) {
  return {at.file_name(), static_cast<int>(at.line()), static_cast<int>(at.column())};
}

static std::vector<Expr> values_of(const std::vector<Extent>& extents) {
  std::vector<Expr> values;
  for (const Extent& e : extents) values.push_back(e.value);
  return values;
}

Size::Size(std::string name, int64_t lowest, int64_t highest, int64_t multiple_of)
    : declaration_{std::move(name), lowest, highest, multiple_of} {
  if (lowest >= 0 && lowest <= highest && multiple_of >= 1) return;
  throw Error(ErrorCode::bad_constant, {"algorithm", fmt::format("the range of size {}", declaration_.name),
                                        fmt::format("{}..{} multiple of {}", lowest, highest, multiple_of),
                                        "0 <= lowest <= highest, multiple >= 1"});
}

Param::Param(std::string name, int64_t default_value)
    : declaration_{std::move(name), true, DType::i64, static_cast<double>(default_value)} {}
Param::Param(std::string name, DType dtype, double default_value)
    : declaration_{std::move(name), false, dtype, default_value} {}

Input::Input(std::string name, DType dtype, std::vector<Extent> extents, std::source_location at)
    : declaration_{std::move(name), dtype, values_of(extents), location_of(at)} {
  for (const Extent& e : extents) {
    if (e.size) sizes_.push_back(*e.size);
  }
}

Expr Input::operator()(std::source_location at) const { return read({}, Boundary::inside, {}, location_of(at)); }

Expr Input::at(std::vector<Expr> indices, Boundary boundary, Expr value, std::source_location at) const {
  return read(std::move(indices), boundary, std::move(value), location_of(at));
}

Expr Input::read(std::vector<Expr> indices, Boundary boundary, Expr value, SourceLocation where) const {
  ExprNode node;
  node.type = {declaration_.dtype, 1};
  node.name = declaration_.name;
  node.args = std::move(indices);
  node.boundary = boundary;
  node.boundary_value = std::move(value);
  node.where = std::move(where);
  return make_access(std::move(node));
}

RDom::RDom(Expr begin, Expr extent, std::string name)
    : variable_{std::move(name), std::move(extent)}, begin_(std::move(begin)) {}

RDom::operator Expr() const {
  Expr variable = make_var(variable_.name);
  return is_zero(begin_) ? variable : begin_ + variable;
}

Func::Func(std::string name) : contents_(std::make_shared<FuncContents>()) { contents_->name = std::move(name); }
const std::string& Func::name() const { return contents_->name; }
FuncRef Func::at(std::vector<Expr> indices, std::source_location at) {
  return FuncRef(*this, std::move(indices), location_of(at));
}

FuncRef::FuncRef(Func& func, std::vector<Expr> indices, SourceLocation where)
    : func_(func), indices_(std::move(indices)), where_(std::move(where)) {}

void FuncRef::operator=(const Tuple& values) {
  FuncContents& f = *func_.contents();
  const auto refuse = [&](ErrorCode code, std::string what, std::string got, std::string need) {
    throw Error(code, {"algorithm", std::move(what), std::move(got), std::move(need), where_});
  };
  if (!f.values.empty()) {
    throw Error(ErrorCode::duplicate_name,
                {"algorithm", fmt::format("{} is defined twice", f.name), "a second definition", "one definition",
                 where_, fmt::format("the first is at {}; over(domain, {}(...)) = ... updates it", to_string(f.where), f.name)});
  }
  std::vector<std::string> vars;
  for (const Expr& index : indices_) {
    const bool is_var = index.defined() && index.kind() == ExprKind::var;
    if (!is_var || std::find(vars.begin(), vars.end(), index->name) != vars.end()) {
      refuse(ErrorCode::bad_definition, fmt::format("the indices that define {}", f.name),
             is_var ? fmt::format("{} twice", index->name) : "an expression", "distinct Vars");
    }
    vars.push_back(index->name);
  }
  const bool whole = std::all_of(values.values.begin(), values.values.end(), [](const Expr& e) { return e.defined(); });
  if (values.values.empty() || !whole) {
    refuse(ErrorCode::bad_definition, fmt::format("{} has no value", f.name), "an empty expression", "a value");
  }
  f.vars = std::move(vars);
  f.values = values.values;
  f.where = where_;
  // A single reduction is the Func's own from here on: its components can be read.
  if (f.values.size() == 1 && f.values[0].kind() == ExprKind::reduce) {
    const Expr reduction = f.values[0];
    f.rvars = reduction->rvars;
    f.combiner = reduction->combiner;
    f.values = reduction.args();
  }
}

void UpdateRef::operator=(const Tuple& values) {
  FuncContents& f = *target_.func_.contents();
  const auto refuse = [&](std::string what, std::string got, std::string need) {
    throw Error(ErrorCode::bad_definition,
                {"algorithm", std::move(what), std::move(got), std::move(need), target_.where_});
  };
  if (f.values.empty()) refuse(fmt::format("{} is updated", f.name), "no definition", "a definition before the first update");
  if (target_.indices_.size() != f.vars.size()) {
    refuse(fmt::format("an update of {}", f.name), fmt::format("{} indices", target_.indices_.size()),
           fmt::format("{}, as its definition has", f.vars.size()));
  }
  // Reads of the Func itself go by its name: holding it they would hold themselves.
  const auto by_name = [&](const Expr& e) {
    return transform(e, [&](const Expr& node) {
      if (node.kind() != ExprKind::access || node->func.get() != &f) return node;
      ExprNode plain = *node;
      plain.func = nullptr;
      return make_node(std::move(plain));
    });
  };
  Update u{rvars_, {}, {}, target_.where_};
  for (const Expr& e : target_.indices_) u.indices.push_back(e.defined() ? by_name(e) : e);
  for (const Expr& e : values.values) u.values.push_back(e.defined() ? by_name(e) : e);
  f.updates.push_back(std::move(u));
}

UpdateRef over(const Domain& domain, FuncRef target) {
  std::vector<ReductionVar> rvars;
  for (const RDom& r : domain.vars) rvars.push_back(r.variable());
  return UpdateRef(std::move(rvars), std::move(target));
}

Expr FuncRef::operator[](int component) const {
  const FuncContents& f = *func_.contents();
  const auto refuse = [&](std::string what, std::string got, std::string need) {
    throw Error(ErrorCode::bad_definition, {"algorithm", std::move(what), std::move(got), std::move(need), where_});
  };
  if (f.values.empty())
    refuse(fmt::format("{} is read", f.name), "no definition", "a definition before the first read");
  if (component < 0 || component >= f.components()) {
    refuse(fmt::format("component {} of {} is read", component, f.name), std::to_string(component),
           fmt::format("0 to {}", f.components() - 1));
  }
  ExprNode node;
  node.type = {f.dtype(component), 1};
  node.name = f.name;
  node.args = indices_;
  node.component = component;
  node.func = func_.contents();
  node.where = where_;
  return make_access(std::move(node));
}

FuncRef::operator Expr() const { return (*this)[0]; }

// --- Reductions.

Expr reduce(const Domain& over, std::shared_ptr<const Combiner> combiner, const Tuple& value, std::source_location at) {
  std::vector<ReductionVar> rvars;
  for (const RDom& r : over.vars) rvars.push_back(r.variable());
  return make_reduce(std::move(rvars), std::move(combiner), value.values, location_of(at));
}

static Expr reduce_by(const char* name, const Domain& over, const Tuple& value, std::source_location at) {
  std::vector<DType> types;
  for (const Expr& v : value.values) {
    if (!v.defined()) {
      throw Error(ErrorCode::bad_definition, {"algorithm", fmt::format("{} has no value", name), "an empty expression",
                                              "a value to reduce", location_of(at)});
    }
    types.push_back(v.type().dtype);
  }
  return reduce(over, builtin_combiner(name, types, location_of(at)), value, at);
}

static Expr place_by(const char* name, const Domain& over, const Expr& value, std::source_location at) {
  Tuple terms{value};
  for (const RDom& r : over.vars) terms.values.push_back(r);
  return reduce_by(name, over, terms, at);
}

Expr argmax(const Domain& over, const Expr& value, std::source_location at) { return place_by("argmax", over, value, at); }
Expr argmin(const Domain& over, const Expr& value, std::source_location at) { return place_by("argmin", over, value, at); }

Expr sum(const Domain& over, const Tuple& value, std::source_location at) { return reduce_by("sum", over, value, at); }
Expr prod(const Domain& over, const Tuple& value, std::source_location at) {
  return reduce_by("prod", over, value, at);
}
Expr reduce_min(const Domain& over, const Tuple& value, std::source_location at) {
  return reduce_by("min", over, value, at);
}
Expr reduce_max(const Domain& over, const Tuple& value, std::source_location at) {
  return reduce_by("max", over, value, at);
}
Expr reduce_min_number(const Domain& over, const Tuple& value, std::source_location at) {
  return reduce_by("min_number", over, value, at);
}
Expr reduce_max_number(const Domain& over, const Tuple& value, std::source_location at) {
  return reduce_by("max_number", over, value, at);
}

// --- Operators.

namespace {

// Every Func that the outputs reach, producers first.
class Collector {
 public:
  void add(const FuncContents& f) {
    if (!seen_.insert(&f).second) return;
    for_each_value(f, [&](const Expr& value) {
      visit(value, [&](const Expr& e) {
        if (e.kind() == ExprKind::access && e->func) add(*e->func);
      });
    });
    funcs.push_back(f);  // two Funcs of one name are found by checked()
  }

  std::vector<FuncContents> funcs;

 private:
  std::set<const FuncContents*> seen_;
};

void add_size(const SizeDecl& size, const InputDecl& in, std::vector<SizeDecl>& sizes) {
  for (const SizeDecl& known : sizes) {
    if (known == size) return;
    if (known.name != size.name) continue;
    throw Error(
        ErrorCode::duplicate_name,
        {"algorithm", fmt::format("two sizes of one name in input {}", in.name),
         fmt::format("{} in {}..{} multiple of {}", size.name, size.lowest, size.highest, size.multiple_of),
         fmt::format("{}..{} multiple of {}, as before", known.lowest, known.highest, known.multiple_of), in.where});
  }
  sizes.push_back(size);
}

}  // namespace

Operator make_operator(std::string name, std::vector<Argument> arguments, std::vector<Output> outputs,
                       std::source_location at) {
  Operator op;
  op.name = std::move(name);
  op.where = location_of(at);
  for (const auto& [argument] : arguments) {
    if (const Input* in = std::get_if<Input>(&argument)) {
      op.inputs.push_back(in->declaration());
      for (const SizeDecl& s : in->sizes()) add_size(s, in->declaration(), op.sizes);
    } else {
      op.params.push_back(std::get<Param>(argument).declaration());
    }
  }
  Collector collector;
  for (const Output& out : outputs) {
    if (out.func->values.empty()) {
      throw Error(ErrorCode::bad_definition, {"algorithm", fmt::format("output {} has no value", out.func->name),
                                              "no definition", "a definition before the operator is made", op.where});
    }
    collector.add(*out.func);
    op.outputs.push_back({out.func->name, values_of(out.extents), out.in, op.where});
  }
  op.funcs = std::move(collector.funcs);
  return checked(std::move(op));
}

}  // namespace lathe
