#include "jit/lower/match_instruction.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "jit/lower/check_directives.h"
#include "lang/text.h"
#include "targets/instruction.h"

namespace lathe {
namespace {

using Bindings = std::map<std::string, Expr>;

// Lays the pattern over the expression; its reads stand for reads of the same type.
bool matches(const Expr& pattern, const Expr& e, Bindings& operands) {
  if (pattern.type() != e.type()) return false;
  if (pattern.kind() == ExprKind::access) {
    if (e.kind() != ExprKind::access) return false;
    auto [known, fresh] = operands.try_emplace(pattern->name, e);
    return fresh || known->second == e;
  }
  if (pattern.kind() != e.kind() || pattern.args().size() != e.args().size()) return false;
  if (pattern.kind() == ExprKind::op && pattern->op != e->op) return false;
  if (pattern.args().empty()) return pattern == e;
  const Bindings before = operands;
  auto all = [&](const std::vector<size_t>& order) {
    operands = before;
    for (size_t i = 0; i < order.size(); ++i)
      if (!matches(pattern.arg(i), e.arg(order[i]), operands)) return false;
    return true;
  };
  std::vector<size_t> order(pattern.args().size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  const bool commutes =
      pattern.is_op(Op::add) || pattern.is_op(Op::mul) || pattern.is_op(Op::min) || pattern.is_op(Op::max);
  return all(order) || (commutes && all({1, 0}));
}

// Whatever the operands are called.
bool equal(const Combiner& a, const Combiner& b) {
  auto canonical = [](const Combiner& c) {
    Substitution names;
    for (size_t i = 0; i < c.left.size(); ++i) {
      names.push_back({c.left[i], make_var(fmt::format("?left{}", i), c.combined[i].type())});
      names.push_back({c.right[i], make_var(fmt::format("?right{}", i), c.combined[i].type())});
    }
    std::vector<Expr> combined;
    for (const Expr& e : c.combined) combined.push_back(substitute(e, names));
    return combined;
  };
  return a.identity == b.identity && canonical(a) == canonical(b);
}

std::string meaning_of(const Instruction& instruction) {
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
  const SourceFile file = parse_file_text(std::string(instruction.meaning), "targets/instructions.def");
  const FuncContents& meaning = *file.operators.at(0).find_func(file.operators.at(0).outputs.at(0).func);
  int64_t group = 0;
  is_integer_constant(meaning.rvars.at(0).extent, &group);
  if (!func.is_reduction()) refuse(ErrorCode::bad_directive, d, fmt::format("{} is pure", func.name), "a reduction");
  check_loop(build_nest(func, lowering.directives), d, group);
  Bindings operands;
  if (func.components() != 1 || !equal(*func.combiner, *meaning.combiner) ||
      !matches(meaning.values[0], func.values[0], operands)) {
    refuse(ErrorCode::illegal_schedule, d, fmt::format("terms {}", print(func.values[0])),
           fmt::format("what the instruction means: {}", meaning_of(instruction)));
  }
  if (lowering.tensorized.count(func.name))
    refuse(ErrorCode::bad_directive, d, "another instruction before it", "one instruction for a reduction");
  if (!has_instruction(lowering.target, instruction)) return;
  Tensorizing made{d.loops.at(0), d.name, {}, d};
  for (const InputDecl& input : file.operators.at(0).inputs) made.operands.push_back(operands.at(input.name));
  lowering.tensorized.emplace(func.name, std::move(made));
}

}  // namespace lathe
