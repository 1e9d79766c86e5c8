// Random expressions of an element type, over the indices in scope and the tensors that may be read.
#pragma once

#include <string>
#include <vector>

#include "lang/algorithm.h"
#include "tests/fuzz/random.h"

namespace lathe {

// An index or reduction variable and the extent that it most likely runs over.
struct RandomIndex {
  std::string name;
  Expr extent;
};

// What an expression may use.
struct ValueScope {
  std::vector<RandomIndex> indices;
  std::vector<Expr> scalars;                                // sizes and parameters
  std::vector<InputDecl> inputs;
  std::vector<FuncContents> funcs;
  bool in_reduction = false;                                // a term of it may be absent
  bool aligned = false;                                     // most reads are at the last indices, as they are
  int linked = 0;                                           // percent of the reads that are of the last Func
};

class RandomValue {
 public:
  RandomValue(const ValueScope& scope, Random& random) : scope_(scope), random_(random) {}
  Expr of(DType type, int depth);
  Expr index();                                             // affine, strided, divided, turned, ...
  Expr beside(const InputDecl& input, const std::string& last);   // any place but for the last index, which is `last`
  Expr neighbour(const InputDecl& input);                   // absent where the domain's variables lead outside
  Expr condition(int depth) { return of(DType::boolean, depth); }

 private:
  Expr leaf(DType type);
  Expr constant(DType type, bool positive = false);
  Expr operation(DType type, int depth);
  Expr read(DType type);
  Expr read_input(const InputDecl& input);
  Expr read_func(const FuncContents& func, int component);
  Expr index_of(const Expr& extent);                        // of an input's dimension
  Expr data_index();
  bool reads_in_place(size_t rank, std::vector<Expr>& indices);

  const ValueScope& scope_;
  Random& random_;
};

DType random_dtype(Random& random);
DType random_input_dtype(Random& random);                 // types of storage too
std::vector<DType> all_dtypes();

}  // namespace lathe
