// An instruction in the place of a loop over terms: each operand is a group of neighbours for each lane.
//
//   for r in 0, 4 unroll { C.acc[j] = C.acc[j] + i32(A[i, ko*4 + r]) * i32(B[ko, j, r]) }
//   C.acc[j] = instruction(vpdpbusd, C.acc[j], A[i, ramp(ko*4, 1, 4)], B[ko, j, ramp(0, 1, 4)])
#include <fmt/format.h>

#include <algorithm>

#include "jit/lower/check_directives.h"
#include "jit/lower/lets.h"
#include "jit/lower/nest_emitter.h"
#include "lang/text.h"
#include "targets/instruction.h"

namespace lathe {

// Nothing where some term may be absent or moved by a boundary rule: the terms are written one by one there.
std::optional<std::vector<Expr>> NestEmitter::operands_of(const Tensorizing& t, const Scope& scope) {
  const int64_t group = nest_.constant_extent(*nest_.find(t.loop));
  std::vector<Expr> operands;
  absent_.clear();
  for (const Expr& e : t.operands) {
    Expr first;
    for (int64_t term = 0; term < group; ++term) {
      Scope at = scope;
      at.value[t.loop] = integer(term);
      const Expr read = translate_access(e, at);
      const bool plain = read.kind() == ExprKind::access && absent_.empty();
      absent_.clear();
      if (!plain) return std::nullopt;
      if (term == 0) first = read;
      std::vector<Expr> place = read.args();
      place.back() = simplify(place.back() - integer(term), scope.facts);
      const bool neighbours =
          place.size() == first.args().size() &&
          std::equal(place.begin(), place.end(), first.args().begin(),
                     [&](const Expr& a, const Expr& b) { return is_zero(simplify(a - b, scope.facts)); });
      if (neighbours && read->name == first->name) continue;
      refuse(ErrorCode::illegal_schedule, t.directive, fmt::format("{} at neighbouring {} lie apart", print(e), t.loop),
             "the terms of a group side by side in memory",
             fmt::format("stage_at and layout, with {} in its last digit", t.loop));
    }
    ExprNode node = *first;
    node.args.back() = make_ramp(first.args().back(), integer(1), static_cast<int>(group));
    node.type = first.type().with_lanes(static_cast<int>(group));
    if (node.mask.defined()) node.mask = make_broadcast(node.mask, static_cast<int>(group));
    operands.push_back(make_access(std::move(node)));
  }
  return operands;
}

}  // namespace lathe
