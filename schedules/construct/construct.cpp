#include "schedules/construct/construct.h"

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

}  // namespace

std::vector<Schedule> construct_schedules(const Operator& op, const Target& target) {
  std::vector<Schedule> schedules;
  for (bool fuse : {true, false}) {
    Schedule s = schedule_of(op, make_plan(op, fuse), target);
    if (schedules.empty() || s != schedules.back()) schedules.push_back(std::move(s));
  }
  schedules.push_back(ScheduleBuilder(op));
  return schedules;
}

}  // namespace lathe
