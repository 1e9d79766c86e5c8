// Operators built from a string of indices, as NumPy has them. A letter is an index; its capital is the size that it
// runs over.
//
//   einsum("bij,bjk->bik")      result[b, i, k] = sum_j left[b, i, j] right[b, j, k]
//   einsum("abc->cab")          a transpose, of any permutation
//   einsum("ij,ij->")           the inner product of two matrices
//   broadcast("ij+j->ij")       result[i, j] = left[i, j] + right[j], with + - * or / between the operands
//
// The operands are named left and right, a single one operand. Letters that the result lacks are summed over. A letter
// may stand twice in an operand ("ii->i" is the diagonal). Without "->" the result of einsum has the letters that occur
// once, in alphabetical order. Error bound of a sum of n terms: 4 n u sum |left||right|.
#pragma once

#include <string>

#include "lang/algorithm.h"

namespace lathe::stdlib {

// Throws Error{syntax} for a formula that says nothing.
Operator einsum(const std::string& formula, DType type = f32);
Operator broadcast(const std::string& formula, DType type = f32);

}  // namespace lathe::stdlib
