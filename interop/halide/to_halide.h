// Algorithms of Lathe in Halide: a second, independent implementation of what an operator means, and a peer to be timed
// with.
//
//   HalidePipeline p = to_halide(op);                      // throws Error where Halide has no such algorithm
//   schedule_plainly(p);                                   // or apply_autoscheduler(p, "Adams2019", sizes, threads)
//   HalideCall(p, bindings).run();                         // compiles at the first call
//
// docs/halide.md says how the parts correspond.
#pragma once

#include "interop/halide/scalar.h"
#include "lang/algorithm.h"
#include "lang/interpret.h"

namespace lathe {

struct HalidePipeline {
  Operator op;  // as it was translated
  Arithmetic arithmetic = Arithmetic::lathe;
  Halide::Target target;
  Halide::Pipeline pipeline;  // its Funcs in the order of the output tensors
  std::map<std::string, Halide::Param<int32_t>> sizes;
  std::map<std::string, Halide::Parameter> params;   // run-time parameters
  std::map<std::string, Halide::ImageParam> inputs;  // dimensions in Halide's order: the last index first
  std::vector<Halide::Func> outputs;
  std::map<std::string, Halide::Func> funcs;  // of the algorithm
};

// Why Halide cannot express an operator without static parameters: each reason as an Error{not_expressible} with the
// author's location. Empty: it can.
std::vector<Error> not_expressible(const Operator& op);

// `op`: without static parameters. Throws the first of not_expressible(op).
HalidePipeline to_halide(const Operator& op, Arithmetic arithmetic = Arithmetic::lathe);

// The counterpart of Lathe's plain nest: reductions, Funcs with updates and Funcs that are read at several places are
// computed whole, all others where they are read.
void schedule_plainly(HalidePipeline& p);

// Adams2019, Li2018 or Mullapudi2016, for calls of about these sizes. Throws Error for another name.
void apply_autoscheduler(HalidePipeline& p, const std::string& name, const std::map<std::string, int64_t>& sizes,
                         int threads);

// Milliseconds.
double compile(HalidePipeline& p);

// The tensors of one call in Halide's form, set up once for many runs.
class HalideCall {
 public:
  // Dense tensors are used in place, others through copies. The pipeline and the tensors outlive it.
  HalideCall(HalidePipeline& p, const Bindings& bindings);
  void run();  // and writes back what it has copied

 private:
  Halide::Buffer<> input(const InputDecl& declared, const TensorView& view);
  Halide::Buffer<> output(const TensorView& view);

  HalidePipeline& pipeline_;
  std::vector<Tensor> copies_;
  std::vector<std::pair<TensorView, TensorView>> to_write_back_;  // from, to
  std::vector<Halide::Buffer<>> outputs_;
};

}  // namespace lathe
