// Expressions: one immutable tree shared by the algorithm, the schedule's formulas and the loop IR.
//
// The algorithm uses the scalar kinds; `reduce` exists only while a definition is being written (Func assignment takes
// it apart); `ramp`, `broadcast` and `instruction` appear in the loop IR only. One type means one simplifier, one
// printer and one parser for all of them (docs/design/one-expression.md).
//
// Equality, ordering and hashing are structural and ignore source locations. Index arithmetic is i64.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/dtype.h"
#include "support/error.h"
#include "support/pipe.h"

namespace lathe {

enum class Op : uint8_t {
#define LATHE_OP(name, text, arity, form, operands, result, pipe, meaning) name,
#include "lang/ops.def"
#undef LATHE_OP
};
enum class OpForm : uint8_t { prefix, infix, call };
enum class Operands : uint8_t { any, numbers, integers, logical, floats, words };
enum class OpResult : uint8_t { same, boolean, integer, floating };

struct OpInfo {
  std::string_view name;      // "add"
  std::string_view text;      // "+"
  int arity;
  OpForm form;
  Operands operands;
  OpResult result;
  bool boolean_result;
  Pipe pipe;
  std::string_view meaning;
};
const OpInfo& info_of(Op op);
bool exists_for(Op op, DType operands);        // of select: its last two
// Every type converts to every other, but to f16 and bf16 an f32 only, so that each conversion rounds once, and none to
// packed types, which nothing is computed in.
bool converts(DType from, DType to);
DType result_of(Op op, DType operands);
int infix_strength(Op op);    // larger binds tighter; C's order, except that & ^ | bind tighter than comparisons

// What a read outside its tensor gives.
enum class Boundary : uint8_t {
  inside,    // never happens: proved, or checked at the call
  constant,  // the boundary value
  edge,      // the nearest element: index clamped to [0, extent)
  mirror,    // reflected at the border without repeating it: -1 -> 1
  wrap,      // index modulo extent
  none,      // the term of the enclosing reduction is absent
};
std::string_view name_of(Boundary boundary);

enum class ExprKind : uint8_t {
  constant,   // a literal: integer_value or float_value, by type
  var,        // a named scalar: an index, size, stride, parameter, or a let of the loop IR
  op,         // a scalar operator of ops.def, lane by lane
  cast,       // args[0] converted to `type`: floats to integers truncate and saturate (NaN gives 0), integers wrap
  access,     // an element of the tensor `name` at indices args; lanes of the result = lanes of the index
  reduce,     // a reduction over rvars of values args, by `combiner`: only inside a right side being defined
  ramp,       // args[0] + lane * args[1] for `type.lanes` lanes, both scalars
  broadcast,  // args[0], a scalar, in every lane
  instruction,  // loop IR: the machine instruction `name` (targets/instruction.h) of args[0], what it adds to, and of groups
                // of lanes beside it: as many groups as args[0] has lanes, or one that serves all
};

class Expr;
struct ExprNode;
struct FuncContents;          // lang/algorithm.h
struct Combiner;              // lang/algorithm.h

class Expr {
 public:
  Expr() = default;                                         // undefined
  Expr(std::shared_ptr<const ExprNode> node) : node_(std::move(node)) {}
  Expr(int value);                                          // an i64 literal that takes the other operand's type
  Expr(int64_t value);
  Expr(float value);
  Expr(double value);
  template <std::same_as<bool> T>
  Expr(T) = delete;  // conditions on values are eq(a, b), ne, lt, le, gt and ge; == and < compare the formulas themselves

  bool defined() const { return node_ != nullptr; }
  const ExprNode* operator->() const { return node_.get(); }
  const ExprNode& operator*() const { return *node_; }
  const ExprNode* get() const { return node_.get(); }

  inline ExprKind kind() const;
  inline Type type() const;
  inline bool is_op(Op op) const;
  inline const std::vector<Expr>& args() const;
  inline const Expr& arg(size_t i) const;
  inline size_t hash() const;                               // 0 for undefined
  bool shared() const { return node_.use_count() > 1; }     // has other owners: a walk may meet it again

  bool operator==(const Expr& other) const;                 // structural
  bool operator<(const Expr& other) const;                  // a total order, stable across runs (not by address)

