// Makers of statements, and the walks over them that everything else is written with.
#include "jit/ir/ir.h"

#include <algorithm>

#include "support/node_pool.h"

namespace lathe::ir {

namespace {

Stmt node(StmtNode n) { return std::allocate_shared<const StmtNode>(NodeAllocator<StmtNode>(), std::move(n)); }

// Without nulls, and with the statements of inner blocks in place of those blocks.
std::vector<Stmt> spliced(std::vector<Stmt> body) {
  std::vector<Stmt> flat;
  for (Stmt& s : body) {
    if (!s) continue;
    if (s->kind == StmtKind::block && !s->unit) {
      flat.insert(flat.end(), s->body.begin(), s->body.end());
    } else {
      flat.push_back(std::move(s));
    }
  }
  return flat;
}

bool same(const Expr& a, const Expr& b) { return a.get() == b.get(); }

// Rebuilds one statement from changed parts. The copy of the node is made at the first change, so that a statement
// nothing happened to stays the object it was.
class Rebuild {
 public:
  explicit Rebuild(const Stmt& from) : from_(from) {}

  void expressions(const std::function<Expr(const Expr&)>& change) {
    list(&StmtNode::values, change);
    list(&StmtNode::strides, change);
    if (from_->mask.defined()) {
      Expr mask = change(from_->mask);
      if (!same(mask, from_->mask)) copy().mask = std::move(mask);
    }
    if (from_->streaming.defined()) {
      Expr streaming = change(from_->streaming);
      if (!same(streaming, from_->streaming)) copy().streaming = std::move(streaming);
    }
    for (size_t i = 0; i < from_->buffers.size(); ++i) {
      Expr offset = change(from_->buffers[i].offset);
      if (!same(offset, from_->buffers[i].offset)) copy().buffers[i].offset = std::move(offset);
    }
  }

  // A child that became nothing leaves an empty body; an else branch disappears.
  void children(const std::function<Stmt(const Stmt&)>& change) {
    for (size_t i = 0; i < from_->body.size(); ++i) {
      Stmt child = from_->body[i] ? change(from_->body[i]) : nullptr;
      if (child != from_->body[i]) copy().body[i] = std::move(child);
    }
    if (!copy_) return;
    auto& body = copy_->body;
    if (copy_->kind == StmtKind::branch && body.size() > 1 && !body.back()) body.pop_back();
    if (copy_->kind == StmtKind::block) body = spliced(std::move(body));
  }

  // Blocks keep the form make_block gives them.
  Stmt result() {
    if (!copy_) return from_;
    if (copy_->kind != StmtKind::block || copy_->unit) return copy_;
    return make_block(std::move(copy_->body));
  }

 private:
  void list(std::vector<Expr> StmtNode::* member, const std::function<Expr(const Expr&)>& change) {
    for (size_t i = 0; i < ((*from_).*member).size(); ++i) {
      const Expr& old = ((*from_).*member)[i];
      Expr changed = change(old);
      if (!same(changed, old)) (copy().*member)[i] = std::move(changed);
    }
  }
  StmtNode& copy() {
    if (!copy_) copy_ = std::allocate_shared<StmtNode>(NodeAllocator<StmtNode>(), *from_);
    return *copy_;
  }

