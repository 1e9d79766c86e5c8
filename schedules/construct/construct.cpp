#include "schedules/construct/construct.h"

#include <optional>

#include "schedules/construct/shape.h"

namespace lathe {

namespace {

using namespace construct;

Schedule schedule_of(const Operator& op, const Plan& plan, const Target& target) {
  ScheduleBuilder schedule(op);
  std::map<std::string, Shape> shapes;
  const StageOf stage_of = [&](const std::string& func) { return schedule[func]; };
  auto shape_all = [&](Place place) {                       // consumers first
    for (auto f = op.funcs.rbegin(); f != op.funcs.rend(); ++f) {
      const Node& node = plan.nodes.at(f->name);
      if (node.place != place) continue;
      if (place == Place::attached) {
        const std::string& index = plan.nodes.at(node.host).order[node.depth - 1];
        schedule[f->name].compute_at(node.host, shapes.at(node.host).loops.at(index));
      } else if (!op.find_output(f->name) && !f->is_reduction() && f->updates.empty()) {
        schedule[f->name].compute_root();
      }
      const Shape* host = place == Place::attached ? &shapes.at(node.host) : nullptr;
      shapes[f->name] = shape_nest(stage_of, op, plan, target, *f, host);
    }
  };
  shape_all(Place::root);
  shape_all(Place::attached);
  return schedule;
}

constexpr int64_t kShort = 32;                              // a last dimension that is worth joining to its neighbour

// For an operator of one pure nest: where the last dimension is short it runs together with the one before it. Nothing
// for other operators.
std::optional<Schedule> collapsed_schedule(const Operator& op, const Plan& plan, const Target& target) {
  if (plan.inlined.size() + 1 != op.funcs.size() || op.outputs.size() != 1) return std::nullopt;
  const FuncContents& func = op.funcs.back();
  const std::vector<Expr>& extents = op.outputs[0].extents;
  int64_t known = 0;
  const bool constant = !extents.empty() && is_integer_constant(extents.back(), &known);
  if (func.is_reduction() || !func.updates.empty() || func.vars.size() < 2 || (constant && known >= kShort)) return std::nullopt;
  ScheduleBuilder schedule(op);
  for (const bool collapse : {true, false}) {
    const Expr bound(kShort);
    schedule.specialize(collapse ? lt(extents.back(), bound) : ge(extents.back(), bound), [&](const StageOf& stage_of) {
      shape_nest(stage_of, op, plan, target, func, nullptr, collapse);
    });
  }
  return schedule;
}

}  // namespace

std::vector<Schedule> construct_schedules(const Operator& op, const Target& target) {
  std::vector<Schedule> schedules;
  if (auto collapsed = collapsed_schedule(op, make_plan(op, true), target)) schedules.push_back(std::move(*collapsed));
  for (bool fuse : {true, false}) {
    Schedule s = schedule_of(op, make_plan(op, fuse), target);
    if (schedules.empty() || !(s == schedules.back())) schedules.push_back(std::move(s));
  }
  schedules.push_back(ScheduleBuilder(op));
  return schedules;
}

}  // namespace lathe