 private:
  std::shared_ptr<const ExprNode> node_;
};

// A reduction variable: 0 <= name < extent.
struct ReductionVar {
  std::string name;
  Expr extent;                                              // i64
  bool operator==(const ReductionVar&) const = default;
};

struct ExprNode {
  ExprKind kind = ExprKind::constant;
  Type type;
  Op op = Op::add;                                          // op
  int64_t integer_value = 0;                                // constant of an integer or boolean type
  double float_value = 0;                                   // constant of a float type
  bool untyped_literal = false;                             // a bare number, or an operator of such only: adopts the
                                                            // other operand's type; ignored by equality
  bool normal = false;                                      // a sum of products of variables as Polynomial::expr makes
                                                            // it: nothing left to simplify; ignored by equality
  std::string name;                                         // var, access, instruction
  std::vector<Expr> args;                                   // op, cast, access (indices), reduce (values), ramp, broadcast, instruction
  // access only
  int component = 0;                                        // of a tuple Func
  Boundary boundary = Boundary::inside;
  Expr boundary_value;                                      // with Boundary::constant
  Expr mask;                                                // loop IR: lanes that are read; the others give 0
  std::shared_ptr<const FuncContents> func;                 // the Func read, while building in C++; ignored by equality
  // reduce only
  std::vector<ReductionVar> rvars;
  std::shared_ptr<const Combiner> combiner;

