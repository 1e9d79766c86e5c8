// Which schedule of a file is for an operator on a target, by its first line.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "schedules/checks.h"
#include "schedules/formula.h"
#include "schedules/header_line.h"
#include "schedules/text.h"

namespace lathe {
namespace {

// The rank of an x86-64 level: x86-64 is 1, x86-64-v3 is 3; 0 for anything else.
int x86_rank(std::string_view level) {
  constexpr std::string_view levels[] = {"x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"};
  auto found = std::find(std::begin(levels), std::end(levels), level);
  return found == std::end(levels) ? 0 : static_cast<int>(found - std::begin(levels)) + 1;
}

bool is_for(const Schedule& schedule, const std::string& target_level) {
  return satisfies(target_level, schedule.target) && !schedule.condition.defined();
}

}  // namespace

Lexer lexer_of(const SourceBlock& block) {
  return Lexer(with_bytes_as_names(block.text), block.where.file, std::max(block.where.line, 1));
}

Token read_operator_name(Lexer& tokens) {
  tokens.skip_new_lines();
  tokens.expect("schedule");
  tokens.expect("for");
  return tokens.expect_name("the operator's name");
}

[[noreturn]] void unknown_operator(const Token& name, const std::vector<std::string>& known) {
  throw Error(ErrorCode::unknown_name, {.step = "schedule",
                                        .what = "schedule for an operator that is not there",
                                        .got = describe(name),
                                        .need = fmt::format("{}", fmt::join(known, " or ")),
                                        .where = name.where,
                                        .hint = hint_for(name.text, known)});
}

Token operator_token(const SourceBlock& block) {
  SourceBlock first_line{block.text.substr(0, block.text.find('\n')), block.where};
  Lexer tokens = lexer_of(first_line);
  return read_operator_name(tokens);
}

std::string operator_of(const SourceBlock& block) { return operator_token(block).text; }

std::optional<Schedule> schedule_for(const SourceFile& file, const Operator& op, const std::string& target_level) {
  std::vector<std::string> known;
  for (const Operator& other : file.operators) known.push_back(other.name);
  if (std::find(known.begin(), known.end(), op.name) == known.end()) known.push_back(op.name);
  for (const SourceBlock& block : file.schedules) {
    Token name = operator_token(block);
    // A file of schedules alone may serve operators that stand elsewhere.
    bool here = std::find(known.begin(), known.end(), name.text) != known.end();
    if (!here && !file.operators.empty()) unknown_operator(name, known);
    if (name.text != op.name) continue;
    Schedule schedule = parse_schedule(block, op);
    if (is_for(schedule, target_level)) return schedule;
  }
  return std::nullopt;
}

std::optional<Schedule> schedule_for(const std::vector<Schedule>& schedules, const std::string& target_level) {
  for (const Schedule& schedule : schedules) {
    if (is_for(schedule, target_level)) return schedule;
  }
  return std::nullopt;
}

bool satisfies(std::string_view target_level, std::string_view needed) {
  if (needed.empty() || target_level == needed) return true;
  return x86_rank(needed) > 0 && x86_rank(target_level) >= x86_rank(needed);
}

}  // namespace lathe
