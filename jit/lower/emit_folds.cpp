// Places in folded storage: a remainder by a size that is not known is a division. Where terms move a read within the entries
// that are kept, one division for all of them is enough:
//
//   P[(y + r) % R]      let P.first = y % R           as soon as y is known
//                       let P.place = select(P.first + r < R, P.first + r, P.first + r - R)
#include "jit/lower/lets.h"
#include "jit/lower/nest_emitter.h"

namespace lathe {

void NestEmitter::enter_folds(Scope& scope, Lets& lets) {
  for (const Expr& value : all_values()) {
    visit(value, [&](const Expr& e) {
      if (e.kind() != ExprKind::access || scope.staged.count(e->name)) return;
      const auto from = lowering_.storage.find(e->name);
      if (from == lowering_.storage.end()) return;
      for (size_t d = 0; d < e.args().size(); ++d) {
        const Expr& fold = from->second.fold[d];
        if (fold.defined() && !is_integer_constant(fold)) enter_fold(e, d, fold, scope, lets);
      }
    });
  }
}

void NestEmitter::enter_fold(const Expr& e, size_t d, const Expr& fold, Scope& scope, Lets& lets) {
  Substitution first;                                       // terms that are not known yet
  for (const auto& [root, minimum] : root_minimum_) {
    if (!uses_var(e.arg(d), root) || bound(root, scope)) continue;
    if (!is_reduction_variable(root)) return;
    first.push_back({root, integer(0)});
  }
  const auto entry_of = [&](const std::string& name, const Expr& at) {
    const Expr entry = lets.opaque(e->name + name, at);
    lets.facts().bound(entry->name, integer(0), simplify(fold - integer(1), scope.facts));
    return entry;
  };
  const auto known = scope.folded.find({e, d});
  if (known == scope.folded.end()) {
    if (first.empty()) return;
    const Expr index = simplify(translate(substitute(e.arg(d), first), scope), scope.facts);
    scope.folded[{e, d}] = {index, entry_of(".first", index % fold), {}};
  } else if (first.empty() && !known->second.place.defined()) {
    FoldedIndex& folded = known->second;
    const Expr rest = simplify(translate(e.arg(d), scope) - folded.index, scope.facts);
    if (!scope.facts.at_most(integer(0), rest) || !scope.facts.at_most(rest, fold - integer(1))) return;
    const Expr at = folded.first + rest;
    folded.place = entry_of(".place", select(lt(at, fold), at, at - fold));
  }
}

bool NestEmitter::is_reduction_variable(const std::string& name) const {
  for (const ReductionVar& r : func_.rvars) if (r.name == name) return true;
  return false;
}

}  // namespace lathe