  SourceLocation where;                                     // ignored by equality
  size_t hash = 0;
  uint64_t names = 0;                                       // classes of the variable names in it (name_bit)
};

ExprKind Expr::kind() const { return node_->kind; }
Type Expr::type() const { return node_->type; }
bool Expr::is_op(Op op) const { return node_ && node_->kind == ExprKind::op && node_->op == op; }
const std::vector<Expr>& Expr::args() const { return node_->args; }
const Expr& Expr::arg(size_t i) const { return node_->args[i]; }
size_t Expr::hash() const { return node_ ? node_->hash : 0; }

// --- Making expressions. These check operand types and throw Error{type_mismatch} with `where`; they fold nothing.
Expr make_integer(DType type, int64_t value);
Expr make_float(DType type, double value);
Expr make_constant(DType type, double value);               // either, by type
Expr make_var(std::string name, Type type = {DType::i64, 1});
Expr make_op(Op op, std::vector<Expr> args, const SourceLocation& where = {});
Expr make_cast(DType type, Expr value);
Expr make_access(std::string tensor, DType type, std::vector<Expr> indices);
Expr make_access(ExprNode prototype);                       // all access fields
Expr make_reduce(std::vector<ReductionVar> rvars, std::shared_ptr<const Combiner> combiner, std::vector<Expr> values,
                 const SourceLocation& where = {});
Expr make_ramp(Expr base, Expr stride, int lanes);
Expr make_broadcast(Expr value, int lanes);
Expr make_instruction(std::string name, std::vector<Expr> args);
Expr make_true();
Expr with_location(const Expr& e, const SourceLocation& where);
Expr make_node(ExprNode node);                              // as it stands: computes the hash, checks nothing
Expr make_index_op(Op op, Expr a, Expr b, bool normal);     // of two scalar i64 expressions: checks nothing

// Literals take the type of the other operand ("x * 2" for a float x); a float literal never becomes an integer.
void match_literal_types(std::vector<Expr>& args, size_t first, const SourceLocation& where);

Expr operator+(const Expr& a, const Expr& b);
Expr operator-(const Expr& a, const Expr& b);
Expr operator*(const Expr& a, const Expr& b);
Expr operator/(const Expr& a, const Expr& b);
Expr operator%(const Expr& a, const Expr& b);
Expr operator-(const Expr& a);
Expr operator&(const Expr& a, const Expr& b);
Expr operator|(const Expr& a, const Expr& b);
Expr operator^(const Expr& a, const Expr& b);
Expr operator~(const Expr& a);
Expr operator<<(const Expr& a, const Expr& b);
Expr operator>>(const Expr& a, const Expr& b);
// Values are compared by names, since == and < compare formulas; conditions are joined by & and |.
template <class T>
concept Formula = std::is_class_v<T> && !std::same_as<T, std::shared_ptr<const ExprNode>> && std::convertible_to<T, Expr>;
template <class A, class B> requires Formula<A> || Formula<B> void operator>(const A& a, const B& b) = delete;   // gt(a, b)
template <class A, class B> requires Formula<A> || Formula<B> void operator<=(const A& a, const B& b) = delete;  // le(a, b)
template <class A, class B> requires Formula<A> || Formula<B> void operator>=(const A& a, const B& b) = delete;  // ge(a, b)
template <class A, class B> requires Formula<A> || Formula<B> void operator&&(const A& a, const B& b) = delete;  // a & b
template <class A, class B> requires Formula<A> || Formula<B> void operator||(const A& a, const B& b) = delete;  // a | b
template <Formula A> void operator!(const A& a) = delete;                                                        // ~a
Expr eq(const Expr& a, const Expr& b);
Expr ne(const Expr& a, const Expr& b);
Expr lt(const Expr& a, const Expr& b);
Expr le(const Expr& a, const Expr& b);
Expr gt(const Expr& a, const Expr& b);
Expr ge(const Expr& a, const Expr& b);
Expr min(const Expr& a, const Expr& b);
Expr max(const Expr& a, const Expr& b);
Expr min_number(const Expr& a, const Expr& b);
Expr max_number(const Expr& a, const Expr& b);
Expr select(const Expr& condition, const Expr& yes, const Expr& no);
Expr fma(const Expr& a, const Expr& b, const Expr& c);
Expr abs(const Expr& a);
Expr floor(const Expr& a);
Expr ceil(const Expr& a);
Expr round(const Expr& a);
Expr sqrt(const Expr& a);
Expr rsqrt(const Expr& a);
Expr reciprocal(const Expr& a);
Expr exp(const Expr& a);
Expr exp2(const Expr& a);
Expr log(const Expr& a);
Expr log2(const Expr& a);
Expr sin(const Expr& a);
Expr cos(const Expr& a);
Expr tanh(const Expr& a);
Expr sigmoid(const Expr& a);
Expr erf(const Expr& a);
Expr bits_of(const Expr& a);
Expr float_of_bits(const Expr& a);
Expr pow(const Expr& a, const Expr& b);
Expr popcount(const Expr& a);
Expr cast(DType type, const Expr& a);

// --- Looking at expressions.
int compare(const Expr& a, const Expr& b);                  // -1, 0 or 1, in the order of operator<
// Names fall into 64 classes; a node's `names` tells which classes occur in it, so that most searches end at once.
uint64_t name_bit(std::string_view name);
bool is_integer_constant(const Expr& e, int64_t* value = nullptr);   // integer or boolean; scalar or broadcast
bool is_zero(const Expr& e);                                // the constant 0 of any type (not -0.0)
bool is_one(const Expr& e);

// Rebuilds a tree bottom-up: `change` sees each node after its children (indices, boundary value and mask included) were
// rebuilt, and returns the node to use. Untouched subtrees are shared.
Expr transform(const Expr& e, const std::function<Expr(const Expr&)>& change);
// The same node with other children; order: args, then boundary_value and mask where defined, then the rvars' extents.
Expr with_children(const Expr& e, const std::vector<Expr>& children);
std::vector<Expr> children_of(const Expr& e);
// The same in place: sees each child; and e with each child replaced by what `change` makes of it, e itself where that
// is nothing new.
template <class See> void for_each_child(const Expr& e, const See& see);
template <class Change> Expr with_changed_children(const Expr& e, const Change& change);
// Calls `visit` on every node, parents first; a node that several parents share is visited once.
void visit(const Expr& e, const std::function<void(const Expr&)>& visit);

using Substitution = std::vector<std::pair<std::string, Expr>>;
Expr substitute(const Expr& e, const Substitution& values); // replaces vars by name, all at once
bool uses_var(const Expr& e, std::string_view name);

template <class See> void for_each_child(const Expr& e, const See& see) {
  for (const Expr& a : e->args) see(a);
  if (e->boundary_value.defined()) see(e->boundary_value);
  if (e->mask.defined()) see(e->mask);
  for (const ReductionVar& r : e->rvars) see(r.extent);
}

template <class Change> Expr with_changed_children(const Expr& e, const Change& change) {
  std::vector<Expr> children;                               // empty until one differs
  size_t same = 0;
  for_each_child(e, [&](const Expr& child) {
    Expr next = change(child);
    if (children.empty() && next.get() == child.get()) {
      ++same;
      return;
    }
    if (children.empty()) {
      children = children_of(e);
      children.resize(same);
    }
    children.push_back(std::move(next));
  });
  return children.empty() ? e : with_children(e, children);
}

}  // namespace lathe

template <> struct std::hash<lathe::Expr> {
  size_t operator()(const lathe::Expr& e) const { return e.hash(); }
};
