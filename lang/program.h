// A Func compiled to a flat program over registers, once for given sizes and parameters: what the interpreter and the
// point oracle run, each with its own kind of value in the registers (lang/machine.h).
//
// Registers 0.. hold the index variables, then the reduction variables; constants, sizes and parameters are preset.
// Equal subexpressions are computed once. A select whose choices read a tensor without a boundary rule becomes a
// branch, so that it can guard the read; every other select computes both choices.
#pragma once

#include <map>

#include "lang/algorithm.h"
#include "lang/interpret.h"
#include "lang/scalar.h"

namespace lathe {

inline constexpr int max_interpreted_rank = 16;

struct Step {
  enum class Kind : uint8_t {
    apply,        // result = op(a, b, c)
    cast,         // result = a converted to `to`
    read,         // result = an element, by reads[a]
    move,         // result = a, chosen by the condition b
    jump,         // to step a
    jump_if_not,  // to step b when a is false
  };
  Kind kind = Kind::apply;
  Op op = Op::add;
  DType from = DType::i64;                                  // of the operands
  DType to = DType::i64;                                    // of the result
  int result = 0, a = 0, b = 0, c = 0;
  CellFunction function = nullptr;                          // apply, cast
};

// An access: of input `tensor`, or of Func `tensor`.
struct Read {
  bool of_func = false;
  int tensor = 0;
  int component = 0;
  Boundary boundary = Boundary::inside;
  std::vector<int> indices;                                 // registers
  int boundary_value = 0;                                   // register, with Boundary::constant
  SourceLocation where;
};

// The part of an update (algorithm.h) runs its body once for each point of its domain; the indices that it writes are
// ready before its values.
//
// What a component of a reduction combines its terms by: `formula` is any other arithmetic on floats, `other` what only chooses
// among them, and whole numbers.
enum class Plain : uint8_t { other, sum, product, formula };

// Steps [0, body) depend on the indices only; steps [body, end) on the reduction variables too. A reduction sets
// `left` to `identity`, and for each term runs the body and moves `combined` to `left`.
struct Program {
  std::vector<std::pair<int, Cell>> presets;                // register, value
  std::vector<Step> steps;
  std::vector<Read> reads;
  int registers = 0;
  int body = 0;
  int vars = 0;                                             // registers [0, vars) are the indices
  int rvars = 0;                                            // registers [vars, vars + rvars)
  std::vector<int> extents;                                 // of the rvars
  std::vector<int> identity, left, terms, combined;         // reductions, one for each component
  std::vector<Plain> plain;                                 // ... of floats
  std::vector<int> results;                                 // one for each component
  std::vector<int> ready;                                   // results[i] is there after so many steps; not of reductions
  std::vector<DType> dtypes;                                // of the results
};

// The values of everything that is constant during a call: sizes, static parameters (by default or in bindings.sizes)
// and run-time parameters.
std::map<std::string, Scalar> constants_of(const Operator& op, const Bindings& bindings);

// `func`: a Func of the operator or a part of one, without updates.
Program compile_func(const Operator& op, const FuncContents& func, const std::map<std::string, Scalar>& constants);

}  // namespace lathe
