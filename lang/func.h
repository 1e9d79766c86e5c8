// Writing algorithms in C++: Var, Size, Param, Input, RDom, Func, Operator.
//
//   Var i("i"), j("j");
//   Size M("M"), N("N"), K("K", 1, 1 << 24);
//   Input A("A", f32, {M, K}), B("B", f32, {K, N}), bias("bias", f32, {N});
//   RDom k(0, K, "k");
//   Func C("C"), D("D");
//   C(i, j) = sum(k, A(i, k) * B(k, j));
//   D(i, j) = max(C(i, j) + bias(j), 0.f);
//   Operator dense = make_operator("dense", {A, B, bias}, {{D, {M, N}}});
//
// Tensors are row-major: the last index is contiguous. Declarations, reads, definitions and reductions record the
// author's file and line, which errors name; operators between expressions do not.
#pragma once

#include <concepts>
#include <initializer_list>
#include <source_location>
#include <variant>

#include "lang/algorithm.h"

namespace lathe {

SourceLocation location_of(const std::source_location& at);

// What may stand for a value: other types get one line of explanation instead of a page of candidates.
template <class T>
inline constexpr bool is_value = std::convertible_to<const T&, Expr>;

template <class T>
Expr as_index(const T& index) {
  static_assert(is_value<T>, "an index is a Var, an RDom, a number, or an expression of these");
  if constexpr (is_value<T>) {
    return Expr(index);
  } else {
    return {};
  }
}

class Var {
 public:
  explicit Var(std::string name) : expr_(make_var(std::move(name))) {}
  const std::string& name() const { return expr_->name; }
  operator Expr() const { return expr_; }

 private:
  Expr expr_;
};

// A symbolic extent with a declared range (default 0 to 2^40), a multiple of `multiple_of`.
class Size {
 public:
  explicit Size(std::string name, int64_t lowest = 0, int64_t highest = int64_t{1} << 40, int64_t multiple_of = 1);
  const SizeDecl& declaration() const { return declaration_; }
  operator Expr() const { return make_var(declaration_.name); }

 private:
  SizeDecl declaration_;
};

// A parameter: without a dtype static (an integer fixed at compile time, may multiply indices), with one run-time.
class Param {
 public:
  Param(std::string name, int64_t default_value);
  Param(std::string name, DType dtype, double default_value);
  const ParamDecl& declaration() const { return declaration_; }
  operator Expr() const { return make_var(declaration_.name, {declaration_.dtype, 1}); }

 private:
  ParamDecl declaration_;
};

// An extent in a declaration: a Size, a number, or an expression of sizes and static parameters.
struct Extent {
  Extent(const Size& size) : value(size), size(size.declaration()) {}
  template <std::convertible_to<Expr> T>
  Extent(const T& value) : value(value) {}
  Expr value;
  std::optional<SizeDecl> size;
};

// The first index of a read or definition. Being converted at the author's line, it tells the place of the whole.
struct FirstIndex {
  template <class T>
  FirstIndex(const T& value, std::source_location at = std::source_location::current())
      : value(as_index(value)), where(location_of(at)) {}
  Expr value;
  SourceLocation where;
};

class Input {
 public:
  Input(std::string name, DType dtype, std::vector<Extent> extents,
        std::source_location at = std::source_location::current());
  const InputDecl& declaration() const { return declaration_; }
  const std::vector<SizeDecl>& sizes() const { return sizes_; }

  // A read at these indices; without a boundary rule it must be inside.
  template <class... Index>
  Expr operator()(const FirstIndex& first, const Index&... others) const {
    return read({first.value, as_index(others)...}, Boundary::inside, {}, first.where);
  }
  Expr operator()(std::source_location at = std::source_location::current()) const;      // of rank 0
  Expr at(std::vector<Expr> indices, Boundary boundary = Boundary::inside, Expr value = {},
          std::source_location at = std::source_location::current()) const;

 private:
  Expr read(std::vector<Expr> indices, Boundary boundary, Expr value, SourceLocation where) const;

  InputDecl declaration_;
  std::vector<SizeDecl> sizes_;
};

// A reduction domain of one variable: begin <= k < begin + extent.
class RDom {
 public:
  RDom(Expr begin, Expr extent, std::string name);
  const ReductionVar& variable() const { return variable_; }
  operator Expr() const;

