// The check: generated data for an operator, and the comparison of what a kernel wrote with what the interpreter says.
//
//   for (auto& sizes : default_check_sizes(op)) {
//     CheckData data = make_check_data(op, sizes, options);
//     kernel(... data.bindings.tensors ...);
//     CheckReport report = compare(op, data, options);
//   }
//
// Exact mode: inputs are small integers, so that every sum is exact and each schedule must agree bit for bit. Bounded
// mode: any operator; values may differ by what rounding and another order can change, and elements whose decisions lie
// within that bound are counted and left out.
#pragma once

#include <functional>
#include <memory>

#include "lang/guarded_tensor.h"
#include "lang/interpret.h"

namespace lathe {

// How the elements of the generated tensors lie.
enum class CheckStrides : uint8_t {
  dense,       // row-major without gaps
  padded,      // gaps between the rows of inputs and outputs
  transposed,  // inputs with the first index contiguous (rank 1: every second element); outputs dense
};

struct CheckOptions {
  uint64_t seed = 1;
  bool exact = true;                                        // falls back to bounded where exact does not apply
  int64_t largest = 3;                                      // of the integers of exact mode
  int64_t max_points = 1000;                                // compared where interpreting the whole takes too long
  CheckStrides strides = CheckStrides::dense;
  bool special_values = false;                              // some floats are NaN, an infinity or -0, where the results of
                                                            // exact mode do not depend on an order then
  double most_whole_work = 2e7;  // terms to interpret for the whole output; a million take half a second
  double most_point_work = 1e9;  // terms of all points together, but of some points in any case
  double bound_factor = 1;                                  // on the bounds of bounded mode: alternatives.h
};

// What a kernel is called with. Inputs with values (read-only), outputs full of poison; each with one end, drawn from the seed, at a guard page.
struct CheckData {
  std::map<std::string, GuardedTensor> tensors;
  Bindings bindings;                                        // views of them; run-time parameters at their defaults
  std::map<std::string, Tensor> before;                     // inputs that are written, as they were
  Bindings for_oracle(const Operator& op) const;            // with these, and the outputs in their place apart
  void refresh(const Operator& op);                         // as before the call: poison, and inputs that were written
};
CheckData make_check_data(const Operator& op, const std::map<std::string, int64_t>& sizes, const CheckOptions& options);

// The same tensors as a program holds them: dense, aligned, unguarded; views in the order of tensor_arguments.
struct DenseArguments {
  std::vector<Tensor> tensors;
  std::vector<TensorView> views;
};
DenseArguments dense_arguments(const Operator& op, const CheckData& data);

struct CheckReport {
  bool good = true;                                         // every decided element agrees and all poison is intact
  int64_t compared = 0;
  int64_t undecided = 0;
  double largest_error = 0;                                 // |got - needed|, over the finite elements
  std::string first_difference;                             // "C[3, 17]: got 5, need 6"; empty when good
  bool outside = false;                                     // poison between elements is not intact
};
CheckReport compare(const Operator& op, const CheckData& data, const CheckOptions& options);

// What kernels must write, worked out once for many of them. The operator and the data outlive it.
//
// Where the whole takes too long to interpret, `trusted` may fill the outputs as the plain nest does. If that agrees at
// the points, every element is compared with it: where one is off by more than the points may be, the interpreter is
// asked about that element, and its word counts. Only what takes it too long as well goes by the plain nest alone.
class Expected {
 public:
  Expected(const Operator& op, const CheckData& data, const CheckOptions& options,
           const std::function<void()>& trusted = {});
  CheckReport report() const;                               // on what the outputs hold now
  bool interprets_whole() const;
  int64_t points() const;  // that the interpreter worked out, where it did not the whole

 private:
  struct Contents;
  std::shared_ptr<Contents> contents_;
};

// No operation of the operator can round, given small integers: sums, products, comparisons, selects, and anything on
// integers. The second form asks also that the largest intermediate value at these sizes is exact in its type.
bool exact_mode_applies(const Operator& op);
bool exact_mode_applies(const Operator& op, const Bindings& bindings, int64_t largest = 3);
// Exact mode stays exact where inputs are NaN, infinite or -0: a combiner of the author's may depend on its order then, and
// the bits of a NaN are unspecified.
bool special_values_apply(const Operator& op);

// About twelve small combinations of sizes: zero, one, primes that differ between sizes, whole tiles. All respect the
// declared ranges, give no negative extent and no read outside, and take at most a few million operations.
std::vector<std::map<std::string, int64_t>> default_check_sizes(const Operator& op);

}  // namespace lathe
