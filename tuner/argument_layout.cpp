#include "tuner/argument_layout.h"

#include <algorithm>

#include "analysis/simplify.h"

namespace lathe::tuner {

namespace {

// Calls with the common directives, then with those of each variant.
template <class Action>
void for_each_list(Schedule& schedule, const Action& action) {
  action(schedule.directives);
  for (Specialization& s : schedule.specializations) action(s.directives);
}

bool is_of_copy(const Directive& d) {
  return d.kind == DirectiveKind::stage_at || d.kind == DirectiveKind::layout || d.kind == DirectiveKind::with_first;
}

// What indexes each dimension of the argument where this Func reads it; "" where that is no single index.
std::vector<std::string> indices_of(const Operator& op, const std::string& func, const std::string& argument) {
  std::vector<std::string> indices;
  const FuncContents* const f = op.find_func(func);
  if (!f) return indices;
  for_each_value(*f, [&](const Expr& value) {
    visit(value, [&](const Expr& e) {
      if (e.kind() != ExprKind::access || e->name != argument || !indices.empty()) return;
      for (const Expr& at : e.args()) indices.push_back(at.kind() == ExprKind::var ? at->name : "");
    });
  });
  return indices;
}

// The index that a loop was cut from, in directives of its Func.
std::string index_of(std::string loop, const std::string& func, const std::vector<Directive>& all) {
  for (auto d = all.rbegin(); d != all.rend(); ++d) {
    const bool cuts = d->kind == DirectiveKind::split && d->func == func;
    if (cuts && (d->loops.at(1) == loop || d->loops.at(2) == loop)) loop = d->loops.at(0);
  }
  return loop;
}

// Elements of one dimension that an instruction wants side by side: so its copies store them, in their last digit.
struct Group {
  size_t place = 0;
  int64_t elements = 0;
};

Group group_of(Schedule& schedule, const Operator& op, const std::string& argument) {
  Group group;
  for_each_list(schedule, [&](const std::vector<Directive>& all) {
    std::string func;
    for (const Directive& d : all) {
      if (d.func != argument) continue;
      if (d.kind == DirectiveKind::stage_at) func = d.target;
      if (d.kind != DirectiveKind::layout || d.digits.back().modulus < 2 || group.elements > 0) continue;
      const std::vector<std::string> indices = indices_of(op, func, argument);
      const auto at = std::find(indices.begin(), indices.end(), d.digits.back().name);
      if (at != indices.end()) group = {static_cast<size_t>(at - indices.begin()), d.digits.back().modulus};
    }
  });
  return group;
}

void leave_out_copies(Schedule& schedule, const std::string& argument) {
  for_each_list(schedule, [&](std::vector<Directive>& all) {
    std::erase_if(all, [&](const Directive& d) { return d.func == argument && is_of_copy(d); });
  });
}

// Of the first register tile along the dimension at this place; 0: there is none.
int64_t width_of_tiles(Schedule& schedule, const Operator& op, const std::string& argument, size_t place) {
  int64_t width = 0;
  for_each_list(schedule, [&](const std::vector<Directive>& all) {
    for (const Directive& d : all) {
      if (d.kind != DirectiveKind::tile) continue;
      const std::vector<std::string> indices = indices_of(op, d.func, argument);
      if (place < indices.size() && indices[place] == index_of(d.loops.at(0), d.func, all))
        width = std::max(width, d.classes.front().width);
    }
  });
  return width;
}

// Tiles of one width, that of the blocks, begin where these do.
void fit_tiles(Schedule& schedule, const Operator& op, const std::string& argument, size_t place, int64_t block) {
  for_each_list(schedule, [&](std::vector<Directive>& all) {
    for (Directive& d : all) {
      if (d.kind != DirectiveKind::tile && d.kind != DirectiveKind::split) continue;
      const std::vector<std::string> indices = indices_of(op, d.func, argument);
      if (place >= indices.size() || indices[place] != index_of(d.loops.at(0), d.func, all)) continue;
      d.even = false;
      if (d.kind == DirectiveKind::split) continue;
      const auto same =
          std::find_if(d.classes.begin(), d.classes.end(), [&](const TileClass& c) { return c.width == block; });
      d.classes = {same != d.classes.end() ? *same : d.classes.front()};
    }
  });
}

}  // namespace

ArgumentLayout::ArgumentLayout(const Operator& op, const std::string& argument, LayoutRight right, Decisions& decisions)
    : argument_(argument), right_(right), is_input_(op.find_input(argument) != nullptr) {
  for (const TensorArgument& t : tensor_arguments(op)) {
    if (t.name != argument) continue;
    for (size_t d = 0; d < t.extents.size(); ++d) dimensions_.push_back(std::to_string(d));
  }
  order_ = decisions.order(argument + ".dimensions", dimensions_);
}

size_t ArgumentLayout::place_of(const std::string& dimension) const {
  return static_cast<size_t>(std::find(order_.begin(), order_.end(), dimension) - order_.begin());
}

Operator ArgumentLayout::seen(Operator op) const {
  if (!is_input_ || order_ == dimensions_) return op;
  const auto reordered = [&](const std::vector<Expr>& list) {
    std::vector<Expr> result;
    for (const std::string& d : order_) result.push_back(list.at(std::stoul(d)));
    return result;
  };
  for (InputDecl& input : op.inputs) {
    if (input.name == argument_) input.extents = reordered(input.extents);
  }
  const auto change = [&](Expr& value) {
    value = transform(value, [&](const Expr& e) {
      if (e.kind() != ExprKind::access || e->name != argument_) return e;
      std::vector<Expr> children = children_of(e);
      const std::vector<Expr> args = reordered(e.args());
      std::copy(args.begin(), args.end(), children.begin());
      return with_children(e, children);
    });
  };
  for (FuncContents& f : op.funcs) {
    for (Expr& value : f.values) change(value);
    for (Update& u : f.updates) {
      for (Expr& value : u.values) change(value);
      for (Expr& index : u.indices) change(index);
    }
  }
  return op;
}

bool ArgumentLayout::write(Schedule& schedule, const Operator& seen, const Target& target, Decisions& decisions) const {
  std::vector<std::string> cuts{"none"};
  cuts.insert(cuts.end(), dimensions_.begin(), dimensions_.end());
  const std::string cut = decisions.word(argument_ + ".cut", "none", cuts);
  if (cut == "none" && order_ == dimensions_) return false;
  const size_t place = is_input_ ? place_of(cut) : order_.size();
  int64_t block = 0;
  if (cut != "none") {
    const int64_t width = width_of_tiles(schedule, seen, argument_, place);
    block = decisions.number(argument_ + ".block", width > 0 ? width : 2 * target.lanes(4), 2, 256);
  }
  Group group;
  if (!decisions.whether(argument_ + ".copied", false)) {
    group = group_of(schedule, seen, argument_);
    leave_out_copies(schedule, argument_);
  }
  const bool grouped = group.elements > 0 && group.place != place;
  if (block > 0) fit_tiles(schedule, seen, argument_, place, block);
  std::vector<Digit> digits;
  if (block > 0) digits.emplace_back(cut, block);
  for (size_t p = 0; p < order_.size(); ++p) {
    if (order_[p] != cut) digits.emplace_back(order_[p], grouped && p == group.place ? group.elements : 1);
  }
  if (block > 0) digits.emplace_back(cut, 1, block);
  if (grouped) digits.emplace_back(order_[group.place], 1, group.elements);
  std::vector<Directive> first;
  Stage stage(first, argument_);
  if (right_ == LayoutRight::constant) stage.constant();
  if (right_ == LayoutRight::free) stage.free_layout();
  stage.layout(std::move(digits));
  schedule.directives.insert(schedule.directives.begin(), first.begin(), first.end());
  Substitution strides;  // it lies densely, as it is seen
  Expr stride(int64_t{1});
  for (const TensorArgument& t : tensor_arguments(seen)) {
    for (size_t d = t.name == argument_ ? t.extents.size() : 0; d-- > 0; stride = simplify(stride * t.extents[d]))
      strides.emplace_back(argument_ + ".stride." + std::to_string(d), stride);
  }
  schedule = substitute(schedule, strides);
  return true;
}

}  // namespace lathe::tuner
