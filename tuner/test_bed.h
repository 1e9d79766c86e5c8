// Where candidates are tried: an operator at sizes, with data and what must come out, and kernels of it side by side. It runs
// whatever it is given, so it lives in a worker (worker.h), never in the tuner's process.
#pragma once

#include "tuner/interleaved.h"
#include "tuner/results.h"
#include "tuner/space.h"

namespace lathe::tuner {

struct Timing {
  double us = 0, ratio = 0;                                 // of the second; time of the first / time of the second
  bool noisy = false;
  std::vector<double> samples_us;                           // of the second
};

class TestBed {
 public:
  TestBed(Operator op, const Sizes& sizes, BedOptions options);

  // What the analytic model says of a schedule; nothing is compiled. Refused where lowering refuses it.
  Verdict rank(const std::string& schedule, const Sizes& params, Modelled* model);
  // Lowers, compiles and checks the kernel of a schedule's text; `all_sizes`: it is for calls of all sizes. A kernel
  // that is there is not compiled again.
  Verdict load(const std::string& schedule, bool all_sizes);
  // Checks a loaded kernel with these values of its parameters.
  Verdict check(const std::string& schedule, const Sizes& params);
  struct Contestant {
    std::string schedule;
    Sizes params;
  };
  Timing time(const Contestant& incumbent, const Contestant& candidate, double seconds);
  void drop(const std::string& schedule) { loaded_.erase(schedule); }

  std::vector<GuardedTensor::Range> guarded() const { return results_.guarded(); }
  void prepare_all_sizes() { results_.work_out_small(); }  // before a schedule for all sizes is loaded

 private:
  std::vector<std::function<void()>> bound(const Contestant& contestant);
  std::function<void()> call_of(const Kernel& kernel, const DenseArguments& set) const;
  CompileOptions options_of(const std::string& schedule) const;
  void add_strides(const ArgumentSpec& argument, Sizes& scalars) const;
  struct Lowered;
  const Lowered& lowered(const std::string& schedule);

  const Operator op_;
  const Sizes sizes_;
  const BedOptions options_;
  Results results_;
  std::vector<DenseArguments> arguments_;
  struct Loaded {
    Kernel kernel;
    bool all_sizes;
  };
  std::map<std::string, Loaded> loaded_;  // by schedule
  struct Lowered {
    FinalProgram made;
    std::string program;  // a name of it
    Sizes scalars;        // what a call of it would be given
  };
  std::map<std::string, Lowered>
      lowered_;  // by schedule: who is ranked may be loaded, and others of its parameters follow
};

}  // namespace lathe::tuner
