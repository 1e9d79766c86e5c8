// What kernels of an operator must write: at the sizes that are tuned, and at small ones.
#pragma once

#include <functional>
#include <memory>

#include "jit/compile.h"
#include "lang/oracle.h"
#include "tuner/record.h"

namespace lathe::tuner {

struct BedOptions {
  Target target;
  int threads = 1;
  bool cold = false;     // arguments that no cache holds, in turns
  bool thorough = true;  // the interpreter works out more of the output, where that takes seconds
  std::map<std::string, double> run_params = {};
  Layouts layouts = {};  // of others no kernel changes the layout
  // Called after each run of a candidate, with its schedule and the arguments: tests plant faults here.
  std::function<void(const std::string& schedule, std::span<const TensorView> arguments)> after_run = {};
};

struct Verdict {
  Outcome outcome = Outcome::good;
  std::string detail;
};
Verdict verdict_of(const Error& error);

// The operator and the options outlive it.
class Results {
 public:
  Results(const Operator& op, const Sizes& sizes, const BedOptions& options);

  void work_out_small();
  // Runs a kernel, and compares. `all_sizes`: at small ones as well, which are worked out by then.
  Verdict check(const Kernel& kernel, const std::string& schedule, bool all_sizes);
  const std::map<std::string, double>& params() const { return own_->data.bindings.params; }
  std::vector<GuardedTensor::Range> guarded() const;  // where an access is out of bounds

 private:
  struct Case {
    CheckData data;
    std::unique_ptr<Expected> expected = {};
  };
  std::unique_ptr<Case> made(const Sizes& sizes, CheckOptions& check) const;
  void work_out_own(const CheckOptions& check);
  void run(const Kernel& kernel, const CheckData& data) const;
  Verdict compare_on(const Kernel& kernel, const std::string& schedule, Case& on) const;

  const Operator& op_;
  const BedOptions& options_;
  std::unique_ptr<Case> own_;
  std::vector<std::unique_ptr<Case>> small_;  // once they are needed
};

}  // namespace lathe::tuner
