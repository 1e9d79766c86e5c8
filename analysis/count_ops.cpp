// Counts the operations of each Func's right side once, then multiplies by its points and terms.
#include "analysis/count_ops.h"

#include <algorithm>
#include <set>

#include "lang/needed_regions.h"
#include "lang/program.h"

namespace lathe {
namespace {

// The operations of one evaluation of some expressions.
class OpCounter {
 public:
  explicit OpCounter(bool contract) : contract_(contract) {}

  void count(const Expr& e) {
    if (!seen_.insert(e).second) return;
    if (e.kind() == ExprKind::access) return count_boundary_value(e);
    if (e.kind() == ExprKind::op) {
      Pipe pipe = info_of(e->op).pipe;
      const Expr* product = contracted_product(e);
      if (product) return count_contracted(e, *product);
      if (pipe != Pipe::none) add(pipe, e, e.is_op(Op::fma) ? 2 : 1);
    }
    for (const Expr& arg : e.args()) count(arg);
  }

  const std::map<std::pair<Pipe, int64_t>, double>& ops() const { return ops_; }
  double operations() const { return operations_; }

 private:
  // The operand of a float addition or subtraction that is a product and so becomes part of one instruction.
  const Expr* contracted_product(const Expr& e) const {
    bool sum = e.is_op(Op::add) || e.is_op(Op::sub);
    if (!contract_ || !sum || !is_float(e.type().dtype)) return nullptr;
    for (size_t side : {1, 0}) {
      if (e.arg(side).is_op(Op::mul)) return &e.arg(side);
    }
    return nullptr;
  }

  void count_contracted(const Expr& sum, const Expr& product) {
    add(Pipe::mul, sum, 2);
    for (const Expr& factor : product.args()) count(factor);
    count(&sum.arg(0) == &product ? sum.arg(1) : sum.arg(0));
  }

  void count_boundary_value(const Expr& access) {
    if (access->boundary_value.defined()) count(access->boundary_value);
  }

  // A comparison takes lanes of its operands' width.
  void add(Pipe pipe, const Expr& e, double operations) {
    int64_t width = bytes_of(e.type().dtype);
    for (const Expr& arg : e.args()) width = std::max(width, bytes_of(arg.type().dtype));
    ops_[{pipe, width}] += 1;
    operations_ += operations;
  }

  bool contract_;
  std::set<Expr> seen_;
  std::map<std::pair<Pipe, int64_t>, double> ops_;
  double operations_ = 0;
};

void add_times(Work& work, const OpCounter& counter, double times) {
  for (const auto& [key, count] : counter.ops()) work.ops[key] += count * times;
  work.operations += counter.operations() * times;
}

// Terms of a reduction for one point; the middle of the range where an extent depends on the point.
double terms_of(const FuncContents& func, const Box& box, const std::map<std::string, Scalar>& constants) {
  std::map<std::string, Interval> ranges;
  for (const auto& [name, value] : constants) ranges[name] = {value.integer, value.integer};
  for (size_t d = 0; d < func.vars.size(); d++) ranges[func.vars[d]] = box[d];
  double terms = 1;
  for (const ReductionVar& rvar : func.rvars) {
    std::optional<Interval> extent = range_of(rvar.extent, ranges);
    if (!extent) return 0;
    double low = static_cast<double>(std::max<int64_t>(extent->low, 0)),
           high = static_cast<double>(std::max<int64_t>(extent->high, 0));
    terms *= (low + high) / 2;
    ranges[rvar.name] = {0, std::max<int64_t>(extent->high - 1, 0)};
  }
  return terms;
}

// One term of a reduction: its value, joined to what was accumulated before.
std::vector<Expr> accumulated(const FuncContents& func) {
  Substitution values;
  for (size_t c = 0; c < func.values.size(); c++) values.emplace_back(func.combiner->right[c], func.values[c]);
  std::vector<Expr> combined;
  for (const Expr& e : func.combiner->combined) combined.push_back(substitute(e, values));
  return combined;
}

}  // namespace

Work count_work(const Operator& op, const std::map<std::string, int64_t>& sizes) {
  Work work;
  std::map<std::string, Scalar> constants = constants_of(op, {.sizes = sizes, .params = {}, .tensors = {}});
  NeededRegions needs = needed_regions(op, constants);
  for (size_t f = 0; f < op.funcs.size(); f++) {
    const FuncContents& func = op.funcs[f];
    const std::optional<Box>& box = needs.boxes[f];
    if (!box) {
      work.complete = false;
      continue;
    }
    OpCounter counter(!op.strict);
    for (const Expr& value : func.is_reduction() ? accumulated(func) : func.values) counter.count(value);
    add_times(work, counter, points_in(*box) * (func.is_reduction() ? terms_of(func, *box, constants) : 1));
  }
  for (const TensorArgument& argument : tensor_arguments(op)) {
    int64_t bytes = bytes_of(argument.dtype);
    for (const Expr& extent : argument.extents) bytes *= std::max<int64_t>(evaluate_extent(extent, sizes), 0);
    work.bytes += bytes;
  }
  return work;
}

}  // namespace lathe
