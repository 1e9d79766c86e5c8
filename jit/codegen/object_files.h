// Object files and archives of them, for linkers of other programs (jit/build.h).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "jit/ir/ir.h"
#include "targets/target.h"

namespace lathe {

// The program's code with its entry, of type LatheEntry, under this symbol.
std::string object_file(const ir::Program& program, const Target& target, const std::string& entry_symbol);

// The function that a program in C calls: it hands its arguments to lathe_call (jit/embed/lathe_call.h).
struct CallFunction {
  std::string symbol;
  size_t tensors = 0;
  std::vector<DType> params;
  std::vector<int64_t> table;  // LatheKernel's
  std::string text;
  std::vector<std::string> entries;  // symbols, strongest level first; "": none
};
std::string call_object(const CallFunction& call, const Target& target);

// (name, bytes) of each file.
std::string archive_of(const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace lathe
