// before   for k in 0, K serial { C[ramp(0, 1, 8)] = C[ramp(0, 1, 8)] + B[ramp(k*ldb, 1, 8)] if ramp(0, 1, 8) < broadcast(cols, 8) }
// after    let mask.0 = ramp(0, 1, 8) < broadcast(cols, 8)
//          for k in 0, K serial { C[ramp(0, 1, 8)] = C[ramp(0, 1, 8)] + B[ramp(k*ldb, 1, 8)] if mask.0 }
//
// Why here: masks exist only after expansion, and must not be computed again in each step of an inner loop. Refuses masks
// that depend on the loop.
#include "jit/passes/hoist_masks.h"

#include <map>
#include <set>

namespace lathe {

namespace {

using ir::Stmt;
using ir::StmtKind;

class Hoister {
 public:
  Stmt walk(const Stmt& s) {
    if (!s) return s;
    if (s->kind == StmtKind::loop) return loop(s);
    return ir::with_changed_children(s, [&](const Stmt& child) { return walk(child); });
  }

 private:
  Stmt loop(const Stmt& s) {
    std::set<std::string> inside{s->name};
    ir::visit(s->body[0], [&](const ir::StmtNode& node) {
      if (node.kind == StmtKind::let || node.kind == StmtKind::loop) inside.insert(node.name);
    });
    std::map<Expr, std::string> names;
    auto name_masks = [&](const Expr& e) { return replaced(e, inside, names); };
    Stmt result = ir::with_changed_children(
        s, [&](const Stmt& body) { return walk(ir::transform(body, {}, name_masks)); });
    for (const auto& [mask, name] : names) result = ir::make_let(name, mask, result);
    return result;
  }

  static bool is_mask(const Expr& e) {
    return e.type().dtype == DType::boolean && e.type().lanes > 1 && e.kind() == ExprKind::op;
  }

  Expr replaced(const Expr& e, const std::set<std::string>& inside, std::map<Expr, std::string>& names) {
    if (e.type().lanes == 1) return e;                      // no vector stands in a scalar
    if (is_mask(e) && invariant(e, inside)) {
      auto [it, fresh] = names.try_emplace(e, "");
      if (fresh) it->second = "mask." + std::to_string(count_++);
      return make_var(it->second, e.type());
    }
    return with_changed_children(e, [&](const Expr& child) { return replaced(child, inside, names); });
  }

  static bool invariant(const Expr& e, const std::set<std::string>& inside) {
    bool fixed = true;
    visit(e, [&](const Expr& node) {
      if (node.kind() == ExprKind::access || (node.kind() == ExprKind::var && inside.count(node->name))) fixed = false;
    });
    return fixed;
  }

  int count_ = 0;
};

}  // namespace

ir::Program hoist_masks(const ir::Program& program) {
  ir::Program result = program;
  for (ir::Function& f : result.functions) f.body = Hoister().walk(f.body);
  return result;
}

}  // namespace lathe
