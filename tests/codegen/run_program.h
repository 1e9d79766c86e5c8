// Compiles loop IR written as text and runs it with a context of its own.
#pragma once

#include <atomic>
#include <initializer_list>
#include <string>
#include <vector>

#include "jit/codegen/codegen.h"
#include "jit/ir/text.h"

namespace lathe::test {

// A context that runs loops piece by piece in this thread, counts allocations, and fails from the n-th on.
class CountingContext {
 public:
  CountingContext();
  LatheContext* get() { return &context_; }
  int fails_from = 1 << 30;
  int allocated = 0, released = 0, pieces = 0;
  bool in_reverse_order = true;

 private:
  LatheContext context_;
  std::vector<void*> held_;
};

// The embedded description of this name.
Target test_target(const std::string& name);
bool host_runs(const std::string& target_name);
// The levels that this machine runs.
std::vector<Target> runnable_targets();

// Loaded code for a program text whose last function is the entry.
class Compiled {
 public:
  explicit Compiled(const std::string& text, const Target& target = test_target("x86-64-v3"));
  int run(std::initializer_list<void*> buffers, std::initializer_list<int64_t> scalars = {});
  CountingContext context;
  CompileStats stats;

 private:
  LoadedCode code_;
};

}  // namespace lathe::test
