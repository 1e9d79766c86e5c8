// Gives the names in formulas of schedules their meaning.
#include "schedules/formula.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "schedules/checks.h"

namespace lathe {
namespace {

constexpr std::string_view stride_mark = ".stride.";

std::vector<Expr> extents_of(const Operator& op, const std::string& argument) {
  for (TensorArgument& t : tensor_arguments(op)) if (t.name == argument) return std::move(t.extents);
  internal_error("schedule", argument + " is no argument");
}

bool in_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; }

size_t behind_spaces(const std::string& text, size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
  return at;
}

}  // namespace

FormulaScope::FormulaScope(const Operator& op) : op_(op) {
  names_.any_name = true;                                   // check() answers unknown ones in a schedule's words
  for (const SizeDecl& size : op.sizes) names_.vars[size.name] = Type{};
  for (const ParamDecl& param : op.params) names_.vars[param.name] = {param.dtype, 1};
  for (std::string_view fact : target_facts) names_.vars[std::string(fact)] = Type{};
  for (const TensorArgument& t : tensor_arguments(op)) add_strides(t);
  for (const InputDecl& input : op.inputs) add_bytes(input.name, bits_of(input.dtype), input.extents);
  for (const OutputDecl& output : op.outputs) {
    const FuncContents* func = op.find_func(output.func);
    int element_bits = 0;
    for (int c = 0; func && c < func->components(); ++c) element_bits += bits_of(func->dtype(c));
    add_bytes(output.func, element_bits, output.extents);
  }
}

// Strides are known by number and by every size, fitting or not: stride_of answers what does not fit.
void FormulaScope::add_strides(const TensorArgument& t) {
  for (size_t d = 0; d < t.extents.size(); ++d) names_.vars[fmt::format("{}{}{}", t.name, stride_mark, d)] = Type{};
  for (const SizeDecl& size : op_.sizes) names_.vars[fmt::format("{}{}{}", t.name, stride_mark, size.name)] = Type{};
}

void FormulaScope::add_bytes(const std::string& name, int element_bits, const std::vector<Expr>& extents) {
  Expr product(static_cast<int64_t>(std::max(element_bits / 8, 1)));
  for (const Expr& extent : extents) product = product * extent;
  if (element_bits < 8) product = product / static_cast<int64_t>(8 / element_bits);
  names_.vars[name + ".bytes"] = Type{};
  bytes_.emplace_back(name + ".bytes", product);
}

Expr FormulaScope::parse(Lexer& tokens) const {
  Expr formula = parse_expr(tokens, names_);
  check(formula, {});
  formula = transform(formula, [&](const Expr& node) {
    return node.kind() == ExprKind::var && node->name.find(stride_mark) != std::string::npos
               ? stride_of(node->name, node->where)
               : node;
  });
  return substitute(formula, bytes_);
}

[[noreturn]] void FormulaScope::refuse_name(const std::string& name, const SourceLocation& where) const {
  const size_t mark = name.find(stride_mark);
  if (mark != std::string::npos) {
    throw Error(ErrorCode::unknown_name,
                {.step = "schedule",
                 .what = "an unknown stride",
                 .got = fmt::format("stride({}, {})", name.substr(0, mark), name.substr(mark + stride_mark.size())),
                 .need = "an argument, and the number or the extent of one of its dimensions",
                 .where = where});
  }
  std::vector<std::string> names;
  for (const auto& [known, type] : names_.vars) {
    if (known.find(stride_mark) == std::string::npos) names.push_back(known);
  }
  throw Error(ErrorCode::unknown_name, {.step = "schedule",
                                        .what = "an unknown name",
                                        .got = fmt::format("'{}'", name),
                                        .need = "a size, a parameter, a param of the schedule or a fact of the target",
                                        .where = where,
                                        .hint = hint_for(name, names)});
}

void FormulaScope::check(const Expr& formula, const SourceLocation& where) const {
  if (!formula.defined()) return;
  visit(formula, [&](const Expr& e) {
    if (e.kind() != ExprKind::var) return;
    const SourceLocation& here = e->where.known() ? e->where : where;
    auto known = names_.vars.find(e->name);
    if (known == names_.vars.end()) refuse_name(e->name, here);
    if (known->second == e.type()) return;
    throw Error(ErrorCode::type_mismatch, {.step = "schedule",
                                           .what = fmt::format("the type of {}", e->name),
                                           .got = to_string(e.type()),
                                           .need = to_string(known->second),
                                           .where = here});
  });
}

// "B.stride.K" and "B.stride.0" are one variable, under its number.
Expr FormulaScope::stride_of(const std::string& name, const SourceLocation& where) const {
  size_t mark = name.find(stride_mark);
  std::string argument = name.substr(0, mark), dimension = name.substr(mark + stride_mark.size());
  const std::vector<Expr> extents = extents_of(op_, argument);
  if (std::isdigit(static_cast<unsigned char>(dimension[0]))) return with_location(make_var(name), where);
  std::vector<size_t> fitting;
  for (size_t d = 0; d < extents.size(); ++d) {
    if (extents[d] == make_var(dimension)) fitting.push_back(d);
  }
  if (fitting.size() == 1) {
    return with_location(make_var(fmt::format("{}{}{}", argument, stride_mark, fitting[0])), where);
  }
  throw Error(ErrorCode::bad_directive,
              {.step = "schedule",
               .what = fmt::format("dimension of stride({}, {})", argument, dimension),
               .got = fmt::format("{}, the extent of {} dimensions of {}", dimension, fitting.size(), argument),
               .need = "the number of a dimension, or a size that is the extent of one",
               .where = where});
}

std::string with_bytes_as_names(std::string text) {
  constexpr std::string_view word = "bytes";
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    size_t open = behind_spaces(text, at + word.size());
    if ((at > 0 && in_name(text[at - 1])) || open >= text.size() || text[open] != '(') continue;
    size_t begin = behind_spaces(text, open + 1), end = begin;
    while (end < text.size() && in_name(text[end])) ++end;
    size_t close = behind_spaces(text, end);
    if (end == begin || close >= text.size() || text[close] != ')') continue;
    std::string name = fmt::format("{}.{}", text.substr(begin, end - begin), word);
    text.replace(at, close + 1 - at, fmt::format("{:<{}}", name, close + 1 - at));
  }
  return text;
}

Substitution values_of_facts(const Target& target) {
  const auto integer = [](int64_t value) { return Expr(value); };
  return {{"target.L1", integer(target.l1_bytes)},   {"target.L2", integer(target.l2_bytes)},
          {"target.L3", integer(target.l3_bytes)},   {"target.lanes", integer(target.lanes(4))},
          {"target.threads", integer(target.threads)}};
}

}  // namespace lathe
