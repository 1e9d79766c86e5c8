// What a formula costs at given sizes, counted from the definitions alone: operations on each pipe, and the bytes that
// must move at least once. The bound that a measured time is compared with is made of these.
//
// Each Func is evaluated once for each point that its consumers need; equal subexpressions count once; what is the same
// for the whole call, indices and boundary rules count nothing (address work), nor do masks made of indices.
// select(a < b, a, b) is one operation, as min is. In the numeric class `fast` a float addition of a product is one
// operation on the pipe of products, as is the accumulation of a sum of products.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "lang/algorithm.h"

namespace lathe {

struct Work {
  std::map<std::pair<Pipe, int64_t>, double> ops;  // by pipe and bytes of an element: scalar operations
  double operations = 0;                           // as written: a product and its addition are two
  int64_t bytes = 0;                               // every input element needed read once, every output written once
  bool complete = true;                            // false: the points of some Func depend on data and were left out
};

Work count_work(const Operator& op, const std::map<std::string, int64_t>& sizes);

}  // namespace lathe
