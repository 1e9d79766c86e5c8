// The verbs of the program. Each returns its exit code: 0 good, 1 the check said no.
#pragma once

#include <string>
#include <vector>

#include "tests/halide/trial.h"

namespace lathe::halide {

// Operators of the library and of found.lathe by name, all where no name is given; and those of .lathe files.
int check(const std::vector<std::string>& names, const TrialOptions& options);
int fuzz(int cases, const TrialOptions& options);

struct AutoschedulerOptions {
  TrialOptions trial;
  int seconds = 60;  // of CPU time for one trial
  int jobs = 2;
  std::string out;   // a file; "": prints
};
// The library, or some of it, under each autoscheduler: a table. 1 where a result differs.
int try_autoschedulers(const std::vector<std::string>& names, const AutoschedulerOptions& options);

struct BenchOptions {
  std::string name;
  std::string sizes;   // "M=512,N=512"
  std::string params;  // static ones: "stride=2"
  std::string autoscheduler;
  int threads = 1;
  int repetitions = 20;
};
int bench(const BenchOptions& options);

// Every operator of stdlib/ and examples/, in the order of the files.
std::vector<Operator> library();

}  // namespace lathe::halide
