// Whether exact mode says anything about an operator: a bound of every float that can occur when the inputs are small
// integers. While it stays below 2^24 (f32) or 2^53 (f64), sums and products of integers do not round in any order.
#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "lang/needed_regions.h"
#include "lang/oracle.h"
#include "lang/program.h"

namespace lathe {
namespace {

bool is_whole(double value) { return std::isinf(value) || value == std::floor(value); }

bool keeps_integers(Op op) {
  const Pipe pipe = info_of(op).pipe;
  return pipe != Pipe::divide && pipe != Pipe::math && op != Op::float_of_bits;
}

bool keeps_integers(const Expr& e) {
  bool keeps = true;
  visit(e, [&](const Expr& node) {
    if (!is_float(node.type().dtype)) return;
    if (node.kind() == ExprKind::constant) keeps = keeps && is_whole(node->float_value);
    if (node.kind() == ExprKind::op) keeps = keeps && keeps_integers(node->op);
  });
  return keeps;
}

double largest_exact(DType type) {
  switch (type) {
    case DType::f16: return 0x1p11;
    case DType::bf16: return 0x1p8;
    case DType::f32: return 0x1p24;
    default: return 0x1p53;
  }
}

class Magnitudes {
 public:
  Magnitudes(const Operator& op, const Bindings& bindings, int64_t largest)
      : op_(op), largest_(static_cast<double>(largest)) {
    const auto constants = constants_of(op, bindings);
    needs_ = needed_regions(op, constants);
    for (const auto& [name, value] : constants) {
      if (is_float(value.dtype)) {
        floats_[name] = std::fabs(value.floating);
        fits_ = fits_ && is_whole(value.floating);
      } else {
        constants_[name] = {value.integer, value.integer};
      }
    }
  }

  bool all_exact() {
    for (size_t f = 0; f < op_.funcs.size(); ++f) visit_func(f);
    return fits_;
  }

 private:
  void visit_func(size_t f) {
    const FuncContents& func = op_.funcs[f];
    ranges_ = constants_;
    known_.clear();
    for (size_t d = 0; d < func.vars.size() && needs_.boxes[f]; ++d) ranges_[func.vars[d]] = (*needs_.boxes[f])[d];
    double terms = 1;
    for (const ReductionVar& rvar : func.rvars) {
      const auto extent = range_of(rvar.extent, ranges_);
      if (extent) ranges_[rvar.name] = {0, extent->high - 1};
      terms *= extent ? static_cast<double>(extent->high) : std::numeric_limits<double>::infinity();
    }
    std::vector<double> sizes;
    for (const Expr& value : func.values) sizes.push_back(of(value));
    if (func.is_reduction()) reduce(func, terms, sizes);
    funcs_[func.name] = sizes;
    const std::vector<FuncPart> stages = parts_of(func);
    for (size_t u = 1; u < stages.size(); ++u) update(func, stages[u].loops);
  }

  // Tries an update on zeros and on large values of its Func: it is a choice if these come back no larger, and adds the
  // same at each point if they grow by no more than the zeros do; anything else is taken to grow beyond every limit.
  void update(const FuncContents& func, const FuncContents& stage) {
    constexpr double trial = 1e6;
    double points = 1;
    for (const ReductionVar& rvar : stage.rvars) {
      const auto extent = range_of(rvar.extent, ranges_);
      if (extent) ranges_[rvar.name] = {0, extent->high - 1};
      points *= extent ? static_cast<double>(extent->high) : std::numeric_limits<double>::infinity();
    }
    std::vector<double>& sizes = funcs_[func.name];
    const std::vector<double> before = sizes;
    const auto of_all = [&](double own) {
      std::fill(sizes.begin(), sizes.end(), own);
      known_.clear();
      double largest = 0;
      for (size_t c = 0; c < before.size(); ++c) largest = std::max(largest, of(stage.values[c]));
      return largest;
    };
    const bool fitted = fits_;
    const double large = of_all(trial), added = of_all(0);
    fits_ = fitted;
    const double largest = std::max(added, *std::max_element(before.begin(), before.end()));
    const double after = large <= trial           ? largest
                         : large <= trial + added ? largest + std::max(points, 0.0) * added
                                                  : std::numeric_limits<double>::infinity();
    std::fill(sizes.begin(), sizes.end(), after);
    for (size_t c = 0; c < sizes.size(); ++c) note(func.dtype(static_cast<int>(c)), sizes[c]);
    known_.clear();
    for (size_t c = 0; c < sizes.size(); ++c) of(stage.values[c]);  // intermediate values count as well
  }

  // Tries the combiner on large operands: a result no larger than they are is a choice, one up to twice as large grows
  // like a sum; anything else is taken to grow beyond every limit.
  void reduce(const FuncContents& func, double terms, std::vector<double>& sizes) {
    constexpr double trial = 1e6;
    const bool fitted = fits_;
    for (size_t i = 0; i < sizes.size(); ++i) {
      for (const std::string& name : {func.combiner->left[i], func.combiner->right[i]}) {
        floats_[name] = trial;
        ranges_.erase(name);
      }
    }
    known_.clear();
    const double largest = *std::max_element(sizes.begin(), sizes.end());
    for (size_t i = 0; i < sizes.size(); ++i) {
      const double growth = of(func.combiner->combined[i]) / trial;
      const double identity = of(func.combiner->identity[i]);
      sizes[i] = growth <= 1 ? std::max(largest, identity)
                 : growth <= 2 ? terms * largest + identity
                               : std::numeric_limits<double>::infinity();
    }
    fits_ = fitted;
    for (size_t i = 0; i < sizes.size(); ++i) note(func.dtype(static_cast<int>(i)), sizes[i]);
  }

