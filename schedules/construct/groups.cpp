#include "schedules/construct/groups.h"

#include <algorithm>

#include "schedules/construct/panel.h"
#include "schedules/instruction_match.h"

namespace lathe::construct {

namespace {

// Every index is one variable, and only this read stands for the tensor: a copy of it can be laid out by the variables.
bool can_be_copied(const NestFacts& nest, const Read& read) {
  const auto reads = std::count_if(nest.reads.begin(), nest.reads.end(), [&](const Read& r) { return r.tensor == read.tensor; });
  return nest.op.find_input(read.tensor) && reads == 1 &&
         std::all_of(read.at.begin(), read.at.end(), [](const Expr& at) { return at.kind() == ExprKind::var; });
}

// The operand of vectors that a copy gives its groups, where groups of `term` lie side by side in all others.
std::optional<Read> copied_operand(const NestFacts& nest, const Axes& axes, const std::vector<Expr>& operands, const std::string& term) {
  std::optional<Read> copied;
  for (const Expr& e : operands) {
    if (e->boundary != Boundary::inside) return std::nullopt;
    Read read{e->name, e.args()};
    const Move along = move_of(read, axes.vector), group = move_of(read, term);
    if (along == Move::none && group == Move::contiguous) continue;
    const bool rows_of_terms = along == Move::contiguous && group == Move::strided && move_of(read, axes.rows) == Move::none;
    if (!rows_of_terms || copied || !can_be_copied(nest, read)) return std::nullopt;
    copied = std::move(read);
  }
  return copied;
}

}  // namespace

std::optional<Groups> groups_of(const NestFacts& nest, const Axes& axes) {
  if (nest.op.strict || axes.rows.empty()) return std::nullopt;
  const Instruction* instruction = instruction_for(nest.target, nest.func, nest.values[0]);
  if (!instruction) return std::nullopt;
  const InstructionMatch meant = *match(*instruction, nest.func, nest.values[0]);
  for (const std::string& term : nest.terms()) {
    const std::optional<Read> copied = copied_operand(nest, axes, meant.operands, term);
    if (!copied) continue;
    const Expr bytes = bytes_read(nest, axes, *copied);
    return Groups{std::string(instruction->name), meant.group, term, *copied, bytes_of(nest.op.find_input(copied->tensor)->dtype),
                  gt(bytes, half_of_second_cache()), le(bytes, half_of_second_cache())};
  }
  return std::nullopt;
}

}  // namespace lathe::construct
