#include "jit/lower/argument_layouts.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "jit/lower/check_directives.h"
#include "lang/text.h"

namespace lathe {
namespace {

bool frees(const Directive& d) { return d.kind == DirectiveKind::free_layout || d.kind == DirectiveKind::constant; }

void check_freed(const Operator& op, const Directive& d) {
  const InputDecl* input = op.find_input(d.func);
  const OutputDecl* output = op.find_output(d.func);
  const bool constant = d.kind == DirectiveKind::constant;
  if (!input && (constant || !output)) {
    refuse(ErrorCode::illegal_schedule, d, fmt::format("{} is no {}", d.func, constant ? "input" : "argument"),
           constant ? "an input" : "an input or an output");
  }
  if (input && is_packed(input->dtype)) {
    refuse(ErrorCode::illegal_schedule, d, fmt::format("{} holds {}", d.func, name_of(input->dtype)), "elements of a byte or more");
  }
  if ((input && op.output_in(d.func)) || (output && !output->in.empty())) {
    refuse(ErrorCode::illegal_schedule, d, fmt::format("{} is written in the place of an input", output ? d.func : op.output_in(d.func)->func),
           "an argument that is only read or only written");
  }
}

// A copy of this name stands above the directive: it is the copy's layout.
bool is_of_copy(const std::vector<Directive>& list, size_t at) {
  return std::any_of(list.begin(), list.begin() + static_cast<long>(at), [&](const Directive& before) {
    return before.kind == DirectiveKind::stage_at && (before.func == list[at].func || before.name == list[at].func);
  });
}

std::vector<std::string> dimensions_of(const Operator& op, const std::string& argument) {
  if (op.find_output(argument)) return op.find_func(argument)->vars;
  std::vector<std::string> names;
  for (const Expr& e : op.find_input(argument)->extents) names.push_back(print(e));
  return names;
}

}  // namespace

std::map<std::string, Layout> take_argument_layouts(const Operator& op, const Schedule& schedule, std::vector<Directive>& common) {
  std::set<std::string> freed;
  for (const Directive& d : common) if (frees(d)) check_freed(op, d), freed.insert(d.func);
  for (const Specialization& s : schedule.specializations) {
    for (const Directive& d : s.directives) {
      if (frees(d)) {
        refuse(ErrorCode::illegal_schedule, d, "in a variant",
               "among the common directives: the caller brings one layout, whichever variant runs");
      }
    }
  }
  std::map<std::string, Layout> layouts;
  std::vector<Directive> left;
  for (size_t i = 0; i < common.size(); ++i) {
    const Directive& d = common[i];
    const bool argument = op.find_input(d.func) || op.find_output(d.func);
    if (d.kind != DirectiveKind::layout || !argument || is_of_copy(common, i)) {
      left.push_back(d);
      continue;
    }
    if (!freed.count(d.func)) {
      const bool input = op.find_input(d.func) != nullptr;
      refuse(ErrorCode::bad_directive, d, fmt::format("{} {}comes in the caller's layout", d.func, input ? "is not staged and " : ""),
             input ? "stage_at before it, free_layout or constant" : "free_layout");
    }
    layouts[d.func] = layout_of(d, dimensions_of(op, d.func));
  }
  common = std::move(left);
  return layouts;
}

}  // namespace lathe
