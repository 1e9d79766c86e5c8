#include "schedules/instruction_match.h"

#include <fmt/format.h>

#include <map>

#include "lang/text.h"

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

// The operator that the instruction's row of the table holds.
Operator meaning_of(const Instruction& instruction) {
  return parse_file_text(std::string(instruction.meaning), "targets/instructions.def").operators.at(0);
}

const FuncContents& result_of(const Operator& meaning) { return *meaning.find_func(meaning.outputs.at(0).func); }

int64_t group_in(const Operator& meaning) {
  int64_t group = 0;
  is_integer_constant(result_of(meaning).rvars.at(0).extent, &group);
  return group;
}

}  // namespace

int64_t group_of(const Instruction& instruction) { return group_in(meaning_of(instruction)); }

std::optional<InstructionMatch> match(const Instruction& instruction, const FuncContents& func, const Expr& value) {
  const Operator op = meaning_of(instruction);
  const FuncContents& meaning = result_of(op);
  Bindings operands;
  if (func.components() != 1 || !equal(*func.combiner, *meaning.combiner)) return std::nullopt;
  if (!matches(meaning.values[0], value, operands)) return std::nullopt;
  InstructionMatch found{group_in(op), {}};
  for (const InputDecl& input : op.inputs) found.operands.push_back(operands.at(input.name));
  return found;
}

const Instruction* instruction_for(const Target& target, const FuncContents& func, const Expr& value) {
  if (!is_integer(value.type().dtype)) return nullptr;
  for (const std::string& name : instruction_names()) {
    const Instruction* instruction = instruction_named(name);
    if (has_instruction(target, *instruction) && match(*instruction, func, value)) return instruction;
  }
  return nullptr;
}

}  // namespace lathe
