// Counts the operations of each Func's right side once, then multiplies by its points and terms.
#include "analysis/count_ops.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "analysis/compulsory_bytes.h"
#include "lang/needed_regions.h"
#include "lang/program.h"

namespace lathe {
namespace {

// Which values a subexpression depends on.
struct Dependence {
  bool data = false;   // elements of tensors, or what a reduction has accumulated
  bool index = false;  // index or reduction variables
};

// The operations of one evaluation of some expressions. Free are: what is the same for the whole call; integer and
// boolean arithmetic on indices alone (addresses, masks), with a select that such a condition decides (another body, no
// data).
class OpCounter {
 public:
  OpCounter(bool contract, const std::map<std::string, Scalar>& constants, const Combiner* combiner)
      : contract_(contract), constants_(constants) {
    if (combiner) accumulated_.insert(combiner->left.begin(), combiner->left.end());
  }

  void count(const Expr& e) {
    if (is_free(e) || !seen_.insert(e).second) return;
    if (e.kind() == ExprKind::access) return count_boundary_value(e);
    if (e.kind() == ExprKind::op) {
      if (chooses_operand(e)) return count_choice(e);
      Pipe pipe = info_of(e->op).pipe;
      const Expr* product = contracted_product(e);
      if (product) return count_contracted(e, *product);
      bool decided = e.is_op(Op::select) && is_free(e.arg(0));
      if (pipe != Pipe::none && !decided) add(pipe, e, e.is_op(Op::fma) ? 2 : 1);
    }
    for (const Expr& arg : e.args()) count(arg);
  }

  const std::map<std::pair<Pipe, int64_t>, double>& ops() const { return ops_; }
  double operations() const { return operations_; }

 private:
  Dependence dependence_of(const Expr& e) {
    if (auto known = dependences_.find(e.get()); known != dependences_.end()) return known->second;
    Dependence result;
    if (e.kind() == ExprKind::access) {
      result.data = true;
    } else if (e.kind() == ExprKind::var) {
      result.data = accumulated_.count(e->name) > 0;
      result.index = !result.data && !constants_.count(e->name);
    } else {
      for (const Expr& arg : e.args()) {
        Dependence part = dependence_of(arg);
        result = {result.data || part.data, result.index || part.index};
      }
    }
    return dependences_[e.get()] = result;
  }

  bool is_free(const Expr& e) {
    Dependence d = dependence_of(e);
    return !d.data && (!d.index || !is_float(e.type().dtype));
  }

  // select(a < b, a, b) and its like: one instruction, min or max.
  static bool chooses_operand(const Expr& e) {
    if (!e.is_op(Op::select) || e.arg(0).kind() != ExprKind::op) return false;
    const Expr& condition = e.arg(0);
    bool ordered =
        condition.is_op(Op::lt) || condition.is_op(Op::le) || condition.is_op(Op::gt) || condition.is_op(Op::ge);
    if (!ordered) return false;
    const Expr &a = condition.arg(0), &b = condition.arg(1);
    return (e.arg(1) == a && e.arg(2) == b) || (e.arg(1) == b && e.arg(2) == a);
  }

  void count_choice(const Expr& e) {
    add(Pipe::add, e, 1);
    count(e.arg(1));
    count(e.arg(2));
  }

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
  const std::map<std::string, Scalar>& constants_;
  std::set<std::string> accumulated_;  // names of what a reduction has accumulated
  std::unordered_map<const ExprNode*, Dependence> dependences_;
  std::set<Expr> seen_;
  std::map<std::pair<Pipe, int64_t>, double> ops_;
  double operations_ = 0;
};

void add_times(Work& work, const OpCounter& counter, double times) {
  for (const auto& [key, count] : counter.ops()) work.ops[key] += count * times;
  work.operations += counter.operations() * times;
}

// Terms of a reduction for one point, or points of an update; extents are over sizes and static parameters.
double points_of_domain(const std::vector<ReductionVar>& rvars, const std::map<std::string, Scalar>& constants) {
  std::map<std::string, Interval> ranges;
  for (const auto& [name, value] : constants) ranges[name] = {value.integer, value.integer};
  double terms = 1;
  for (const ReductionVar& rvar : rvars) {
    std::optional<Interval> extent = range_of(rvar.extent, ranges);
    terms *= extent ? static_cast<double>(std::max<int64_t>(extent->high, 0)) : 0;
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
    OpCounter counter(!op.strict, constants, func.combiner.get());
    const std::vector<Expr> values = func.is_reduction() ? accumulated(func) : func.values;
    for (const Expr& value : values) counter.count(value);
    add_times(work, counter, points_in(*box) * (func.is_reduction() ? points_of_domain(func.rvars, constants) : 1));
    for (const Update& update : func.updates) {
      OpCounter in_update(!op.strict, constants, nullptr);
      for (const Expr& value : update.values) in_update.count(value);
      double points = points_of_domain(update.rvars, constants);
      for (size_t d = 0; d < func.vars.size(); ++d) {
        if (update.indices[d] == make_var(func.vars[d])) points *= static_cast<double>((*box)[d].length());
      }
      add_times(work, in_update, points);
    }
  }
  work.bytes = static_cast<int64_t>(compulsory_bytes(op, constants, needs));
  return work;
}

}  // namespace lathe