 private:
  ReductionVar variable_;
  Expr begin_;
};

// One value, or the components of a tuple: {a, b}.
struct Tuple {
  std::vector<Expr> values;
  Tuple(std::initializer_list<Expr> v) : values(v) {}
  template <class T>
  Tuple(const T& value) {
    static_assert(is_value<T>, "a value is an expression, a number, or several of them in braces: {a, b}");
    if constexpr (is_value<T>) values = {Expr(value)};
  }
};

class Func;

// C(i, j): an expression when read, a definition when assigned.
class FuncRef {
 public:
  FuncRef(Func& func, std::vector<Expr> indices, SourceLocation where);
  FuncRef(const FuncRef&) = default;
  void operator=(const Tuple& values);                      // defines the Func; the indices must be distinct Vars
  void operator=(const FuncRef& other) { *this = Tuple(other); }
  operator Expr() const;                                    // reads component 0
  Expr operator[](int component) const;                     // reads a component of a tuple

 private:
  friend class UpdateRef;
  Func& func_;
  std::vector<Expr> indices_;
  SourceLocation where_;
};

// over(n, H(i)): an update when assigned. At each point of the domain, in order, H(i) becomes the values, which may read
// H. An index that is just a Var of the definition stays free.
class UpdateRef {
 public:
  UpdateRef(std::vector<ReductionVar> rvars, FuncRef target) : rvars_(std::move(rvars)), target_(std::move(target)) {}
  void operator=(const Tuple& values);

 private:
  std::vector<ReductionVar> rvars_;
  FuncRef target_;
};

class Func {
 public:
  explicit Func(std::string name);
  const std::string& name() const;
  template <class... Index>
  FuncRef operator()(const FirstIndex& first, const Index&... others) {
    return FuncRef(*this, {first.value, as_index(others)...}, first.where);
  }
  FuncRef operator()(std::source_location at = std::source_location::current()) { return this->at({}, at); }  // rank 0
  FuncRef at(std::vector<Expr> indices, std::source_location at = std::source_location::current());
  const std::shared_ptr<FuncContents>& contents() const { return contents_; }

 private:
  std::shared_ptr<FuncContents> contents_;
};

using RDoms = std::vector<RDom>;

// What a reduction runs over: k, {r, s, c} (outermost first) or RDoms.
struct Domain {
  RDoms vars;
  Domain(const RDom& one) : vars{one} {}
  template <class T>
  Domain(const T&) {
    static_assert(std::is_same_v<T, RDom>, "a reduction or an update runs over an RDom, or over several in braces: {r, s}");
  }
  Domain(std::initializer_list<RDom> list) : vars(list) {}
  Domain(RDoms list) : vars(std::move(list)) {}
};

UpdateRef over(const Domain& domain, FuncRef target);

// Reductions: sum(k, value), sum({r, s, c}, value); tuples reduce component by component.
Expr sum(const Domain& over, const Tuple& value, std::source_location at = std::source_location::current());
Expr prod(const Domain& over, const Tuple& value, std::source_location at = std::source_location::current());
Expr reduce_min(const Domain& over, const Tuple& value, std::source_location at = std::source_location::current());
Expr reduce_max(const Domain& over, const Tuple& value, std::source_location at = std::source_location::current());
Expr reduce_min_number(const Domain& over, const Tuple& value, std::source_location at = std::source_location::current());
Expr reduce_max_number(const Domain& over, const Tuple& value, std::source_location at = std::source_location::current());
// The largest or smallest value and where it stands: components (value, index of each variable of the domain).
Expr argmax(const Domain& over, const Expr& value, std::source_location at = std::source_location::current());
Expr argmin(const Domain& over, const Expr& value, std::source_location at = std::source_location::current());
Expr reduce(const Domain& over, std::shared_ptr<const Combiner> combiner, const Tuple& value, std::source_location at = std::source_location::current());

struct Output {
  Output(const Func& func, std::vector<Extent> extents) : func(func.contents()), extents(std::move(extents)) {}
  // In the place of an input, whose values it changes.
  Output(const Func& func, std::vector<Extent> extents, const Input& in)
      : func(func.contents()), extents(std::move(extents)), in(in.declaration().name) {}
  std::shared_ptr<const FuncContents> func;
  std::vector<Extent> extents;
  std::string in;
};

// An argument of an operator.
struct Argument {
  std::variant<Input, Param> value;
  Argument(const Input& input) : value(input) {}
  Argument(const Param& param) : value(param) {}
  template <class T>
  Argument(const T& other) : value(Param("", 0)) {
    static_assert(std::is_same_v<T, Input>, "the arguments of an operator are Inputs and Params; outputs stand in the list behind them");
    (void)other;
  }
};

// Collects the Funcs that the outputs need, checks the whole and gives an immutable description. Throws Error.
Operator make_operator(std::string name, std::vector<Argument> arguments, std::vector<Output> outputs,
                       std::source_location at = std::source_location::current());

}  // namespace lathe
