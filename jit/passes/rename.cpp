#include "jit/passes/rename.h"

namespace lathe {

using ir::Stmt;
using ir::StmtKind;

std::string Renamer::fresh(const std::string& name) {
  // The suffix of an earlier copy is replaced, so that names do not grow with each copy.
  std::string base = name.substr(0, name.rfind(".x"));
  return base + ".x" + std::to_string(used_[base]++);
}

Stmt Renamer::copy(const Stmt& s, const Substitution& values) {
  Substitution vars = values;
  std::map<std::string, std::string> buffers;
  std::map<std::string, std::string> names;
  ir::visit(s, [&](const ir::StmtNode& node) {
    if (node.kind == StmtKind::let || node.kind == StmtKind::loop) {
      names[node.name] = fresh(node.name);
      Type type = node.kind == StmtKind::let ? node.values[0].type() : Type{DType::i64, 1};
      vars.push_back({node.name, make_var(names[node.name], type)});
    } else if (node.kind == StmtKind::alloc) {
      buffers[node.name] = fresh(node.name);
    }
  });
  auto on_expr = [&](const Expr& e) {
    Expr replaced = substitute(e, vars);
    if (buffers.empty()) return replaced;
    return lathe::transform(replaced, [&](const Expr& node) {
      if (node.kind() != ExprKind::access || !buffers.count(node->name)) return node;
      ExprNode renamed = *node;
      renamed.name = buffers.at(node->name);
      return make_access(std::move(renamed));
    });
  };
  auto on_stmt = [&](const Stmt& node) {
    bool defines = names.count(node->name) && (node->kind == StmtKind::let || node->kind == StmtKind::loop);
    bool mentions = buffers.count(node->name) && (node->kind == StmtKind::alloc || node->kind == StmtKind::store ||
                                                  node->kind == StmtKind::prefetch);
    if (!defines && !mentions && node->buffers.empty()) return node;
    ir::StmtNode renamed = *node;
    if (defines) renamed.name = names.at(node->name);
    if (mentions) renamed.name = buffers.at(node->name);
    for (ir::BufferArgument& b : renamed.buffers) if (buffers.count(b.name)) b.name = buffers.at(b.name);
    return Stmt(std::make_shared<const ir::StmtNode>(std::move(renamed)));
  };
  return ir::transform(s, on_stmt, on_expr);
}

std::string fresh_unit_name(const ir::Program& program, int& next) {
  std::string name;
  do name = "unit_" + std::to_string(next++);
  while (program.find(name));
  return name;
}

}  // namespace lathe
