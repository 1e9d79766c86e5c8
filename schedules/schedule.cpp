// Schedules as values: the table of directives, equality, and the C++ builder.
#include "schedules/schedule.h"

#include <algorithm>

#include "lang/func.h"
#include "schedules/checks.h"

namespace lathe {
namespace {

constexpr DirectiveInfo directive_rows[] = {
#define LATHE_DIRECTIVE(name, signature, text) {#name, signature, text},
#include "schedules/directives.def"
#undef LATHE_DIRECTIVE
};

struct RequirementInfo {
  std::string_view name, text;
};
constexpr RequirementInfo requirement_rows[] = {
#define LATHE_REQUIREMENT(name, text) {#name, text},
#include "schedules/requirements.def"
#undef LATHE_REQUIREMENT
};

constexpr std::string_view tail_names[] = {"automatic", "clamp", "mask", "guard", "shift"};

}  // namespace

const DirectiveInfo& info_of(DirectiveKind kind) { return directive_rows[static_cast<size_t>(kind)]; }

std::string_view name_of(Tail tail) { return tail_names[static_cast<size_t>(tail)]; }

std::optional<Tail> tail_named(std::string_view text) {
  auto found = std::find(std::begin(tail_names), std::end(tail_names), text);
  if (found == std::end(tail_names)) return std::nullopt;
  return static_cast<Tail>(found - std::begin(tail_names));
}

std::string_view name_of(Requirement fact) { return requirement_rows[static_cast<size_t>(fact)].name; }
std::string_view text_of(Requirement fact) { return requirement_rows[static_cast<size_t>(fact)].text; }

std::optional<Requirement> requirement_named(std::string_view text) {
  auto found = std::find_if(std::begin(requirement_rows), std::end(requirement_rows), [&](const auto& row) { return row.name == text; });
  if (found == std::end(requirement_rows)) return std::nullopt;
  return static_cast<Requirement>(found - std::begin(requirement_rows));
}

std::vector<std::string> requirement_names() {
  std::vector<std::string> names;
  for (const RequirementInfo& row : requirement_rows) names.emplace_back(row.name);
  return names;
}

bool Directive::operator==(const Directive& o) const {
  return kind == o.kind && func == o.func && loops == o.loops && target == o.target && name == o.name &&
         value == o.value && classes == o.classes && even == o.even && tail == o.tail && rows == o.rows &&
         space == o.space && last == o.last && fact == o.fact && digits == o.digits && point == o.point;
}

void for_each_formula(const Directive& d, const std::function<void(const Expr&)>& see) {
  if (d.value.defined()) see(d.value);
  if (d.last.defined()) see(d.last);
  for (const Expr& e : d.point) see(e);
}

void change_formulas(Directive& d, const std::function<Expr(const Expr&)>& change) {
  if (d.value.defined()) d.value = change(d.value);
  if (d.last.defined()) d.last = change(d.last);
  for (Expr& e : d.point) e = change(e);
}

bool ScheduleParam::operator==(const ScheduleParam& o) const {
  return name == o.name && formula == o.formula && lowest == o.lowest && highest == o.highest;
}

bool Specialization::operator==(const Specialization& o) const {
  return condition == o.condition && directives == o.directives;
}

bool Schedule::operator==(const Schedule& o) const {
  return op == o.op && target == o.target && condition == o.condition && params == o.params &&
         directives == o.directives && specializations == o.specializations;
}

Directive Stage::made(DirectiveKind kind, std::vector<std::string> loops, const At& at) const {
  Directive directive{};
  directive.kind = kind;
  directive.func = func_;
  directive.loops = std::move(loops);
  directive.where = location_of(at);
  return directive;
}

Stage& Stage::add(Directive directive) {
  directives_.push_back(std::move(directive));
  return *this;
}

Stage& Stage::split(std::string l, std::string outer, std::string inner, Expr factor, bool even, At at) {
  Directive d = made(DirectiveKind::split, {std::move(l), std::move(outer), std::move(inner)}, at);
  check_value(d.kind, factor, d.where);
  d.value = std::move(factor);
  d.even = even;
  return add(std::move(d));
}

Stage& Stage::tile(std::string j, std::string i, std::string jo, std::string io, std::string ji, std::string ii,
                   std::vector<TileClass> classes, bool even, At at) {
  Directive d = made(DirectiveKind::tile, {j, i, jo, io, ji, ii}, at);
  if (classes.empty()) {
    throw Error(ErrorCode::bad_directive, {.step = "schedule",
                                           .what = "tile",
                                           .got = "no width",
                                           .need = std::string(info_of(d.kind).signature),
                                           .where = d.where});
  }
  for (const TileClass& row : classes) check_class(row, d.where);
  d.classes = std::move(classes);
  d.even = even;
  return add(std::move(d));
}

Stage& Stage::collapse(std::string x, std::string c, std::string xc, At at) {
  return add(made(DirectiveKind::collapse, {std::move(x), std::move(c), std::move(xc)}, at));
}
Stage& Stage::fuse(std::string l, std::string m, std::string lm, At at) {
  return add(made(DirectiveKind::fuse, {std::move(l), std::move(m), std::move(lm)}, at));
}

Stage& Stage::peel(std::string l, Expr first, Expr last, At at) {
  Directive d = made(DirectiveKind::peel, {std::move(l)}, at);
  check_value(d.kind, first, d.where);
  check_last(d.kind, last, d.where);
  d.value = std::move(first);
  d.last = std::move(last);
  return add(std::move(d));
}

Stage& Stage::reorder(std::vector<std::string> loops, At at) {
  return add(made(DirectiveKind::reorder, std::move(loops), at));
}
Stage& Stage::vectorize(std::string l, At at) { return add(made(DirectiveKind::vectorize, {std::move(l)}, at)); }
Stage& Stage::unroll(std::string l, At at) { return add(made(DirectiveKind::unroll, {std::move(l)}, at)); }

Stage& Stage::parallel(std::string l, Expr condition, At at) {
  Directive d = made(DirectiveKind::parallel, {std::move(l)}, at);
  check_value(d.kind, condition, d.where);
  d.value = std::move(condition);
  return add(std::move(d));
}

Stage& Stage::tail(std::string l, Tail tail, std::vector<RowCount> rows, At at) {
  Directive d = made(DirectiveKind::tail, {std::move(l)}, at);
  for (size_t r = 0; r < rows.size(); ++r) check_row_count(rows[r], r > 0 ? &rows[r - 1] : nullptr, d.where);
  d.tail = tail;
  d.rows = std::move(rows);
  return add(std::move(d));
}

Stage& Stage::clip(std::vector<std::string> variables, At at) {
  return add(made(DirectiveKind::clip, std::move(variables), at));
}

Stage& Stage::table_at(std::string consumer, std::string l, At at) {
  Directive d = made(DirectiveKind::table_at, {std::move(l)}, at);
  d.target = std::move(consumer);
  return add(std::move(d));
}

Stage& Stage::rfactor(std::string l, std::string name, At at) {
  Directive d = made(DirectiveKind::rfactor, {std::move(l)}, at);
  d.name = std::move(name);
  return add(std::move(d));
}

Stage& Stage::store_in(std::string space, std::string l, At at) {
  Directive d = made(DirectiveKind::store_in, {}, at);
  check_space(space, d.where);
  if (!l.empty()) d.loops = {std::move(l)};
  d.space = std::move(space);
  return add(std::move(d));
}

Stage& Stage::pitch(std::string x, Expr multiple, Expr more, At at) {
  Directive d = made(DirectiveKind::pitch, {std::move(x)}, at);
  check_value(d.kind, multiple, d.where);
  check_last(d.kind, more, d.where);
  d.value = std::move(multiple);
  d.last = std::move(more);
  return add(std::move(d));
}

Stage& Stage::align(int64_t bytes, At at) {
  Directive d = made(DirectiveKind::align, {}, at);
  d.value = make_integer(DType::i64, bytes);
  check_value(d.kind, d.value, d.where);
  return add(std::move(d));
}

Stage& Stage::stage_at(std::string consumer, std::string l, std::string name, At at) {
  Directive d = made(DirectiveKind::stage_at, {std::move(l)}, at);
  d.target = std::move(consumer);
  d.name = std::move(name);
  return add(std::move(d));
}

Stage& Stage::layout(std::vector<Digit> digits, At at) {
  Directive d = made(DirectiveKind::layout, {}, at);
  for (const Digit& digit : digits) check_digit(digit, d.where);
  d.digits = std::move(digits);
  return add(std::move(d));
}
Stage& Stage::free_layout(At at) { return add(made(DirectiveKind::free_layout, {}, at)); }
Stage& Stage::constant(At at) { return add(made(DirectiveKind::constant, {}, at)); }
Stage& Stage::with_first(std::string l, At at) { return add(made(DirectiveKind::with_first, {std::move(l)}, at)); }
Stage& Stage::compute_inline(At at) { return add(made(DirectiveKind::compute_inline, {}, at)); }
Stage& Stage::compute_root(At at) { return add(made(DirectiveKind::compute_root, {}, at)); }

Stage& Stage::compute_at(std::string consumer, std::string l, At at) {
  Directive d = made(DirectiveKind::compute_at, {std::move(l)}, at);
  d.target = std::move(consumer);
  return add(std::move(d));
}

Stage& Stage::store_at(std::string consumer, std::string l, At at) {
  Directive d = made(DirectiveKind::store_at, {std::move(l)}, at);
  d.target = std::move(consumer);
  return add(std::move(d));
}

Stage& Stage::fold_storage(std::string dimension, Expr count, At at) {
  Directive d = made(DirectiveKind::fold_storage, {std::move(dimension)}, at);
  check_value(d.kind, count, d.where);
  d.value = std::move(count);
  return add(std::move(d));
}

Stage& Stage::slide(std::string dimension, At at) { return add(made(DirectiveKind::slide, {std::move(dimension)}, at)); }

Stage& Stage::store_with(std::string func, At at) {
  Directive d = made(DirectiveKind::store_with, {}, at);
  d.target = std::move(func);
  return add(std::move(d));
}

Stage& Stage::epilogue_of(std::string func, At at) {
  Directive d = made(DirectiveKind::epilogue_of, {}, at);
  d.target = std::move(func);
  return add(std::move(d));
}

Stage& Stage::prefetch(std::string consumer, std::string l, Expr distance, At at) {
  Directive d = made(DirectiveKind::prefetch, {std::move(l)}, at);
  check_value(d.kind, distance, d.where);
  d.target = std::move(consumer);
  d.value = std::move(distance);
  return add(std::move(d));
}

Stage& Stage::stream(Expr condition, At at) {
  Directive d = made(DirectiveKind::stream, {}, at);
  check_value(d.kind, condition, d.where);
  d.value = std::move(condition);
  return add(std::move(d));
}

Stage& Stage::trace(std::vector<Expr> point, At at) {
  Directive d = made(DirectiveKind::trace, {}, at);
  for (const Expr& index : point) check_index(index, d.where);
  d.point = std::move(point);
  return add(std::move(d));
}

Stage& Stage::tensorize(std::string l, std::string instruction, At at) {
  Directive d = made(DirectiveKind::tensorize, {std::move(l)}, at);
  d.name = std::move(instruction);
  return add(std::move(d));
}

Stage& Stage::require(Requirement fact, At at) {
  Directive d = made(DirectiveKind::require, {}, at);
  d.fact = fact;
  return add(std::move(d));
}

ScheduleBuilder::ScheduleBuilder(const Operator& op, std::string target, std::source_location at) {
  schedule_.op = op.name;
  schedule_.where = location_of(at);
  schedule_.target = std::move(target);
}

void ScheduleBuilder::param(std::string name, Expr formula, int64_t lowest, int64_t highest, std::source_location at) {
  ScheduleParam param{std::move(name), std::move(formula), lowest, highest, location_of(at)};
  check_range(param);
  schedule_.params.push_back(std::move(param));
}

void ScheduleBuilder::specialize(Expr condition,
                                 const std::function<void(const std::function<Stage(const std::string&)>&)>& body,
                                 std::source_location at) {
  Specialization variant{std::move(condition), {}, location_of(at)};
  check_condition("condition of specialize", variant.condition, variant.where);
  body([&](const std::string& func) { return Stage(variant.directives, func); });
  schedule_.specializations.push_back(std::move(variant));
}

Schedule first_directives(const Schedule& schedule, size_t count) {
  Schedule result = schedule;
  auto cut = [&](std::vector<Directive>& list) {
    if (list.size() > count) list.erase(list.begin() + static_cast<long>(count), list.end());
    count -= list.size();
  };
  cut(result.directives);
  for (Specialization& s : result.specializations) cut(s.directives);
  std::erase_if(result.specializations, [](const Specialization& s) { return s.directives.empty(); });
  return result;
}

size_t count_directives(const Schedule& schedule) {
  size_t count = schedule.directives.size();
  for (const Specialization& s : schedule.specializations) count += s.directives.size();
  return count;
}

Schedule substitute(const Schedule& schedule, const Substitution& values) {
  Schedule result = schedule;
  auto replace = [&](Expr& e) { if (e.defined()) e = substitute(e, values); };
  replace(result.condition);
  for (ScheduleParam& p : result.params) replace(p.formula);
  const auto in_formulas = [&](Directive& d) { change_formulas(d, [&](const Expr& e) { return substitute(e, values); }); };
  for (Directive& d : result.directives) in_formulas(d);
  for (Specialization& s : result.specializations) {
    replace(s.condition);
    for (Directive& d : s.directives) in_formulas(d);
  }
  return result;
}

Schedule plain_nest(const Operator& op) { return ScheduleBuilder(op); }

}  // namespace lathe
