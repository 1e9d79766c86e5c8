// What the names in a schedule stand for.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "schedules/checks.h"
#include "schedules/formula.h"
#include "schedules/text.h"

namespace lathe {

std::vector<std::string> stages_of(const Operator& op) {
  std::vector<std::string> names;
  for (const FuncContents& func : op.funcs) {
    for (const FuncPart& part : parts_of(func)) names.push_back(part.loops.name);
  }
  for (const InputDecl& input : op.inputs) names.push_back(input.name);
  return names;
}

void unknown_stage(const Operator& op, const std::string& name, const std::vector<std::string>& known,
                   const SourceLocation& where) {
  throw Error(ErrorCode::unknown_loop, {.step = "schedule",
                                        .what = "unknown Func of " + op.name,
                                        .got = fmt::format("'{}'", name),
                                        .need = fmt::format("one of {}", fmt::join(known, ", ")),
                                        .where = where,
                                        .hint = hint_for(name, known)});
}

void check_new_param(const std::string& name, bool taken, const SourceLocation& where) {
  if (!taken) return;
  throw Error(ErrorCode::duplicate_name, {.step = "schedule",
                                          .what = "name of a param",
                                          .got = fmt::format("'{}'", name),
                                          .need = "a name that is no size, parameter or earlier param",
                                          .where = where});
}

void check_new_name(DirectiveKind kind, const std::string& name, const std::vector<std::string>& known, const SourceLocation& where) {
  if (std::find(known.begin(), known.end(), name) == known.end()) return;
  throw Error(ErrorCode::duplicate_name, {.step = "schedule",
                                          .what = kind == DirectiveKind::stage_at ? "name of a staged copy" : "name of a new Func",
                                          .got = fmt::format("'{}'", name),
                                          .need = "a name that no Func, input or other copy has",
                                          .where = where});
}

namespace {

// Directives about loops, places and storage are about Funcs; those about what is read are about inputs too.
void check_is_func(const Directive& d, const Operator& op) {
  using K = DirectiveKind;
  const bool about_reads = d.kind == K::stage_at || d.kind == K::layout || d.kind == K::with_first || d.kind == K::prefetch ||
                           d.kind == K::free_layout || d.kind == K::constant || d.kind == K::pitch || d.kind == K::align || d.kind == K::table_at ||
                           (d.kind == K::store_in && d.space != "registers");
  for (const std::string& name : {about_reads ? std::string() : d.func, d.target}) {
    if (!op.find_input(name)) continue;
    std::vector<std::string> funcs;
    for (const FuncContents& func : op.funcs) funcs.push_back(func.name);
    throw Error(ErrorCode::bad_directive, {.step = "schedule",
                                           .what = print(d),
                                           .got = fmt::format("{} is an input", name),
                                           .need = fmt::format("a Func: {}", fmt::join(funcs, ", ")),
                                           .where = d.where});
  }
}

}  // namespace

void check_names(const Schedule& schedule, const Operator& op) {
  FormulaScope scope(op);
  for (const ScheduleParam& p : schedule.params) {
    check_new_param(p.name, scope.knows(p.name), p.where);
    scope.check(p.formula, p.where);
    scope.add_param(p.name);
  }
  scope.check(schedule.condition, schedule.where);

  std::vector<std::string> stages = stages_of(op);
  const auto check_stage = [&](const std::string& name, const SourceLocation& where) {
    if (std::find(stages.begin(), stages.end(), name) == stages.end()) unknown_stage(op, name, stages, where);
  };
  const auto check_all = [&](const std::vector<Directive>& directives) {
    for (const Directive& d : directives) {
      check_stage(d.func, d.where);
      if (!d.target.empty()) check_stage(d.target, d.where);
      check_is_func(d, op);
      for_each_formula(d, [&](const Expr& e) { scope.check(e, d.where); });
      if (d.name.empty() || d.kind == DirectiveKind::tensorize) continue;
      check_new_name(d.kind, d.name, stages, d.where);
      stages.push_back(d.name);
    }
  };
  check_all(schedule.directives);
  const std::vector<std::string> common = stages;
  for (const Specialization& variant : schedule.specializations) {
    scope.check(variant.condition, variant.where);
    check_all(variant.directives);
    stages = common;
  }
}

}  // namespace lathe
