// The standard library in C++: for each operator of the .lathe files here a function that builds an equal object, and the
// schedules that its file has for the default types. Functions of generic operators take an element type.
//
//   Operator op = stdlib::matmul();
//   Operator exact = stdlib::matmul(f64);
//   Kernel kernel = compile(op, {.schedule = schedule_for(stdlib::matmul_schedules(), host_target().level)});
//
// What an operator computes, its arguments and its error bound stand in the .lathe file.
#pragma once

#include <span>

#include "lang/algorithm.h"
#include "lang/generic.h"
#include "schedules/text.h"

namespace lathe::stdlib {

using Schedules = std::vector<Schedule>;                    // as a file lists them: the most demanding first

// Wide enough for sums and products of many terms.
using WideNumbers = OneOf<dtypes::floats | DTypeSet{i32, i64}>;

#define LATHE_LIBRARY_OPERATOR(name, parameters, schedules, text) \
  Operator name parameters;                                       \
  Schedules schedules();
#include "stdlib/operators.def"
#undef LATHE_LIBRARY_OPERATOR

// A row of operators.def.
struct LibraryOperator {
  std::string_view name;
  Operator (*algorithm)();                                  // for the default type
  DTypeSet types;                                           // that it admits; empty: it is not generic
  Operator (*instance)(DType type);                         // for one of them
  Schedules (*schedules)();
  std::string_view text;
};
std::span<const LibraryOperator> operators();

}  // namespace lathe::stdlib
