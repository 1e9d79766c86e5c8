// Updates (docs/design/updates.md): a nest of their own behind that of the definition, over the indices that stay free and
// the domain. What they write outside of the region that is stored nobody reads: it is left out.
#include <fmt/format.h>

#include "jit/lower/lets.h"
#include "jit/lower/nest_emitter.h"

namespace lathe {

using ir::Stmt;

// The domain runs in lexicographic order; free indices may stand anywhere among its loops.
void NestEmitter::check_update_order() const {
  size_t at = 0;
  for (const Loop& loop : nest_.loops) {
    if (!loop.reduction) continue;
    if (loop.kind == ir::LoopKind::vector) {
      throw Error(ErrorCode::illegal_schedule,
                  {"schedule", fmt::format("the loop {} of {} is a vector", loop.name, func_.name), "a loop over its domain",
                   "a loop over an index that stays free", loop.where, "later points of the domain may read what earlier ones wrote"});
    }
    while (at < func_.rvars.size() && func_.rvars[at].name != loop.root) ++at;
    if (at < func_.rvars.size()) continue;
    throw Error(ErrorCode::illegal_schedule,
                {"schedule", fmt::format("the loops of {} are reordered", func_.name), loop.name,
                 "the written order of its domain", nest_.order, "later points of the domain may read what earlier ones wrote"});
  }
}

Stmt NestEmitter::leaf_write(const Scope& scope) {
  const FuncContents& func = *target_->func;
  const Update& update = *target_->update;
  Lets lets(lowering_, scope.facts);
  std::vector<Expr> point, values;
  Expr stored;
  for (size_t d = 0; d < update.indices.size(); ++d) {
    Expr index = simplify(translate(update.indices[d], scope), scope.facts);
    bool is_data = false;
    visit(index, [&](const Expr& e) { is_data = is_data || e.kind() == ExprKind::access; });
    if (is_data) {
      const auto range = interval_of(index, {}, scope.facts);
      index = lets.opaque(func.name + ".at", index);
      if (range) lets.facts().bound(index->name, range->lowest, range->highest);   // that of its type, such as u8
    }
    point.push_back(index);
    if (update.indices[d] == make_var(func.vars[d])) continue;
    const Expr end = target_->lowest[d] + target_->extent[d];
    const Expr here = simplify(ge(index, target_->lowest[d]) & lt(index, end), lets.facts());
    int64_t known = 0;
    if (is_integer_constant(here, &known) && known) continue;
    stored = stored.defined() ? stored & here : here;
  }
  for (const Expr& value : update.values) values.push_back(translate(value, scope));
  Stmt s = store_at(point, values, lowering_.storage.at(func.name), func, scope, false);
  return lets.wrap(stored.defined() ? ir::make_branch(stored, s) : s);
}

}  // namespace lathe
