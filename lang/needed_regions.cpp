// Consumers before producers: each Func's own box gives the ranges of its indices, and these give the boxes of what it
// reads. A range that is not known makes the box of the Func that is read unknown, never wrong.
#include "lang/needed_regions.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace lathe {
namespace {

constexpr int64_t far_away = int64_t{1} << 62;
constexpr Interval anything = {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
__extension__ typedef __int128 Wide;
using Range = std::optional<Interval>;
using Vars = std::map<std::string, Interval>;
using KnownRanges = std::unordered_map<const ExprNode*, Range>;

Range checked_range(Wide low, Wide high) {
  if (low < -far_away || high > far_away) return {};
  return Interval{static_cast<int64_t>(low), static_cast<int64_t>(high)};
}

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }

Range product(const Interval& a, const Interval& b) {
  const Wide corners[] = {Wide{a.low} * b.low, Wide{a.low} * b.high, Wide{a.high} * b.low, Wide{a.high} * b.high};
  return checked_range(*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4));
}

Range quotient(const Interval& a, const Interval& b) {
  if (b.low <= 0) return {};
  const int64_t corners[] = {floor_div(a.low, b.low), floor_div(a.low, b.high), floor_div(a.high, b.low),
                             floor_div(a.high, b.high)};
  return Interval{*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4)};
}

Range remainder(const Interval& a, const Interval& b) {
  if (b.low <= 0) return {};
  const bool unchanged = b.low == b.high && floor_div(a.low, b.low) == floor_div(a.high, b.low);
  if (unchanged) return Interval{a.low - floor_div(a.low, b.low) * b.low, a.high - floor_div(a.high, b.low) * b.low};
  return Interval{0, b.high - 1};
}

