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
  throw Error(ErrorCode::bad_constant,
              {"algorithm", fmt::format("the range of size {}", declaration_.name),
               fmt::format("{}..{} multiple of {}", lowest, highest, multiple_of), "0 <= lowest <= highest, multiple >= 1"});
}

Param::Param(std::string name, int64_t default_value)
    : declaration_{std::move(name), true, DType::i64, static_cast<double>(default_value)} {}
Param::Param(std::string name, DType dtype, double default_value)
    : declaration_{std::move(name), false, dtype, default_value} {}

Input::Input(std::string name, DType dtype, std::vector<Extent> extents, std::source_location at)
    : declaration_{std::move(name), dtype, values_of(extents), location_of(at)} {
  for (const Extent& e : extents) if (e.size) sizes_.push_back(*e.size);
}

Expr Input::at(std::vector<Expr> indices, Boundary boundary, Expr value) const {
  ExprNode node;
  node.kind = ExprKind::access;
  node.type = {declaration_.dtype, 1};
  node.name = declaration_.name;
  node.args = std::move(indices);
  node.boundary = boundary;
  node.boundary_value = value.defined() && value->untyped_literal
                            ? make_constant(declaration_.dtype, is_float(value.type().dtype)
                                                                    ? value->float_value
                                                                    : static_cast<double>(value->integer_value))
                            : value;
  return make_access(std::move(node));
}

RDom::RDom(Expr begin, Expr extent, std::string name) : variable_{std::move(name), std::move(extent)}, begin_(std::move(begin)) {}

Func::Func(std::string name) : contents_(std::make_shared<FuncContents>()) { contents_->name = std::move(name); }
const std::string& Func::name() const { return contents_->name; }
FuncRef Func::at(std::vector<Expr> indices, std::source_location at) {
  return FuncRef(*this, std::move(indices), location_of(at));
}

FuncRef::FuncRef(Func& func, std::vector<Expr> indices, SourceLocation where)
    : func_(func), indices_(std::move(indices)), where_(std::move(where)) {}

void FuncRef::operator=(const Tuple& values) {
  FuncContents& f = *func_.contents();
  auto fail = [&](ErrorCode code, std::string what, std::string got, std::string need) {
    throw Error(code, {"algorithm", std::move(what), std::move(got), std::move(need), where_});
  };
  if (!f.values.empty()) fail(ErrorCode::duplicate_name, "a Func is defined twice", f.name, "one definition");
  std::set<std::string> seen;
  for (const Expr& index : indices_) {
    if (index.kind() != ExprKind::var || !seen.insert(index->name).second) {
      fail(ErrorCode::bad_definition, fmt::format("the indices that define {}", f.name), "an expression, or a name twice",
           "distinct Vars");
    }
    f.vars.push_back(index->name);
  }
  f.values = values.values;
  f.where = where_;
  // A single reduction is the Func's own from here on: its components can be read.
  if (f.values.size() == 1 && f.values[0].kind() == ExprKind::reduce) {
    Expr whole = f.values[0];
    f.rvars = whole->rvars;
    f.combiner = whole->combiner;
    f.values = whole.args();
  }
}

Expr FuncRef::operator[](int component) const {
  const FuncContents& f = *func_.contents();
  if (component < 0 || component >= f.components()) {
    throw Error(ErrorCode::bad_definition,
                {"algorithm", fmt::format("{} is read before it has that value", f.name),
                 fmt::format("component {} of {}", component, f.components()), "a definition before the first read", where_});
  }
  ExprNode node;
  node.kind = ExprKind::access;
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

Expr reduce(const RDoms& over, std::shared_ptr<const Combiner> combiner, const Tuple& value) {
  std::vector<ReductionVar> rvars;
  for (const RDom& r : over) rvars.push_back(r.variable());
  return make_reduce(std::move(rvars), std::move(combiner), value.values);
}

static Expr reduce_by(const char* name, const RDoms& over, const Tuple& value) {
  std::vector<DType> types;
  for (const Expr& v : value.values) types.push_back(v.type().dtype);
  return reduce(over, builtin_combiner(name, types), value);
}

Expr sum(const RDoms& over, const Tuple& value) { return reduce_by("sum", over, value); }
Expr prod(const RDoms& over, const Tuple& value) { return reduce_by("prod", over, value); }
Expr reduce_min(const RDoms& over, const Tuple& value) { return reduce_by("min", over, value); }
Expr reduce_max(const RDoms& over, const Tuple& value) { return reduce_by("max", over, value); }
Expr reduce_min_number(const RDoms& over, const Tuple& value) { return reduce_by("min_number", over, value); }
Expr reduce_max_number(const RDoms& over, const Tuple& value) { return reduce_by("max_number", over, value); }

// --- Operators.

namespace {

// Every Func that the outputs reach, producers first.
void collect(const FuncContents& f, std::vector<FuncContents>& funcs) {
  for (const FuncContents& known : funcs) if (known.name == f.name) return;
  for (const Expr& v : f.values) {
    visit(v, [&](const Expr& e) { if (e.kind() == ExprKind::access && e->func) collect(*e->func, funcs); });
  }
  funcs.push_back(f);
}

void add_size(const SizeDecl& size, std::vector<SizeDecl>& sizes) {
  for (const SizeDecl& known : sizes) if (known.name == size.name) return;
  sizes.push_back(size);
}

}  // namespace

Operator make_operator(std::string name, std::vector<std::variant<Input, Param>> arguments, std::vector<Output> outputs,
                       std::source_location at) {
  Operator op;
  op.name = std::move(name);
  op.where = location_of(at);
  for (const auto& argument : arguments) {
    if (const Input* in = std::get_if<Input>(&argument)) {
      op.inputs.push_back(in->declaration());
      for (const SizeDecl& s : in->sizes()) add_size(s, op.sizes);
    } else {
      op.params.push_back(std::get<Param>(argument).declaration());
    }
  }
  for (const Output& out : outputs) {
    if (out.func->values.empty()) {
      throw Error(ErrorCode::bad_definition, {"algorithm", "an output without a definition", out.func->name,
                                              "a definition before the operator is made", op.where});
    }
    collect(*out.func, op.funcs);
    op.outputs.push_back({out.func->name, values_of(out.extents), op.where});
  }
  return checked(std::move(op));
}

}  // namespace lathe
