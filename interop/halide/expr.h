// Expressions of one definition, as expressions of Halide.
//
// Halide's indices have 32 bits, Lathe's 64. What an index is made of is translated in 32 bits where that is enough
// (index variables, sizes, small constants and bytes, joined by arithmetic), since Halide infers bounds through such
// formulas; data in an index is computed in 64 bits and narrowed after the boundary rule has bounded it. Operands of a
// combiner and parameters are data too, such as the places that an argmax compares.
#pragma once

#include <unordered_map>

#include "interop/halide/scalar.h"
#include "lang/algorithm.h"

namespace lathe {

// The tensors and scalars of an operator in Halide.
struct HalideNames {
  Operator op;
  Arithmetic arithmetic = Arithmetic::lathe;
  std::map<std::string, Halide::Expr> scalars;  // sizes, in 32 bits; run-time parameters
  std::map<std::string, Halide::ImageParam> inputs;
  std::map<std::string, Halide::Func> funcs;
  std::map<std::string, Halide::Func> present;  // whether all that a pure Func reads with Boundary::none is inside
};

class HalideExprs {
 public:
  // `locals`: indices and reduction variables, in 32 bits; operands of a combiner, in their types.
  HalideExprs(const HalideNames& names, std::map<std::string, Halide::Expr> locals)
      : names_(names), locals_(std::move(locals)) {}

  Halide::Expr value(const Expr& e);
  Halide::Expr index(const Expr& e);                                // an i64 formula, in 32 bits
  std::vector<Halide::Expr> indices(const std::vector<Expr>& all);  // of a Func: the last one first
  // In an update of `func`: what is read at the indices that it writes is read at `place`.
  void writes(const std::string& func, const std::vector<Expr>& indices, const std::vector<Halide::Expr>& place);
  // True where no read of `e` with Boundary::none is outside; undefined where there is none.
  Halide::Expr present(const Expr& e);

 private:
  // An i64 formula over indices that 32 bits are enough for.
  bool is_narrow(const Expr& e) const;
  Halide::Expr new_value(const Expr& e);
  Halide::Expr var(const Expr& e) const;
  Halide::Expr operation(const Expr& e);
  Halide::Expr formula(const Expr& e, int bits);
  Halide::Expr read_input(const Expr& e, const InputDecl& input);
  Halide::Expr unpacked(const Expr& e, const Halide::ImageParam& image, std::vector<Halide::Expr> at);
  // The index in dimension d of a read by its rule, inside the image; `inside`: whether it was so before.
  Halide::Expr ruled(const Expr& e, const InputDecl& input, size_t d, Halide::Expr& inside);

  const HalideNames& names_;
  std::map<std::string, Halide::Expr> locals_;
  std::unordered_map<Expr, Halide::Expr> values_;
  std::string written_;  // "": no update
  std::vector<Expr> written_at_;
  std::vector<Halide::Expr> place_;
};

}  // namespace lathe
