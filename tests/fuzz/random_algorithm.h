// A random operator: sizes and parameters, inputs of any element type and rank, a chain of Funcs with reductions, tuples,
// updates, boundary rules and all kinds of indices. Mostly legal, since it is drawn with knowledge of what is.
#pragma once

#include "lang/algorithm.h"
#include "tests/fuzz/random.h"

namespace lathe {

struct AlgorithmOptions {
  int least_funcs = 1;
  int most_funcs = 4;
  int most_rank = 4;
  int depth = 3;                                            // of the expression of a Func
  bool static_params = true;
  // Percent of the operators:
  int aligned = 40;                                         // tensors of one shape, mostly read at their own indices
  int dots = 5;                                             // sums of products of small integers
  int windows = 10;                                         // reductions over neighbours, absent at the borders
  int chained = 5;  // a last Func, or two, whose results are each made of the one before's there
  // Percent of the Funcs, and of reads:
  int reductions = 45;
  int linked = 0;  // of the Func before, whatever else there is
};

// Built node by node and checked as both front ends do. Throws Error where the language refuses what was drawn, such as a
// read that is always outside.
Operator random_algorithm(Random& random, const AlgorithmOptions& options = {});

// The same, drawn again until the language takes it and knows that its reads can be inside.
Operator legal_random_algorithm(Random& random, const AlgorithmOptions& options = {});

}  // namespace lathe
