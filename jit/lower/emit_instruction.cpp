// An instruction in the place of a loop over terms: each operand is a group of neighbours for each lane.
//
//   for r in 0, 4 unroll { C.acc[j] = C.acc[j] + i32(A[i, ko*4 + r]) * i32(B[ko, j, r]) }
//   C.acc[j] = instruction(vpdpbusd, C.acc[j], A[i, ramp(ko*4, 1, 4)], B[ko, j, ramp(0, 1, 4)])
//
// Of a last group that is not full, absent elements read as zeros where these make terms that change nothing:
//
//   C.acc[j] = instruction(vpdpbusd, C.acc[j], A[i, ramp(ko*4, 1, 4)] if ramp(0, 1, 4) < broadcast(k.rest, 4), B[ko, j, ramp(0, 1, 4)])
#include <fmt/format.h>

#include <algorithm>

#include "jit/lower/check_directives.h"
#include "jit/lower/lets.h"
#include "jit/lower/nest_emitter.h"
#include "lang/text.h"
#include "targets/instruction.h"

namespace lathe {

namespace {

// The tensor's copy keeps the whole group together: there are places for all of it.
bool holds_groups(const Scope& scope, const std::string& tensor, int64_t group) {
  const auto copy = scope.staged.find(tensor);
  if (copy == scope.staged.end() || copy->second.digits.empty()) return false;
  const LayoutDigit& last = copy->second.digits.back();
  return last.divisor == 1 && last.modulus > 0 && last.modulus % group == 0;
}

// Whether an integer value is 0 where these reads are.
bool is_zero_with(const Expr& e, const std::vector<Expr>& zeros) {
  if (!is_integer(e.type().dtype)) return false;
  if (std::find(zeros.begin(), zeros.end(), e) != zeros.end() || is_zero(e)) return true;
  if (e.kind() == ExprKind::cast) return is_zero_with(e.arg(0), zeros);
  if (e.is_op(Op::mul)) return is_zero_with(e.arg(0), zeros) || is_zero_with(e.arg(1), zeros);
  return false;
}

}  // namespace

// Nothing where some term may be absent or moved by a boundary rule: the terms are written one by one there.
std::optional<std::vector<Expr>> NestEmitter::operands_of(const Tensorizing& t, const Scope& scope) {
  const int64_t group = nest_.constant_extent(*nest_.find(t.loop));
  std::vector<Expr> operands;
  Expr present;                                             // elements of a group that is not full
  if (const auto valid = scope.valid.find(t.loop); valid != scope.valid.end()) {
    std::vector<Expr> zeros;
    for (const Expr& e : t.operands) if (!holds_groups(scope, e->name, group)) zeros.push_back(e);
    if (!is_zero(func_.combiner->identity[0]) || !is_zero_with(func_.values[0], zeros)) return std::nullopt;
    const int lanes = static_cast<int>(group);
    present = lt(make_ramp(integer(0), integer(1), lanes), make_broadcast(valid->second, lanes));
  }
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
    if (present.defined() && !holds_groups(scope, e->name, group)) node.mask = node.mask.defined() ? node.mask & present : present;
    operands.push_back(make_access(std::move(node)));
  }
  return operands;
}

}  // namespace lathe
