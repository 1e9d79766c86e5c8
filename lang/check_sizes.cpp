// Sizes to check an operator at, from its declaration alone. A pattern says how large each size is, by its position;
// declared ranges and multiples, windows (a size that an output extent computes with) and the cost cut it down;
// combinations that the operator does not allow are dropped.
#include <algorithm>
#include <set>

#include "lang/needed_regions.h"
#include "lang/oracle.h"
#include "lang/program.h"

namespace lathe {
namespace {

using Sizes = std::map<std::string, int64_t>;

constexpr double most_work = 5e6;                           // terms and points of one combination
constexpr int64_t largest_window = 5;

// Row after row: what the first, second, ... size of an operator becomes; the row repeats for further sizes.
const std::vector<std::vector<int64_t>> patterns = {
    {1},
    {2, 3, 5, 7},
    {61, 67, 71, 73},
    {16},
    {17, 33, 48, 5},
    {48, 16, 33, 7},
    {7, 64, 31, 3},
    {64, 7, 1, 13},
    {1, 127, 19, 2},
    {257, 11, 3, 9},
    {5, 6, 509, 4},
    {0, 9, 8, 3},
    {9, 0, 8, 3},
    {9, 8, 0, 3},
};

std::set<std::string> names_in(const Expr& e) {
  std::set<std::string> names;
  visit(e, [&](const Expr& node) {
    if (node.kind() == ExprKind::var) names.insert(node->name);
  });
  return names;
}

// Sizes of reductions that have to stay small: those that an output's extent computes with, and all but the innermost
// of reductions over three or more variables.
std::set<std::string> windows_of(const Operator& op) {
  std::set<std::string> computed_with, windows;
  for (const OutputDecl& output : op.outputs) {
    for (const Expr& extent : output.extents) {
      if (extent.kind() == ExprKind::op) computed_with.merge(names_in(extent));
    }
  }
  for (const FuncContents& func : op.funcs) {
    for (size_t r = 0; r < func.rvars.size(); ++r) {
      const bool outer_of_many = func.rvars.size() >= 3 && r + 1 < func.rvars.size();
      for (const std::string& name : names_in(func.rvars[r].extent)) {
        if (outer_of_many || computed_with.contains(name)) windows.insert(name);
      }
    }
  }
  return windows;
}

// The nearest allowed value, downwards where there is one.
int64_t allowed(const SizeDecl& size, int64_t value) {
  value = std::clamp(value, size.lowest, size.highest);
  const int64_t multiple = std::max<int64_t>(size.multiple_of, 1);
  const int64_t down = value / multiple * multiple;
  return down >= size.lowest ? down : down + multiple;
}

class Candidates {
 public:
  explicit Candidates(const Operator& op) : op_(op), windows_(windows_of(op)) {}

  std::vector<Sizes> run() {
    for (const std::vector<int64_t>& pattern : patterns) {
      Sizes sizes;
      for (size_t i = 0; i < op_.sizes.size(); ++i) {
        const SizeDecl& size = op_.sizes[i];
        int64_t value = pattern[i % pattern.size()];
        if (windows_.contains(size.name) && value > largest_window) value = 1 + value % largest_window;
        sizes[size.name] = allowed(size, value);
      }
      cut_down(sizes);
      if (std::find(good_.begin(), good_.end(), sizes) == good_.end() && is_allowed(sizes)) good_.push_back(sizes);
    }
    return good_;
  }

 private:
  std::map<std::string, Scalar> constants(const Sizes& sizes) const {
    Bindings bindings;
    bindings.sizes = sizes;
    return constants_of(op_, bindings);
  }

  double cost(const Sizes& sizes) const {
    double elements = 0;
    for (const TensorArgument& argument : tensor_arguments(op_)) {
      double here = 1;
      for (int64_t extent : shape_of(argument, sizes)) here *= static_cast<double>(std::max<int64_t>(extent, 0));
      elements += here;
    }
    return std::max(needed_regions(op_, constants(sizes)).work, elements);
  }

  // Halves the largest size that may still shrink until the cost is in bounds.
  void cut_down(Sizes& sizes) const {
    while (cost(sizes) > most_work) {
      const SizeDecl* largest = nullptr;
      for (const SizeDecl& size : op_.sizes) {
        const bool shrinks = allowed(size, sizes[size.name] / 2) < sizes[size.name];
        if (shrinks && (!largest || sizes[size.name] > sizes[largest->name])) largest = &size;
      }
      if (!largest) return;
      sizes[largest->name] = allowed(*largest, sizes[largest->name] / 2);
    }
  }

  std::vector<int64_t> shape_of(const TensorArgument& argument, const Sizes& sizes) const {
    Sizes integers;
    for (const auto& [name, value] : constants(sizes)) integers[name] = value.integer;
    std::vector<int64_t> shape;
    for (const Expr& extent : argument.extents) shape.push_back(evaluate_extent(extent, integers));
    return shape;
  }

  bool is_allowed(const Sizes& sizes) const {
    for (const SizeDecl& size : op_.sizes) {
      if (sizes.at(size.name) > size.highest) return false;
    }
    for (const TensorArgument& argument : tensor_arguments(op_)) {
      for (int64_t extent : shape_of(argument, sizes)) {
        if (extent < 0) return false;
      }
    }
    if (cost(sizes) > 10 * most_work) return false;
    return needed_regions(op_, constants(sizes)).reads_inside || runs_inside(sizes);
  }

  // What intervals cannot prove, as with a read behind a select, the interpreter finds out.
  bool runs_inside(const Sizes& sizes) const {
    try {
      interpret(op_, make_check_data(op_, sizes, {}).bindings);
      return true;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::read_outside) return false;
      throw;
    }
  }

  const Operator& op_;
  const std::set<std::string> windows_;
  std::vector<Sizes> good_;
};

}  // namespace

std::vector<Sizes> default_check_sizes(const Operator& op) { return Candidates(op).run(); }

}  // namespace lathe