  double note(DType type, double size) {
    if (is_float(type)) {
      fits_ = fits_ && size <= largest_exact(type);
      return size;
    }
    return std::min(size, std::ldexp(1.0, bits_of(type) - (is_signed(type) ? 1 : 0)));
  }

  // The largest absolute value of an expression.
  double of(const Expr& e) {
    if (const auto at = known_.find(e.get()); at != known_.end()) return at->second;
    return known_[e.get()] = of_unknown(e);
  }

  double of_unknown(const Expr& e) {
    const DType type = e.type().dtype;
    if (!is_float(type)) {
      if (const auto range = range_of(e, ranges_)) {
        const double low = static_cast<double>(range->low), high = static_cast<double>(range->high);
        return std::min(of_node(e), std::max(std::fabs(low), std::fabs(high)));
      }
    }
    return note(type, of_node(e));
  }

  double of_node(const Expr& e) {
    switch (e.kind()) {
      case ExprKind::constant:
        if (!is_float(e.type().dtype)) return std::fabs(static_cast<double>(e->integer_value));
        return std::isinf(e->float_value) ? 0 : std::fabs(e->float_value);
      case ExprKind::var: {
        const auto known = floats_.find(e->name);
        return known == floats_.end() ? std::numeric_limits<double>::infinity() : known->second;
      }
      case ExprKind::access: return of_access(e);
      case ExprKind::cast: return of(e.arg(0));
      default: return of_op(e);
    }
  }

  double of_access(const Expr& e) {
    double size = e->boundary_value.defined() ? of(e->boundary_value) : 0;
    if (const InputDecl* input = op_.find_input(e->name)) {
      const DTypeKind kind = kind_of(input->dtype);
      return std::max(size, kind == DTypeKind::unsigned_int ? 2 * largest_ - 1
                            : kind == DTypeKind::boolean    ? 1.0
                                                            : largest_);
    }
    return std::max(size, funcs_.at(e->name)[e->component]);
  }

  double of_op(const Expr& e) {
    std::vector<double> args;
    for (size_t i = e.is_op(Op::select) ? 1 : 0; i < e.args().size(); ++i) args.push_back(of(e.arg(i)));
    switch (e->op) {
      case Op::add: case Op::sub: return args[0] + args[1];
      case Op::mul: return args[0] * args[1];
      case Op::fma: return args[0] * args[1] + args[2];
      case Op::div: case Op::neg: case Op::abs: case Op::floor: case Op::ceil: case Op::round: return args[0];
      case Op::mod: return args[1];
      case Op::min: case Op::max: case Op::min_number: case Op::max_number: case Op::select:
        return std::max(args[0], args[1]);
      default: return info_of(e->op).boolean_result ? 1 : std::numeric_limits<double>::infinity();
    }
  }

  const Operator& op_;
  const double largest_;  // of the inputs
  NeededRegions needs_;
  std::map<std::string, Interval> constants_, ranges_;
  std::map<std::string, double> floats_;                    // names beside those with a range
  std::map<std::string, std::vector<double>> funcs_;
  std::unordered_map<const ExprNode*, double> known_;       // of this Func's nodes
  bool fits_ = true;
};

}  // namespace

bool exact_mode_applies(const Operator& op) {
  bool keeps = true;
  for (const FuncContents& func : op.funcs) {
    for (const Expr& value : func.values) keeps = keeps && keeps_integers(value);
    for (const Update& update : func.updates) {
      for (const Expr& value : update.values) keeps = keeps && keeps_integers(value);
      for (const Expr& index : update.indices) keeps = keeps && keeps_integers(index);
    }
    if (!func.is_reduction()) continue;
    for (const Expr& identity : func.combiner->identity) keeps = keeps && keeps_integers(identity);
    for (const Expr& combined : func.combiner->combined) keeps = keeps && keeps_integers(combined);
  }
  for (const ParamDecl& param : op.params) keeps = keeps && is_whole(param.default_value);
  return keeps;
}

bool special_values_apply(const Operator& op) {
  bool apply = exact_mode_applies(op);
  for (const FuncContents& func : op.funcs) {
    if (func.is_reduction()) {
      std::vector<DType> types;
      for (int c = 0; c < func.components(); ++c) types.push_back(func.dtype(c));
      const auto builtin = builtin_combiner(func.combiner->name, types);
      apply = apply && builtin && *builtin == *func.combiner;
    }
    for_each_value(func, [&](const Expr& value) {
      visit(value, [&](const Expr& e) {
        const bool saturates = e.kind() == ExprKind::cast && is_float(e.arg(0).type().dtype) && !is_float(e.type().dtype);
        apply = apply && !saturates && !e.is_op(Op::bits_of);
      });
    });
  }
  return apply;
}

bool exact_mode_applies(const Operator& op, const Bindings& bindings, int64_t largest) {
  return exact_mode_applies(op) && Magnitudes(op, bindings, largest).all_exact();
}

}  // namespace lathe