  const Stmt& from_;
  std::shared_ptr<StmtNode> copy_;
};

void for_each_expression(const StmtNode& s, const std::function<void(const Expr&)>& see) {
  for (const Expr& e : s.values) see(e);
  for (const Expr& e : s.strides) see(e);
  if (s.mask.defined()) see(s.mask);
  if (s.streaming.defined()) see(s.streaming);
  for (const BufferArgument& b : s.buffers) see(b.offset);
}

}  // namespace

const Function* Program::find(std::string_view wanted) const {
  auto it = std::find_if(functions.begin(), functions.end(), [&](const Function& f) { return f.name == wanted; });
  return it == functions.end() ? nullptr : &*it;
}

Stmt make_block(std::vector<Stmt> body) {
  body = spliced(std::move(body));
  if (body.empty()) return nullptr;
  if (body.size() == 1) return body.front();
  return node({.kind = StmtKind::block, .body = std::move(body)});
}

Stmt make_let(std::string name, Expr value, Stmt body, bool held) {
  return node(
      {.kind = StmtKind::let, .name = std::move(name), .values = {std::move(value)}, .body = {std::move(body)}, .held = held});
}

Stmt make_loop(std::string name, Expr min, Expr extent, LoopKind kind, Stmt body, Expr when) {
  std::vector<Expr> values = {std::move(min), std::move(extent)};
  if (when.defined()) values.push_back(std::move(when));
  return node({.kind = StmtKind::loop,
               .name = std::move(name),
               .values = std::move(values),
               .body = {std::move(body)},
               .loop = kind});
}

Stmt make_branch(Expr condition, Stmt yes, Stmt no) {
  std::vector<Stmt> body = {std::move(yes)};
  if (no) body.push_back(std::move(no));
  return node({.kind = StmtKind::branch, .values = {std::move(condition)}, .body = std::move(body)});
}

Stmt make_alloc(std::string name, DType dtype, Space space, std::vector<Expr> extents, Stmt body) {
  return node({.kind = StmtKind::alloc,
               .name = std::move(name),
               .values = std::move(extents),
               .body = {std::move(body)},
               .space = space,
               .dtype = dtype});
}

Stmt make_store(std::string buffer, std::vector<Expr> indices, Expr value, Expr mask) {
  indices.insert(indices.begin(), std::move(value));
  return node(
      {.kind = StmtKind::store, .name = std::move(buffer), .values = std::move(indices), .mask = std::move(mask)});
}

Stmt make_trace(std::string name, Expr value, std::vector<Expr> indices) {
  indices.insert(indices.begin(), std::move(value));
  return node({.kind = StmtKind::trace, .name = std::move(name), .values = std::move(indices)});
}

Stmt make_prefetch(std::string buffer, std::vector<Expr> indices, Request request) {
  return node({.kind = StmtKind::prefetch, .name = std::move(buffer), .values = std::move(indices), .request = request});
}

Stmt make_call(std::string function, std::vector<Expr> values, std::vector<BufferArgument> buffers) {
  return node({.kind = StmtKind::call,
               .name = std::move(function),
               .values = std::move(values),
               .buffers = std::move(buffers)});
}

Stmt make_unit(Stmt body) {
  if (!body) return nullptr;
  if (body->unit) return body;
  if (body->kind == StmtKind::loop || body->kind == StmtKind::block) {
    StmtNode marked = *body;
    marked.unit = true;
    return node(std::move(marked));
  }
  return node({.kind = StmtKind::block, .body = {std::move(body)}, .unit = true});
}

Stmt transform(const Stmt& s, const std::function<Stmt(const Stmt&)>& on_stmt,
               const std::function<Expr(const Expr&)>& on_expr) {
  if (!s) return nullptr;
  Rebuild rebuild(s);
  if (on_expr) rebuild.expressions(on_expr);
  rebuild.children([&](const Stmt& child) { return transform(child, on_stmt, on_expr); });
  Stmt rebuilt = rebuild.result();
  return rebuilt && on_stmt ? on_stmt(rebuilt) : rebuilt;
}

void visit(const Stmt& s, const std::function<void(const StmtNode&)>& on_stmt,
           const std::function<void(const Expr&)>& on_expr) {
  if (!s) return;
  if (on_stmt) on_stmt(*s);
  if (on_expr) for_each_expression(*s, on_expr);
  for (const Stmt& child : s->body) visit(child, on_stmt, on_expr);
}

Stmt with_changed_children(const Stmt& s, const std::function<Stmt(const Stmt&)>& change) {
  Rebuild rebuild(s);
  rebuild.children(change);
  return rebuild.result();
}

Stmt with_changed_expressions(const Stmt& s, const std::function<Expr(const Expr&)>& change) {
  Rebuild rebuild(s);
  rebuild.expressions(change);
  return rebuild.result();
}

Stmt substitute(const Stmt& s, const Substitution& values) {
  if (values.empty()) return s;
  return transform(s, {}, [&](const Expr& e) { return lathe::substitute(e, values); });
}

bool equal(const Stmt& a, const Stmt& b) {
  if (a == b) return true;
  if (!a || !b) return false;
  return a->kind == b->kind && a->name == b->name && a->values == b->values && a->loop == b->loop &&
         a->space == b->space && a->dtype == b->dtype && a->strides == b->strides && a->align_bytes == b->align_bytes && a->mask == b->mask &&
         a->streaming == b->streaming && a->request == b->request && a->buffers == b->buffers && a->unit == b->unit &&
         std::equal(a->body.begin(), a->body.end(), b->body.begin(), b->body.end(), equal);
}

size_t count_nodes(const Stmt& s) {
  size_t count = 0;
  visit(s, [&](const StmtNode&) { ++count; }, [&](const Expr& e) { lathe::visit(e, [&](const Expr&) { ++count; }); });
  return count;
}

}  // namespace lathe::ir
