#include "schedules/construct/construct.h"

#include <algorithm>

#include "schedules/construct/shape.h"

namespace lathe {

namespace {

using namespace construct;

// The nests of a plan, written into a schedule.
class Writer {
 public:
  Writer(const Operator& op, const Plan& plan, const Target& target) : op_(op), plan_(plan), target_(target), schedule_(op) {}

  Schedule run() {
    write_all(Place::root);
    write_all(Place::rows);
    write_all(Place::attached);
    if (condition_.defined()) return under_condition();
    for (const Extra& extra : extras_) schedule_.specialize(extra.condition, extra.write);
    return schedule_;
  }

 private:
  void write_all(Place place) {                             // consumers first
    for (auto f = op_.funcs.rbegin(); f != op_.funcs.rend(); ++f) {
      if (plan_.nodes.at(f->name).place == place) write(*f, plan_.nodes.at(f->name));
    }
  }

  void write(const FuncContents& f, const Node& node) {
    const bool attached = node.place == Place::attached;
    if (attached) {
      const std::string& index = plan_.nodes.at(node.host).order[node.depth - 1];
      schedule_[f.name].compute_at(node.host, shapes_.at(node.host).loops.at(index));
    } else if (node.place == Place::rows) {
      const Shape& host = shapes_.at(node.host);
      schedule_[f.name].compute_at(node.host, host.step).store_at(node.host, host.block);
      schedule_[f.name].fold_storage(node.row_dimension, node.rows_read);
    } else if (!op_.find_output(f.name) && !f.is_reduction() && f.updates.empty()) {
      schedule_[f.name].compute_root();
    }
    const NestFacts facts(op_, plan_, target_, f, attached ? &shapes_.at(node.host) : nullptr);
    Nest nest = shape_nest(facts, stage_of_, declare_);
    shapes_[f.name] = std::move(nest.shape);
    if (nest.condition.defined()) condition_ = condition_.defined() ? condition_ & nest.condition : nest.condition;
    if (extras_.empty()) extras_ = std::move(nest.extras);
  }

  // Everything in variants: what does not meet the condition runs as the plain nest.
  Schedule under_condition() const {
    Schedule all = schedule_;
    const std::vector<Directive> common = std::move(all.directives);
    all.directives.clear();
    const auto add = [&](const Expr& condition, const Extra* extra) {
      Specialization variant{condition, common, {}};
      if (extra) extra->write([&](const std::string& func) { return Stage(variant.directives, func); });
      all.specializations.push_back(std::move(variant));
    };
    for (const Extra& extra : extras_) add(condition_ & extra.condition, &extra);
    add(condition_, nullptr);
    return all;
  }

  const Operator& op_;
  const Plan& plan_;
  const Target& target_;
  ScheduleBuilder schedule_;
  Expr condition_;                                          // of all nests together
  const StageOf stage_of_ = [this](const std::string& func) { return schedule_[func]; };
  const Declare declare_ = [this](const std::string& name, const Expr& formula, int64_t lowest, int64_t highest) {
    std::string own = name;
    const auto taken = [&] {
      const auto& params = schedule_.schedule().params;
      return std::any_of(params.begin(), params.end(), [&](const ScheduleParam& p) { return p.name == own; }) ||
             std::any_of(op_.sizes.begin(), op_.sizes.end(), [&](const SizeDecl& s) { return s.name == own; }) ||
             std::any_of(op_.params.begin(), op_.params.end(), [&](const ParamDecl& p) { return p.name == own; });
    };
    while (taken()) own += "_";
    schedule_.param(own, formula, lowest, highest);
    return own;
  };
  std::map<std::string, Shape> shapes_;
  std::vector<Extra> extras_;                               // of the first nest that has some: variants do not multiply
};

constexpr int64_t kShort = 32;                              // a last dimension that is worth joining to its neighbour
constexpr int64_t kUsualFew[] = {3, 4};                     // steps of a last index that have code of their own

// Whether the operator is one pure nest with a last index that may be short.
bool may_be_short(const Operator& op, const Plan& plan) {
  if (plan.inlined.size() + 1 != op.funcs.size() || op.outputs.size() != 1) return false;
  const FuncContents& func = op.funcs.back();
  const std::vector<Expr>& extents = op.outputs[0].extents;
  int64_t known = 0;
  const bool constant = !extents.empty() && is_integer_constant(extents.back(), &known);
  return !func.is_reduction() && func.updates.empty() && func.vars.size() > 1 && !constant;
}

// Variants by the steps of the last index: a short one runs together with the one before it ...
Schedule joined_schedule(const Operator& op, const Plan& plan, const Target& target) {
  ScheduleBuilder schedule(op);
  const NestFacts facts(op, plan, target, op.funcs.back(), nullptr);
  const Expr steps = op.outputs[0].extents.back(), bound(kShort);
  schedule.specialize(lt(steps, bound), [&](const StageOf& of) { shape_nest(facts, of, {}, LastIndex::joined); });
  schedule.specialize(ge(steps, bound), [&](const StageOf& of) { shape_nest(facts, of, {}); });
  return schedule;
}

// ... or, where dimensions do not join, inside of vectors of another index; as straight code for a usual number of steps.
Schedule inside_schedule(const Operator& op, const Plan& plan, const Target& target) {
  ScheduleBuilder schedule(op);
  const Expr steps = op.outputs[0].extents.back();
  const NestFacts facts(op, plan, target, op.funcs.back(), nullptr);
  for (const int64_t few : kUsualFew) {
    if (steps.kind() != ExprKind::var) break;
    const Operator fixed = substitute(op, {{steps->name, Expr(few)}});
    const NestFacts known(fixed, plan, target, fixed.funcs.back(), nullptr);
    schedule.specialize(eq(steps, Expr(few)), [&](const StageOf& of) { shape_nest(known, of, {}, LastIndex::inside); });
  }
  const Expr lanes(facts.lanes());
  schedule.specialize(lt(steps, lanes), [&](const StageOf& of) { shape_nest(facts, of, {}, LastIndex::inside); });
  schedule.specialize(ge(steps, lanes), [&](const StageOf& of) { shape_nest(facts, of, {}); });
  return schedule;
}

}  // namespace

std::vector<Schedule> construct_schedules(const Operator& op, const Target& target) {
  std::vector<Schedule> schedules;
  if (const Plan plan = make_plan(op, true); may_be_short(op, plan)) {
    schedules.push_back(joined_schedule(op, plan, target));
    if (op.funcs.back().vars.size() > 2) schedules.push_back(inside_schedule(op, plan, target));
  }
  for (bool fuse : {true, false}) {
    const Plan plan = make_plan(op, fuse);
    Schedule s = Writer(op, plan, target).run();
    if (schedules.empty() || !(s == schedules.back())) schedules.push_back(std::move(s));
  }
  schedules.push_back(ScheduleBuilder(op));
  return schedules;
}

}  // namespace lathe
