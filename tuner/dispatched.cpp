#include "tuner/dispatched.h"

#include "jit/lower/condition_facts.h"
#include "tuner/executed.h"

namespace lathe::tuner {

namespace {

using ir::StmtKind;
using ir::StmtNode;

std::vector<Expr> conjuncts(const Expr& condition) {
  std::vector<Expr> list;
  if (!condition.defined()) return list;
  for_each_conjunct(condition, [&](const Expr& e) {
    const bool unit = e.is_op(Op::eq) && e.arg(0).kind() == ExprKind::var &&
                      e.arg(0)->name.find(".stride.") != std::string::npos && e.arg(1) == Expr(int64_t{1});
    if (!unit) list.push_back(e);
  });
  return list;
}

// The entry is a chain of branches, each with a call where its condition holds (docs/design/dispatch.md).
void ask(const StmtNode& s, std::map<std::string, int64_t> scalars, Substitution lets, const Expr& condition,
         std::vector<Asked>& asked) {
  switch (s.kind) {
    case StmtKind::let:
      if (const auto known = known_value(s.value(0), scalars)) scalars[s.name] = *known;
      lets.push_back({s.name, substitute(s.value(0), lets)});
      return ask(*s.body[0], std::move(scalars), std::move(lets), condition, asked);
    case StmtKind::branch: {
      const bool holds = known_value(s.value(0), scalars).value_or(1) != 0;
      const Expr here = substitute(s.value(0), lets);
      if (!holds && s.body[0]->kind == StmtKind::call) asked.push_back({s.body[0]->name, conjuncts(here), false});
      if (holds) return ask(*s.body[0], std::move(scalars), std::move(lets), here, asked);
      if (s.body.size() > 1) ask(*s.body[1], std::move(scalars), std::move(lets), {}, asked);
      return;
    }
    case StmtKind::call:
      asked.push_back({s.name, conjuncts(condition), true});
      return;
    default:
      return;
  }
}

}  // namespace

std::vector<Asked> dispatched(const ir::Program& program, const std::map<std::string, int64_t>& scalars) {
  std::vector<Asked> asked;
  if (program.entry().body) ask(*program.entry().body, scalars, {}, {}, asked);
  return asked;
}

}  // namespace lathe::tuner
