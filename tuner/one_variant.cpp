#include "tuner/one_variant.h"

#include "schedules/formula.h"
#include "tuner/executed.h"

namespace lathe::tuner {

namespace {

// Behind the first common directives, if these say how arguments lie: that is common to all variants, and stays so.
std::vector<Directive>::const_iterator own_directives(const std::vector<Directive>& common) {
  const auto declares = [](const Directive& d) {
    return d.kind == DirectiveKind::constant || d.kind == DirectiveKind::free_layout;
  };
  auto at = common.begin();
  while (at != common.end() && declares(*at)) {
    ++at;
    while (at != common.end() && at->kind == DirectiveKind::layout && at->func == (at - 1)->func) ++at;
  }
  return at;
}

}  // namespace

size_t variant_taken(const Schedule& schedule, const Target& target, const Sizes& scalars) {
  const Substitution facts = values_of_facts(target);
  size_t variant = 0;
  for (const Specialization& s : schedule.specializations) {
    if (known_value(substitute(s.condition, facts), scalars).value_or(0) != 0) break;
    ++variant;
  }
  return variant;
}

Schedule one_variant(const Schedule& schedule, size_t variant) {
  Schedule alone = schedule;
  alone.specializations.clear();
  if (variant < schedule.specializations.size()) {
    const Specialization& s = schedule.specializations[variant];
    const auto own = own_directives(schedule.directives);
    alone.directives = {schedule.directives.begin(), own};
    alone.specializations.push_back({s.condition, {own, schedule.directives.end()}, s.where});
    for (const Directive& d : s.directives) alone.specializations[0].directives.push_back(d);
  }
  return alone;
}

Schedule variant_at(const Schedule& schedule, size_t variant, const Operator& op, const Sizes& sizes) {
  Schedule alone = one_variant(schedule, variant);
  if (alone.specializations.empty()) {
    alone.specializations.push_back({{}, std::move(alone.directives), schedule.where});
    alone.directives.clear();
  }
  Expr condition;
  const auto require = [&](const std::string& name, int64_t value) {
    const Expr here = eq(make_var(name), Expr(value));
    condition = condition.defined() ? condition & here : here;
  };
  for (const auto& [name, value] : sizes) require(name, value);
  const Sizes scalars = scalars_of(op, sizes);
  for (const TensorArgument& t : tensor_arguments(op)) {  // of the last dimension, lowering takes 1 for granted
    for (size_t d = 0; d + 1 < t.extents.size(); ++d) {
      const std::string stride = t.name + ".stride." + std::to_string(d);
      require(stride, scalars.at(stride));
    }
  }
  if (!condition.defined()) condition = eq(Expr(int64_t{1}), Expr(int64_t{1}));
  alone.specializations[0].condition = condition;
  return alone;
}

}  // namespace lathe::tuner
