// What sentences and JSON of an explanation have in common.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tools/explanation.h"

namespace lathe::tools {

Explained explained(const Chosen& chosen, const std::string& sizes, bool alternatives) {
  Explained e{chosen, sizes_of(chosen.fixed, sizes), {}, count_work(chosen.fixed, sizes_of(chosen.fixed, sizes))};
  tuner::ExplainOptions options{.target = chosen.target, .alternatives = alternatives};
  if (chosen.schedule_label != zero_shot_label) options.schedule = chosen.schedule;
  e.kernel = tuner::explain(chosen.fixed, e.sizes, options);
  return e;
}

std::string condition_text(const std::vector<Expr>& conditions) {
  std::vector<std::string> parts;
  for (const Expr& e : conditions) parts.push_back(e.is_op(Op::bit_or) ? "(" + print(e) + ")" : print(e));
  return fmt::format("{}", fmt::join(parts, " and "));
}

std::string condition_here(const std::vector<Expr>& conditions, const Explained& e) {
  Substitution numbers;
  for (const auto& [name, value] : e.kernel.scalars) numbers.push_back({name, Expr(value)});
  std::vector<Expr> here;
  for (const Expr& condition : conditions) here.push_back(substitute(condition, numbers));
  return condition_text(here);
}

SourceLocation where_is(const std::string& part, const Operator& op) {
  for (const FuncContents& f : op.funcs) {
    for (const FuncPart& p : parts_of(f)) {
      if (p.loops.name == part) return p.update ? p.update->where : f.where;
    }
  }
  return op.where;
}

std::pair<double, std::string> least_cycles(const Explained& e) {
  const Target rates = with_instruction_set(e.chosen.target, target_named(e.chosen.target.level));
  std::map<Pipe, double> cycles;
  std::pair<double, std::string> most{0, "none"};
  for (const auto& [key, count] : e.work.ops) {
    const PipeInfo* pipe = tuner::info_of(key.first, rates);
    if (!pipe || pipe->per_cycle <= 0) continue;
    const double all = cycles[key.first] += count / (pipe->per_cycle * rates.lanes(key.second));
    if (all > most.first) most = {all, std::string(name_of(key.first))};
  }
  return most;
}

std::string level_that_holds(int64_t bytes, const Target& target) {
  if (bytes <= target.l1_bytes) return fmt::format("the first cache ({} KB) holds", target.l1_bytes >> 10);
  if (bytes <= target.l2_bytes) return fmt::format("the second cache ({} KB) holds", target.l2_bytes >> 10);
  if (bytes <= target.l3_bytes) return fmt::format("the last cache ({} MB) holds", target.l3_bytes >> 20);
  return fmt::format("no cache holds (the last has {} MB): they come from memory", target.l3_bytes >> 20);
}

}  // namespace lathe::tools
