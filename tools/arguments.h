// Arguments as a program holds them when it calls a kernel.
#pragma once

#include "lang/oracle.h"
#include "lathe.h"

namespace lathe::tools {

// Dense; those that the kernel wants in a layout of its own are packed.
DenseArguments arguments_of(const Operator& op, const Kernel& kernel, const CheckData& data);

}  // namespace lathe::tools
