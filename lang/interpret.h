// The reference interpreter: executes definitions as written, point by point, on tensor views. Slow and obviously right.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "lang/algorithm.h"
#include "support/tensor_view.h"

namespace lathe {

// What an operator runs on: values of sizes and parameters, and its tensors by name (inputs; outputs under their Func's
// component names).
struct Bindings {
  std::map<std::string, int64_t> sizes;
  std::map<std::string, double> params;                     // run-time parameters
  std::map<std::string, TensorView> tensors;
};

int64_t evaluate_extent(const Expr& extent, const std::map<std::string, int64_t>& sizes);

// An output in the place of an input has a tensor of its own where one is bound under its name, else that of the input.
// Computes every output whole, each Func once for each point of the region that its consumers need (memoised). Arithmetic
// is done in the element types of the algorithm, so integer results are exact.
void interpret(const Operator& op, const Bindings& bindings);

// The bounded mode: float arithmetic in f64, and beside each value a bound of what reassociation and rounding in the
// declared types may change: u * (number of operations on the path) * (running sum of |terms|). `decided` is false where
// a select, floor, min or argmax decision lies within its bound: such elements are left out of a comparison and counted.
struct BoundedValue {
  double value = 0;
  double bound = 0;
  bool decided = true;
};

// Evaluates single points of a Func on demand; of a Func with updates, points that the operator needs.
class PointOracle {
 public:
  PointOracle(const Operator& op, const Bindings& bindings);
  ~PointOracle();
  BoundedValue at(const std::string& func, int component, const std::vector<int64_t>& indices);
  // Nothing where that takes more than so much work; what it then knew is forgotten.
  std::optional<BoundedValue> at(const std::string& func, int component, const std::vector<int64_t>& indices,
                                 int64_t most_work);
  int64_t work() const;  // points and terms of all Funcs that were computed so far

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The scalar meaning of an operator, cast and combiner: the single place that defines it; constant folding uses it too.
struct Scalar {
  DType dtype = DType::i64;
  int64_t integer = 0;                                      // integers (u64 as its bit pattern), booleans 0 or 1
  double floating = 0;                                      // f32 values are exact in here
};
Scalar evaluate(Op op, const std::vector<Scalar>& args);    // rounds f32 results to f32
Scalar convert(DType type, const Scalar& value);

}  // namespace lathe