Interval hull(const Interval& a, const Interval& b) {
  if (a.empty() || b.empty()) return a.empty() ? b : a;
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

// All values of a type, where an i64 holds them comfortably.
Range range_of_type(DType type) {
  if (type == DType::boolean) return Interval{0, 1};
  if (!is_integer(type) || bits_of(type) == 64) return {};
  const int64_t values = int64_t{1} << bits_of(type);
  return is_signed(type) ? Interval{-values / 2, values / 2 - 1} : Interval{0, values - 1};
}

Range fitting(Range range, DType type) {
  const Range all = range_of_type(type);
  if (range && (!all || (all->low <= range->low && range->high <= all->high))) return range;
  return all;
}

Range range_of(const Expr& e, const Vars& vars, KnownRanges& known);

Range range_of_op(const Expr& e, const Vars& vars, KnownRanges& known) {
  std::vector<Interval> args;
  for (size_t i = e.is_op(Op::select) ? 1 : 0; i < e.args().size(); ++i) {
    Range range = range_of(e.arg(i), vars, known);
    if (!range && (e.is_op(Op::min) || e.is_op(Op::max))) range = anything;   // the other operand may hold it
    if (!range) return {};
    args.push_back(*range);
  }
  const Interval a = args[0], b = args.size() > 1 ? args[1] : a;
  switch (e->op) {
    case Op::add: return checked_range(Wide{a.low} + b.low, Wide{a.high} + b.high);
    case Op::sub: return checked_range(Wide{a.low} - b.high, Wide{a.high} - b.low);
    case Op::mul: return product(a, b);
    case Op::div: return quotient(a, b);
    case Op::mod: return remainder(a, b);
    case Op::neg: return checked_range(-Wide{a.high}, -Wide{a.low});
    case Op::min: return Interval{std::min(a.low, b.low), std::min(a.high, b.high)};
    case Op::max: return Interval{std::max(a.low, b.low), std::max(a.high, b.high)};
    case Op::select: return hull(a, b);
    default: return {};
  }
}

Range range_of_node(const Expr& e, const Vars& vars, KnownRanges& known) {
  const DType type = e.type().dtype;
  if (is_float(type)) return {};
  switch (e.kind()) {
    case ExprKind::constant: return checked_range(e->integer_value, e->integer_value);
    case ExprKind::var: {
      const auto var = vars.find(e->name);
      return var == vars.end() ? range_of_type(type) : var->second;
    }
    case ExprKind::op: return fitting(range_of_op(e, vars, known), type);
    case ExprKind::cast: return fitting(range_of(e.arg(0), vars, known), type);
    default: return range_of_type(type);
  }
}

// A node that several expressions share is looked at once.
Range range_of(const Expr& e, const Vars& vars, KnownRanges& known) {
  if (const auto at = known.find(e.get()); at != known.end()) return at->second;
  return known[e.get()] = range_of_node(e, vars, known);
}

class Needs {
 public:
  Needs(const Operator& op, const std::map<std::string, Scalar>& constants) : op_(op) {
    for (const auto& [name, value] : constants) {
      if (!is_float(value.dtype)) constants_[name] = {value.integer, value.integer};
    }
    needs_.boxes.resize(op.funcs.size());
    for (size_t f = 0; f < op.funcs.size(); ++f) needs_.boxes[f].emplace(op.funcs[f].vars.size());
  }

  NeededRegions run() {
    for (const OutputDecl& output : op_.outputs) {
      std::vector<Range> region;
      for (const Expr& extent : output.extents) region.push_back(whole(range_of(extent, constants_)));
      grow(output.func, region);
    }
    for (size_t f = op_.funcs.size(); f-- > 0;) visit_func(f);
    return needs_;
  }

 private:
  static Range whole(const Range& extent) {
    if (!extent) return {};
    return Interval{0, extent->high - 1};
  }

  void grow(const std::string& func, const std::vector<Range>& region) {
    const auto at = std::find_if(op_.funcs.begin(), op_.funcs.end(), [&](const auto& f) { return f.name == func; });
    std::optional<Box>& box = needs_.boxes[at - op_.funcs.begin()];
    for (size_t d = 0; d < region.size() && box; ++d) {
      if (!region[d]) {
        box.reset();
      } else {
        (*box)[d] = hull((*box)[d], *region[d]);
      }
    }
  }

  // Updates first: what they read of their own Func is needed too.
  void visit_func(size_t f) {
    const std::vector<FuncPart> stages = parts_of(op_.funcs[f]);
    for (size_t s = stages.size(); s-- > 0;) visit_stage(f, stages[s]);
  }

  void visit_stage(size_t f, const FuncPart& stage) {
    const FuncContents& func = stage.loops;
    const std::vector<std::string>& all_vars = op_.funcs[f].vars;
    auto vars = constants_;
    const std::optional<Box>& box = needs_.boxes[f];
    double points = box ? 1 : needs_.work, terms = 1;
    for (size_t d = 0; d < all_vars.size() && box; ++d) {
      if (std::find(func.vars.begin(), func.vars.end(), all_vars[d]) == func.vars.end()) continue;
      vars[all_vars[d]] = (*box)[d];
      points *= static_cast<double>((*box)[d].length());
    }
    if (points == 0) return;
    for (const ReductionVar& rvar : func.rvars) {
      visit_reads(rvar.extent, vars);
      const Range range = whole(range_of(rvar.extent, vars));
      if (range) {
        terms *= static_cast<double>(range->length());
        vars[rvar.name] = *range;
      } else {
        vars.erase(rvar.name);
      }
    }
    needs_.work += points * std::max(terms, 1.0);
    if (terms == 0) return;
    for (const Expr& value : func.values) visit_reads(value, vars, f, &stage);
  }

  void visit_reads(const Expr& e, const Vars& vars, size_t f = 0, const FuncPart* stage = nullptr) {
    visit(e, [&](const Expr& read) {
      if (read.kind() != ExprKind::access) return;
      if (stage && stage->reads_what_it_writes(op_.funcs[f], read)) return;
      std::vector<Range> region;
      for (const Expr& index : read.args()) region.push_back(range_of(index, vars));
      if (const InputDecl* input = op_.find_input(read->name)) {
        if (read->boundary == Boundary::inside) check_inside(*input, region);
        if (needs_element(read->boundary)) check_nonempty(*input);
        return;
      }
      grow(read->name, region);
    });
  }

  void check_inside(const InputDecl& input, const std::vector<Range>& region) {
    for (size_t d = 0; d < region.size(); ++d) {
      const Range extent = range_of(input.extents[d], constants_);
      const bool inside = region[d] && extent && region[d]->low >= 0 && region[d]->high < extent->high;
      needs_.reads_inside = needs_.reads_inside && inside;
    }
  }

  static bool needs_element(Boundary rule) {
    return rule == Boundary::edge || rule == Boundary::mirror || rule == Boundary::wrap;
  }

  void check_nonempty(const InputDecl& input) {
    for (const Expr& e : input.extents) {
      const Range extent = range_of(e, constants_);
      needs_.reads_inside = needs_.reads_inside && extent && extent->low >= 1;
    }
  }

  const Operator& op_;
  std::map<std::string, Interval> constants_;
  NeededRegions needs_;
};

}  // namespace

double points_in(const Box& box) {
  double points = 1;
  for (const Interval& side : box) points *= static_cast<double>(side.length());
  return points;
}

std::optional<Interval> range_of(const Expr& e, const std::map<std::string, Interval>& vars) {
  KnownRanges known;
  const Range range = range_of(e, vars, known);
  return range ? checked_range(range->low, range->high) : range;
}

NeededRegions needed_regions(const Operator& op, const std::map<std::string, Scalar>& constants) {
  return Needs(op, constants).run();
}

}  // namespace lathe
