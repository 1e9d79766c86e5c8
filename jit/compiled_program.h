// Whole kernels by what they are compiled from, in memory and on disk (docs/design/cache.md).
#pragma once

#include <memory>

#include "jit/codegen/codegen.h"
#include "jit/compile.h"
#include "jit/lower/lower.h"

namespace lathe {

struct CompiledProgram {
  LoadedProgram code;
  Lowered entry;  // what its signature follows from; its program is not kept
  ScratchNeed scratch;
  CompileStats made;  // counts and bytes; times are each compilation's own
  bool has_conditions = false;  // on its sizes: they are found anew, with the places of this author's file
};
using CompiledProgramPtr = std::shared_ptr<const CompiledProgram>;

// `op` has no static parameters left; a null schedule stands for the constructed one.
std::string program_key(const Operator& op, const Schedule* schedule, const Target& target);

// The program that was kept under this key, in memory while somebody holds it, else on disk, and where it was found;
// null where there is none.
CompiledProgramPtr find_program(const std::string& key, const Target& target, Cache cache, CacheHit& hit);
void keep_program(const std::string& key, const CompiledProgramPtr& program, Cache cache);

}  // namespace lathe
