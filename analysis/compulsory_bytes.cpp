// Walks the reads of inputs with the ranges of the index and reduction variables.
//
// Two upper bounds meet. The box of a read is exact for indices that are affine in distinct variables, and takes a
// dimension whole where the index depends on data. The number of different reads is at most the product of the ranges
// of the variables that the indices name: for Y[i, j] = T[id[i], j] that is rows of Y, however large T is.
#include "analysis/compulsory_bytes.h"

#include <algorithm>
#include <set>

namespace lathe {
namespace {

using Ranges = std::map<std::string, Interval>;

Ranges ranges_of_constants(const std::map<std::string, Scalar>& constants) {
  Ranges ranges;
  for (const auto& [name, value] : constants) {
    if (!is_float(value.dtype)) ranges[name] = {value.integer, value.integer};
  }
  return ranges;
}

// What is read of one input.
struct ReadPart {
  Box box;  // empty sides: nothing so far
  double different_reads = 0;
};

class Reads {
 public:
  Reads(const Operator& op, const std::map<std::string, Scalar>& constants, const NeededRegions& needs)
      : op_(op), constants_(ranges_of_constants(constants)) {
    for (const InputDecl& input : op.inputs) parts_[input.name].box.resize(input.extents.size());
    for (size_t f = 0; f < op.funcs.size(); ++f) {
      for (const FuncPart& stage : parts_of(op.funcs[f])) add_func(op.funcs[f], stage.loops, needs.boxes[f]);
    }
  }

  double bytes() const {
    double total = 0;
    for (const InputDecl& input : op_.inputs) {
      const ReadPart& part = parts_.at(input.name);
      total += std::min(points_in(part.box), part.different_reads) * bits_of(input.dtype) / 8.0;
    }
    return total;
  }

 private:
  // A variable whose range is not known is left out of the ranges: what is read with it is then taken whole.
  void add_func(const FuncContents& whole, const FuncContents& func, const std::optional<Box>& box) {
    Ranges ranges = constants_;
    std::set<std::string> unknown;
    for (size_t d = 0; d < whole.vars.size(); ++d) {
      if (std::find(func.vars.begin(), func.vars.end(), whole.vars[d]) == func.vars.end()) continue;
      if (!box) {
        unknown.insert(whole.vars[d]);
      } else if ((*box)[d].empty()) {
        return;
      } else {
        ranges[whole.vars[d]] = (*box)[d];
      }
    }
    bool has_terms = true;
    for (const ReductionVar& rvar : func.rvars) {
      add_reads(rvar.extent, ranges, unknown);
      std::optional<Interval> extent = range_of(rvar.extent, ranges);
      if (extent) {
        ranges[rvar.name] = {0, extent->high - 1};
        has_terms = has_terms && extent->high > 0;
      } else {
        ranges.erase(rvar.name);
        unknown.insert(rvar.name);
      }
    }
    if (!has_terms) return;
    for (const Expr& value : func.values) add_reads(value, ranges, unknown);
  }

  void add_reads(const Expr& e, const Ranges& ranges, const std::set<std::string>& unknown) {
    visit(e, [&](const Expr& read) {
      if (read.kind() != ExprKind::access) return;
      const InputDecl* input = op_.find_input(read->name);
      if (input) add_read(*input, read, ranges, unknown);
    });
  }

  void add_read(const InputDecl& input, const Expr& read, const Ranges& ranges, const std::set<std::string>& unknown) {
    ReadPart& part = parts_[input.name];
    for (size_t d = 0; d < part.box.size(); ++d) {
      Interval side = side_read(input.extents[d], read, d, ranges);
      if (side.empty()) continue;
      Interval& old = part.box[d];
      old = old.empty() ? side : Interval{std::min(old.low, side.low), std::max(old.high, side.high)};
    }
    std::set<std::string> used;
    bool countable = true;
    for (const Expr& index : read.args()) {
      visit(index, [&](const Expr& node) {
        if (node.kind() != ExprKind::var || constants_.count(node->name)) return;
        used.insert(node->name);
        countable = countable && !unknown.count(node->name);
      });
    }
    double reads = countable ? 1 : points_in(part.box);
    for (const std::string& name : used) {
      if (countable) reads *= static_cast<double>(ranges.at(name).length());
    }
    part.different_reads += reads;
  }

  // The elements of a dimension that a read may touch. Reflection and wrapping can reach any of them from outside.
  Interval side_read(const Expr& extent, const Expr& read, size_t dimension, const Ranges& ranges) const {
    std::optional<Interval> size = range_of(extent, constants_);
    Interval whole{0, size ? size->high - 1 : -1};
    std::optional<Interval> index = range_of(read.arg(dimension), ranges);
    bool inside = index && index->low >= 0 && index->high <= whole.high;
    if (inside) return *index;
    bool folds_back = read->boundary == Boundary::mirror || read->boundary == Boundary::wrap;
    if (!index || folds_back || whole.empty()) return whole;
    if (read->boundary == Boundary::edge) {
      return {std::clamp<int64_t>(index->low, 0, whole.high), std::clamp<int64_t>(index->high, 0, whole.high)};
    }
    return {std::max<int64_t>(index->low, 0), std::min(index->high, whole.high)};
  }

  const Operator& op_;
  Ranges constants_;
  std::map<std::string, ReadPart> parts_;
};

double output_bytes(const Operator& op, const Ranges& constants) {
  double total = 0;
  for (const TensorArgument& argument : tensor_arguments(op)) {
    if (!argument.is_output) continue;
    double elements = 1;
    for (const Expr& extent : argument.extents) {
      std::optional<Interval> size = range_of(extent, constants);
      elements *= size ? static_cast<double>(std::max<int64_t>(size->high, 0)) : 0;
    }
    total += elements * bits_of(argument.dtype) / 8.0;
  }
  return total;
}

}  // namespace

double compulsory_bytes(const Operator& op, const std::map<std::string, Scalar>& constants,
                        const NeededRegions& needs) {
  return Reads(op, constants, needs).bytes() + output_bytes(op, ranges_of_constants(constants));
}

}  // namespace lathe
