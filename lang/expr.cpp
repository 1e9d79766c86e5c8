// What an expression is: its operator table, and the structural hash, equality and order.
//
// The hash of a node is computed once, from the hashes of its children, when the node is made; it depends on nothing but
// the structure, so it is the same in every run. Unequal hashes decide most comparisons; equal ones are followed by a full
// comparison, which stops at shared subtrees.
#include "lang/expr.h"

#include <array>
#include <bit>

#include "lang/algorithm.h"
#include "lang/expr_node.h"

namespace lathe {

const OpInfo& info_of(Op op) {
  static constexpr OpInfo table[] = {
#define LATHE_OP(name, text, arity, form, operands, result, pipe, meaning) \
  {#name, text, arity, OpForm::form, Operands::operands, OpResult::result, OpResult::result == OpResult::boolean, \
   Pipe::pipe, meaning},
#include "lang/ops.def"
#undef LATHE_OP
  };
  return table[static_cast<size_t>(op)];
}

bool exists_for(Op op, DType type) {
  if (is_storage(type)) return op == Op::select;
  switch (info_of(op).operands) {
    case Operands::any: return true;
    case Operands::numbers: return type != DType::boolean;
    case Operands::integers: return is_integer(type);
    case Operands::logical: return !is_float(type);
    case Operands::floats: return is_float(type);
    case Operands::words: return type == DType::i32 || type == DType::i64;
  }
  return false;
}

bool converts(DType from, DType to) {
  return !is_storage(to) || from == to || (from == DType::f32 && !is_packed(to));
}

DType result_of(Op op, DType type) {
  switch (info_of(op).result) {
    case OpResult::same: break;
    case OpResult::boolean: return DType::boolean;
    case OpResult::integer: return type == DType::f32 ? DType::i32 : DType::i64;
    case OpResult::floating: return type == DType::i32 ? DType::f32 : DType::f64;
  }
  return type;
}

int infix_strength(Op op) {
  switch (op) {
    case Op::mul:
    case Op::div:
    case Op::mod: return 8;
    case Op::add:
    case Op::sub: return 7;
    case Op::shift_left:
    case Op::shift_right: return 6;
    case Op::bit_and: return 5;
    case Op::bit_xor: return 4;
    case Op::bit_or: return 3;
    case Op::lt:
    case Op::le:
    case Op::gt:
    case Op::ge: return 2;
    case Op::eq:
    case Op::ne: return 1;
    default: return 0;
  }
}

std::string_view name_of(Boundary boundary) {
  static constexpr std::array<std::string_view, 6> names = {"inside", "constant", "edge", "mirror", "wrap", "none"};
  return names[static_cast<size_t>(boundary)];
}

uint64_t name_bit(std::string_view name) {
  uint64_t h = 14695981039346656037u;
  for (char c : name) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return uint64_t{1} << (h >> 58);
}

namespace {

uint64_t mix(uint64_t seed, uint64_t value) {
  uint64_t h = (seed ^ value) * 0x9e3779b97f4a7c15u;
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93u;
  return h ^ (h >> 29);
}

uint64_t mix(uint64_t seed, std::string_view text) {
  uint64_t h = 0xcbf29ce484222325u;
  for (char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return mix(seed, h);
}

size_t hash_of(const ExprNode& n) {
  uint64_t h = mix(static_cast<uint64_t>(n.kind) + 1, (static_cast<uint64_t>(n.type.dtype) << 32) + n.type.lanes);
  switch (n.kind) {
    case ExprKind::constant: h = mix(mix(h, n.integer_value), std::bit_cast<uint64_t>(n.float_value)); break;
    case ExprKind::var: h = mix(h, n.name); break;
    case ExprKind::op: h = mix(h, static_cast<uint64_t>(n.op) + 1); break;
    case ExprKind::access:
      h = mix(mix(h, n.name), (static_cast<uint64_t>(n.component) << 8) + static_cast<uint64_t>(n.boundary));
      h = mix(mix(h, n.boundary_value.hash()), n.mask.hash());
      break;
    case ExprKind::reduce:
      for (const ReductionVar& r : n.rvars) h = mix(mix(h, r.name), r.extent.hash());
      h = mix(h, n.combiner ? std::string_view(n.combiner->name) : std::string_view());
      break;
    default: break;
  }
  for (const Expr& a : n.args) h = mix(h, a.hash());
  return h == 0 ? 1 : h;
}

template <class T>
int compare(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int compare(const std::string& a, const std::string& b) { return a.compare(b); }

int compare(const ReductionVar& a, const ReductionVar& b) {
  const int by_name = a.name.compare(b.name);
  return by_name != 0 ? by_name : compare(a.extent, b.extent);
}

template <class T>
int compare(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  for (size_t i = 0; i < a.size(); ++i) {
    if (int c = compare(a[i], b[i])) return c;
  }
  return 0;
}

int compare(const std::shared_ptr<const Combiner>& a, const std::shared_ptr<const Combiner>& b) {
  if (a == b) return 0;
  if (!a || !b) return a ? 1 : -1;
  if (int c = compare(a->name, b->name)) return c;
  if (int c = compare(a->left, b->left)) return c;
  if (int c = compare(a->right, b->right)) return c;
  if (int c = compare(a->identity, b->identity)) return c;
  return compare(a->combined, b->combined);
}

int compare_access(const ExprNode& a, const ExprNode& b) {
  if (int c = compare(a.component, b.component)) return c;
  if (int c = compare(a.boundary, b.boundary)) return c;
  if (int c = compare(a.boundary_value, b.boundary_value)) return c;
  return compare(a.mask, b.mask);
}

}  // namespace

int compare(const Expr& a, const Expr& b) {
  if (a.get() == b.get()) return 0;
  if (!a.defined() || !b.defined()) return a.defined() ? 1 : -1;
  const ExprNode &m = *a, &n = *b;
  if (int c = compare(m.kind, n.kind)) return c;
  if (int c = compare(m.type.dtype, n.type.dtype)) return c;
  if (int c = compare(m.type.lanes, n.type.lanes)) return c;
  switch (m.kind) {
    case ExprKind::constant: {
      if (int c = compare(m.integer_value, n.integer_value)) return c;
      return compare(std::bit_cast<int64_t>(m.float_value), std::bit_cast<int64_t>(n.float_value));
    }
    case ExprKind::var: return compare(m.name, n.name);
    case ExprKind::op:
      if (int c = compare(m.op, n.op)) return c;
      break;
    case ExprKind::access:
      if (int c = compare(m.name, n.name)) return c;
      if (int c = compare_access(m, n)) return c;
      break;
    case ExprKind::reduce:
      if (int c = compare(m.rvars, n.rvars)) return c;
      if (int c = compare(m.combiner, n.combiner)) return c;
      break;
    default: break;
  }
  return compare(m.args, n.args);
}

bool Expr::operator==(const Expr& other) const {
  return node_ == other.node_ || (hash() == other.hash() && compare(*this, other) == 0);
}

bool Expr::operator<(const Expr& other) const { return compare(*this, other) < 0; }

Expr finished(std::shared_ptr<ExprNode> node) {
  node->hash = hash_of(*node);
  node->names = node->kind == ExprKind::var ? name_bit(node->name) : 0;
  auto add = [&](const Expr& child) { if (child.defined()) node->names |= child->names; };
  for (const Expr& child : node->args) add(child);
  add(node->boundary_value);
  add(node->mask);
  for (const ReductionVar& r : node->rvars) add(r.extent);
  return Expr(std::move(node));
}

Expr make_node(ExprNode node) {
  node.normal = false;
  return finished(std::allocate_shared<ExprNode>(NodeAllocator<ExprNode>(), std::move(node)));
}

}  // namespace lathe
