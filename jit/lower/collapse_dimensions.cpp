#include "jit/lower/collapse_dimensions.h"

#include <fmt/format.h>

#include "analysis/joint_dimensions.h"
#include "jit/lower/lower.h"
#include "schedules/text.h"

namespace lathe {

void collapse_dimensions(View& view, const Directive& d) {
  const auto refuse = [&](const NotJoinable& why) {
    throw Error(ErrorCode::illegal_schedule, {"schedule", print(d), why.got, why.need, d.where});
  };
  auto result = join_dimensions(view.op, d.func, d.loops[0], d.loops[1], d.loops[2]);
  if (const auto* why = std::get_if<NotJoinable>(&result)) refuse(*why);
  auto& joint = std::get<JointDimensions>(result);
  for (const auto& [tensor, dimension] : joint.joined) {
    if (view.layouts.count(tensor)) refuse({fmt::format("{} has a layout of its own", tensor), "arguments in the caller's layout"});
  }
  for (const TensorArgument& t : tensor_arguments(view.op)) {
    const auto it = joint.joined.find(tensor_of(view.op, t));
    if (it == joint.joined.end()) continue;
    std::vector<size_t>& from = view.strides_from[t.name];
    const Expr outer = make_var(stride_name(t.name, from[it->second]));
    const Expr inner = make_var(stride_name(t.name, from[it->second + 1]));
    const Expr chained = eq(outer, joint.inner) & eq(inner, make_integer(DType::i64, 1));
    view.condition = view.condition.defined() ? view.condition & chained : chained;
    from.erase(from.begin() + static_cast<long>(it->second));
    if (!t.is_output) view.granule[{t.name, it->second}] = joint.inner;
  }
  view.op = std::move(joint.op);
}

}  // namespace lathe
