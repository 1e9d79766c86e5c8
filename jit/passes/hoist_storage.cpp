// before   for i in 0, M serial {
//            alloc row: f32[K] heap
//            alloc top: f32[1] heap
//            row[0] = A[i*lda]
//            top[0] = row[0]
//            C[i] = top[0]
//          }
// after    alloc row: f32[K] heap
//          for i in 0, M serial {
//            alloc top: f32[1] stack
//            row[0] = A[i*lda]
//            top[0] = row[0]
//            C[i] = top[0]
//          }
//
// A call of the allocator in each row costs as much as a short row. Of a parallel loop storage stays private to an iteration,
// and moves to the top of its body, from where code generation shares it between the iterations that one thread runs.
//
// Why here: extents are flat and simple, and pieces of code are not functions yet, from which nothing moves. Refuses storage
// whose extents depend on the loop or on what stands in a branch, in a unit or in lockstep.
#include "jit/passes/hoist_storage.h"

#include <algorithm>

#include "analysis/simplify.h"

namespace lathe {

namespace {

using ir::LoopKind;
using ir::Stmt;
using ir::StmtKind;

constexpr int64_t kStackBytes = 1024;                       // of one buffer

bool fits_stack(const ir::StmtNode& alloc) {
  int64_t bytes = bytes_of(alloc.dtype);
  for (const Expr& extent : alloc.values) {
    int64_t value = 0;
    if (!is_integer_constant(extent, &value) || value > kStackBytes) return false;
    bytes *= std::max<int64_t>(value, 1);
  }
  return bytes <= kStackBytes;
}

bool reads_memory(const Expr& e) {
  bool found = false;
  visit(e, [&](const Expr& node) { found = found || node.kind() == ExprKind::access; });
  return found;
}

// Storage taken out of a body: the nodes without their bodies.
using Storage = std::vector<ir::StmtNode>;

bool depends_on(const ir::StmtNode& alloc, const std::string& name) {
  return std::any_of(alloc.values.begin(), alloc.values.end(), [&](const Expr& e) { return uses_var(e, name); });
}

Stmt wrapped(Storage storage, Stmt body) {
  for (size_t i = storage.size(); i-- > 0;) {
    storage[i].body = {std::move(body)};
    body = std::make_shared<const ir::StmtNode>(std::move(storage[i]));
  }
  return body;
}

// The statement without the storage at its top, through lets and blocks; extents are written by what lets stand for.
Stmt taken_out(const Stmt& s, Storage& storage) {
  if (!s || s->unit) return s;
  if (s->kind == StmtKind::block) {
    return ir::with_changed_children(s, [&](const Stmt& child) { return taken_out(child, storage); });
  }
  if (s->kind == StmtKind::alloc && s->space == ir::Space::heap) {
    storage.push_back(*s);
    storage.back().body.clear();
    return taken_out(s->body[0], storage);
  }
  if (s->kind == StmtKind::alloc) {
    return ir::with_changed_children(s, [&](const Stmt& child) { return taken_out(child, storage); });
  }
  if (s->kind != StmtKind::let) return s;
  Storage inside, staying;
  Stmt body = taken_out(s->body[0], inside);
  for (ir::StmtNode& alloc : inside) {
    if (depends_on(alloc, s->name) && reads_memory(s->value(0))) {
      staying.push_back(std::move(alloc));
      continue;
    }
    for (Expr& extent : alloc.values) extent = simplify(substitute(extent, {{s->name, s->value(0)}}));
    storage.push_back(std::move(alloc));
  }
  return ir::make_let(s->name, s->value(0), wrapped(std::move(staying), body), s->held);
}

Stmt hoisted(const Stmt& s) {
  if (!s) return s;
  Stmt done = ir::with_changed_children(s, hoisted);
  if (done->kind == StmtKind::alloc && done->space == ir::Space::heap && fits_stack(*done)) {
    ir::StmtNode node = *done;
    node.space = ir::Space::stack;
    return std::make_shared<const ir::StmtNode>(std::move(node));
  }
  if (done->kind != StmtKind::loop || done->unit || done->loop == LoopKind::vector || done->loop == LoopKind::unroll) return done;
  Storage storage, leaving, staying;
  Stmt body = taken_out(done->body[0], storage);
  if (storage.empty()) return done;
  const bool parallel = done->loop == LoopKind::parallel;
  for (ir::StmtNode& alloc : storage) {
    const bool leaves = !parallel && !depends_on(alloc, done->name);
    (leaves ? leaving : staying).push_back(std::move(alloc));
  }
  // What does not depend on the iteration first: tasks take it from the top.
  std::stable_partition(staying.begin(), staying.end(), [&](const ir::StmtNode& a) { return !depends_on(a, done->name); });
  Stmt loop = ir::with_changed_children(done, [&](const Stmt&) { return wrapped(std::move(staying), body); });
  return wrapped(std::move(leaving), loop);
}

}  // namespace

ir::Program hoist_storage(const ir::Program& program) {
  ir::Program result = program;
  for (ir::Function& f : result.functions) f.body = hoisted(f.body);
  return result;
}

}  // namespace lathe
