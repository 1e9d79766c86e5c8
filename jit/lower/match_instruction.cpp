#include "jit/lower/match_instruction.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "jit/lower/check_directives.h"
#include "lang/text.h"
#include "schedules/instruction_match.h"

namespace lathe {
namespace {

std::string text_of_meaning(const Instruction& instruction) {
  const std::string text(instruction.meaning);
  return text.substr(0, text.find_last_not_of("\n") + 1);
}

const Instruction& instruction_of(const Directive& d) {
  if (const Instruction* found = instruction_named(d.name)) return *found;
  const std::vector<std::string> names = instruction_names();
  const std::string near = nearest_name(d.name, names);
  refuse(ErrorCode::unknown_name, d, d.name, fmt::format("one of {}", fmt::join(names, ", ")),
         near.empty() ? "" : fmt::format("did you mean {}?", near));
}

// One group of terms a lane, all real, next to each other in time as well.
void check_loop(const Nest& nest, const Directive& d, int64_t group) {
  const Loop& loop = *nest.find(d.loops.at(0));
  const std::string need = fmt::format("the innermost loop, over {} terms of the reduction, unrolled", group);
  const std::string hint =
      fmt::format("split the reduction by {0}, reorder its inner loop to the end and unroll it", group);
  if (!loop.reduction)
    refuse(ErrorCode::illegal_schedule, d, fmt::format("{} runs over an index", loop.name), need, hint);
  if (loop.kind != ir::LoopKind::unroll)
    refuse(ErrorCode::illegal_schedule, d, fmt::format("{} is not unrolled", loop.name), need, hint);
  if (nest.constant_extent(loop) != group)
    refuse(ErrorCode::illegal_schedule, d, fmt::format("{} terms", nest.constant_extent(loop)), need, hint);
  if (nest.loops.back().name != loop.name)
    refuse(ErrorCode::illegal_schedule, d, fmt::format("{} stands inside {}", nest.loops.back().name, loop.name), need,
           hint);
}

}  // namespace

void match_instruction(Lowering& lowering, const FuncContents& func, const Directive& d) {
  const Instruction& instruction = instruction_of(d);
  if (!func.is_reduction()) refuse(ErrorCode::bad_directive, d, fmt::format("{} is pure", func.name), "a reduction");
  check_loop(build_nest(func, lowering.directives), d, group_of(instruction));
  std::optional<InstructionMatch> found = match(instruction, func, func.values[0]);
  if (!found) {
    refuse(ErrorCode::illegal_schedule, d, fmt::format("terms {}", print(func.values[0])),
           fmt::format("what the instruction means: {}", text_of_meaning(instruction)));
  }
  if (lowering.tensorized.count(func.name))
    refuse(ErrorCode::bad_directive, d, "another instruction before it", "one instruction for a reduction");
  if (!has_instruction(lowering.target, instruction)) return;
  lowering.tensorized.emplace(func.name, Tensorizing{d.loops.at(0), d.name, std::move(found->operands), d});
}

}  // namespace lathe
