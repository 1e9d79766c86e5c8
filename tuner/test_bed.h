// Where candidates are tried: an operator at sizes, with data and what must come out, and kernels of it side by side. It runs
// whatever it is given, so it lives in a worker (worker.h), never in the tuner's process.
#pragma once

#include <functional>

#include "jit/compile.h"
#include "lang/oracle.h"
#include "tuner/interleaved.h"
#include "tuner/space.h"

namespace lathe::tuner {

struct BedOptions {
  Target target;
  int threads = 1;
  bool cold = false;                                        // arguments that no cache holds, in turns
  bool thorough = true;  // compares more of the output, where that takes seconds to work out
  std::map<std::string, double> run_params = {};
  Layouts layouts = {};                                     // of others no kernel changes the layout
  // Called after each run of a candidate, with its schedule and the arguments: tests plant faults here.
  std::function<void(const std::string& schedule, std::span<const TensorView> arguments)> after_run = {};
};

struct Verdict {
  Outcome outcome = Outcome::good;
  std::string detail;
};

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
  // Lowers, compiles and checks the kernel of a schedule's text. A kernel that is there is not compiled again.
  Verdict load(const std::string& schedule);
  // Checks a loaded kernel with these values of its parameters.
  Verdict check(const std::string& schedule, const Sizes& params);
  struct Contestant {
    std::string schedule;
    Sizes params;
  };
  Timing time(const Contestant& incumbent, const Contestant& candidate, double seconds);
  void drop(const std::string& schedule) { kernels_.erase(schedule); }

  std::vector<GuardedTensor::Range> guarded() const;        // where an access is out of bounds

 private:
  struct Case {
    CheckData data;
    std::unique_ptr<Expected> expected;
  };
  void add_case(const Sizes& sizes);
  std::vector<std::function<void()>> bound(const Contestant& contestant);
  std::function<void()> call_of(const Kernel& kernel, const DenseArguments& set) const;
  void run(const Kernel& kernel, const std::string& schedule, const Case& on);

  CompileOptions options_of(const std::string& schedule) const;
  void add_strides(const ArgumentSpec& argument, Sizes& scalars) const;
  struct Lowered;
  const Lowered& lowered(const std::string& schedule);

  const Operator op_;
  const Sizes sizes_;
  const BedOptions options_;
  std::vector<std::unique_ptr<Case>> cases_;                // the problem's own sizes, then small ones
  std::vector<DenseArguments> arguments_;
  std::map<std::string, Kernel> kernels_;                   // by schedule
  struct Lowered {
    FinalProgram made;
    std::string program;  // a name of it
    Sizes scalars;        // what a call of it would be given
  };
  std::map<std::string, Lowered>
      lowered_;  // by schedule: who is ranked may be loaded, and others of its parameters follow
};

}  // namespace lathe::tuner
