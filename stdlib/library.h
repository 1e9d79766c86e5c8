// The standard library in C++: for each operator of the .lathe files here a function that builds it, made at build time of
// these files, and the schedules that its file has for the default types. Functions of generic operators take an element
// type.
//
//   Operator op = stdlib::matmul();
//   Operator exact = stdlib::matmul(f64);
//   Kernel kernel = compile(op);
//
// What an operator computes, its arguments and its error bound stand in the .lathe file, and above its function.
#pragma once

#include <span>

#include "lang/algorithm.h"
#include "lang/generic.h"
#include "schedules/text.h"
#include "stdlib/operators.h"

namespace lathe::stdlib {

// An operator of the library.
struct LibraryOperator {
  std::string_view name;
  std::string_view text;                                    // what it computes: "rows as probabilities"
  DTypeSet types;                                           // that it admits; empty: it is not generic
  size_t file;                                              // of stdlib/texts.h

  Operator algorithm() const;                               // for the default type
  Operator instance(DType type) const;                      // for one of `types`
  std::vector<Schedule> schedules() const;                  // as its file lists them: the most demanding first
};
std::span<const LibraryOperator> operators();               // in the order of the files, and within them

}  // namespace lathe::stdlib
