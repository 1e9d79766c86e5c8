// An operator's plain nest as a kernel that a C compiler made: called like any other, with the same checks before.
#pragma once

#include "bench/c_library.h"
#include "lathe.h"

namespace lathe::bench {

// Operators to be compiled together.
class CKernels {
 public:
  // Returns its number. `op` without static parameters left, for arguments whose last strides are 1.
  size_t add(const Operator& op, const Target& target);
  void compile(const std::string& command, const Target& target);
  Kernel kernel(size_t number) const;  // after `compile`

 private:
  struct Entry {
    Operator op;
    std::string name, text;
  };
  std::vector<Entry> entries_;
  std::vector<std::shared_ptr<CLibrary>> libraries_;
};

}  // namespace lathe::bench
