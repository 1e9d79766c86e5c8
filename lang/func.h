// Writing algorithms in C++: Var, Size, Param, Input, RDom, Func, Operator.
//
//   Var i("i"), j("j");
//   Size M("M"), N("N"), K("K", 1, 1 << 24);
//   Input A("A", f32, {M, K}), B("B", f32, {K, N}), bias("bias", f32, {N});
//   RDom k(0, K, "k");
//   Func C("C"), D("D");
//   C(i, j) = sum(k, A(i, k) * B(k, j));
//   D(i, j) = max(C(i, j) + bias(j), 0.f);
//   Operator dense("dense", {A, B, bias}, {{D, {M, N}}});
//
// Tensors are row-major: the last index is contiguous. Each call records the author's file and line.
#pragma once

#include <initializer_list>
#include <source_location>
#include <variant>

#include "lang/algorithm.h"

namespace lathe {

SourceLocation location_of(const std::source_location& at);

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

// An extent in a declaration: a Size, a number, or an expression of sizes and static parameters.
struct Extent {
  Extent(const Size& size) : value(size), size(size.declaration()) {}
  Extent(Expr value) : value(std::move(value)) {}
  Extent(int value) : value(value) {}
  Expr value;
  std::optional<SizeDecl> size;
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

class Input {
 public:
  Input(std::string name, DType dtype, std::vector<Extent> extents,
        std::source_location at = std::source_location::current());
  const InputDecl& declaration() const { return declaration_; }
  const std::vector<SizeDecl>& sizes() const { return sizes_; }

  // A read at these indices; without a boundary rule it must be inside.
  template <class... Index> Expr operator()(const Index&... index) const { return at({Expr(index)...}); }
  Expr at(std::vector<Expr> indices, Boundary boundary = Boundary::inside, Expr value = {}) const;

 private:
  InputDecl declaration_;
  std::vector<SizeDecl> sizes_;
};

// A reduction domain of one variable: begin <= k < begin + extent.
class RDom {
 public:
  RDom(Expr begin, Expr extent, std::string name);
  const ReductionVar& variable() const { return variable_; }
  operator Expr() const { return begin_ + make_var(variable_.name); }

 private:
  ReductionVar variable_;
  Expr begin_;
};

// Components of a tuple-valued Func.
struct Tuple {
  std::vector<Expr> values;
  Tuple(std::initializer_list<Expr> v) : values(v) {}
  Tuple(Expr value) : values{std::move(value)} {}
};

class Func;

// C(i, j): an expression when read, a definition when assigned.
class FuncRef {
 public:
  FuncRef(Func& func, std::vector<Expr> indices, SourceLocation where);
  void operator=(const Tuple& values);                      // defines the Func; the indices must be distinct Vars
  void operator=(const Expr& value) { *this = Tuple(value); }
  void operator=(const FuncRef& other) { *this = Expr(other); }
  operator Expr() const;                                    // reads component 0
  Expr operator[](int component) const;                     // reads a component of a tuple

 private:
  Func& func_;
  std::vector<Expr> indices_;
  SourceLocation where_;
};

class Func {
 public:
  explicit Func(std::string name);
  const std::string& name() const;
  template <class... Index>
  FuncRef operator()(const Index&... index) {
    return FuncRef(*this, {Expr(index)...}, {});
  }
  FuncRef at(std::vector<Expr> indices, std::source_location at = std::source_location::current());
  const std::shared_ptr<FuncContents>& contents() const { return contents_; }

 private:
  std::shared_ptr<FuncContents> contents_;
};

using RDoms = std::vector<RDom>;
// Reductions: sum(k, value), sum({r, s, c}, value); tuples reduce component by component.
Expr sum(const RDoms& over, const Tuple& value);
Expr prod(const RDoms& over, const Tuple& value);
Expr reduce_min(const RDoms& over, const Tuple& value);
Expr reduce_max(const RDoms& over, const Tuple& value);
Expr reduce_min_number(const RDoms& over, const Tuple& value);
Expr reduce_max_number(const RDoms& over, const Tuple& value);
Expr reduce(const RDoms& over, std::shared_ptr<const Combiner> combiner, const Tuple& value);
inline Expr sum(const RDom& over, const Expr& value) { return sum(RDoms{over}, Tuple(value)); }

struct Output {
  Output(const Func& func, std::vector<Extent> extents) : func(func.contents()), extents(std::move(extents)) {}
  std::shared_ptr<const FuncContents> func;
  std::vector<Extent> extents;
};

// Collects the Funcs that the outputs need, checks the whole and gives an immutable description. Throws Error.
Operator make_operator(std::string name, std::vector<std::variant<Input, Param>> arguments, std::vector<Output> outputs,
                       std::source_location at = std::source_location::current());

}  // namespace lathe
