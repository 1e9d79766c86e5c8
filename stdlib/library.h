// The standard library in C++: for each operator of the .lathe files here a function that builds an equal object, and the
// schedules that its file has.
//
//   Operator op = stdlib::matmul();
//   Kernel kernel = compile(op, {.schedule = schedule_for(stdlib::matmul_schedules(), host_target().level)});
//
// What an operator computes, its arguments and its error bound stand in the .lathe file.
#pragma once

#include <span>

#include "lang/algorithm.h"
#include "schedules/text.h"

namespace lathe::stdlib {

using Schedules = std::vector<Schedule>;                    // as a file lists them: the most demanding first

#define LATHE_LIBRARY_OPERATOR(name, schedules, text) \
  Operator name();                                    \
  Schedules schedules();
#include "stdlib/operators.def"
#undef LATHE_LIBRARY_OPERATOR

// A row of operators.def.
struct LibraryOperator {
  std::string_view name;
  Operator (*algorithm)();
  Schedules (*schedules)();
  std::string_view text;
};
std::span<const LibraryOperator> operators();

}  // namespace lathe::stdlib
