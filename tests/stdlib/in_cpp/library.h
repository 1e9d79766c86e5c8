// Operators of the standard library written in C++, for the tests that hold both forms of the language to be equal.
#pragma once

#include <span>

#include "lang/algorithm.h"
#include "lang/generic.h"
#include "schedules/schedule.h"

namespace lathe::in_cpp {

using Schedules = std::vector<Schedule>;                    // as a file lists them: the most demanding first

// Wide enough for sums and products of many terms.
using WideNumbers = OneOf<dtypes::floats | DTypeSet{i32, i64}>;

#define LATHE_WRITTEN_IN_CPP(name, parameters, schedules) \
  Operator name parameters;                               \
  Schedules schedules();
#include "tests/stdlib/in_cpp/operators.def"
#undef LATHE_WRITTEN_IN_CPP

// A row of operators.def.
struct WrittenOperator {
  std::string_view name;
  Operator (*algorithm)();                                  // for the default type
  DTypeSet types;                                           // that it admits; empty: it is not generic
  Operator (*instance)(DType type);                         // for one of them
  Schedules (*schedules)();
};
std::span<const WrittenOperator> operators();

}  // namespace lathe::in_cpp
