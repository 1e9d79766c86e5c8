// Kernels ahead of time: an archive and a C header for a program that links neither this library nor LLVM
// (docs/embedding.md).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lang/algorithm.h"
#include "schedules/schedule.h"
#include "targets/target.h"

namespace lathe {

// Code for one instruction set level; which one runs is decided when the program does.
struct BuildLevel {
  Target target;                     // its level must be one of build_levels()
  std::optional<Schedule> schedule;  // none: it is constructed
};
std::vector<std::string> build_levels();  // strongest first

struct BuiltKernel {
  std::string name;             // of the C function
  std::string header, archive;  // contents of NAME.h and libNAME.a
  std::string abi_header;       // contents of lathe_kernel.h, which NAME.h includes
};
BuiltKernel build(const Operator& op, const std::vector<BuildLevel>& levels,
                  const std::map<std::string, int64_t>& static_params = {});

}  // namespace lathe
