// Layouts: which digit of which index each dimension of a buffer holds.
//
//   B.layout(n/16, k, n%16)        B[k, n] lives at [n/16, k, n%16] of a buffer with extents [(N + 15)/16, K, 16]
#pragma once

#include <string>
#include <vector>

#include "lang/expr.h"
#include "schedules/schedule.h"

namespace lathe {

struct LayoutDigit {
  size_t dimension = 0;
  int64_t divisor = 1, modulus = 0;                         // modulus 0: all of index / divisor
  bool operator==(const LayoutDigit&) const = default;
};
using Layout = std::vector<LayoutDigit>;

Layout row_major(size_t rank);
// The digits of this directive, whose dimensions have these names (or are given by number). Error{unknown_loop} for a name that
// is none, Error{illegal_schedule} where two elements would share a place or an element has none.
Layout layout_of(const Directive& d, const std::vector<std::string>& names);

// Refuses digits of which two elements would share a place: each dimension whole, or by all of its mixed-radix parts.
void check_radices(const Layout& layout, const std::vector<std::string>& names, const std::string& what, const SourceLocation& where);

// Extents of a buffer's dimensions, from those of the tensor's; places in it, from indices.
std::vector<Expr> extents_in(const Layout& layout, const std::vector<Expr>& extents);
std::vector<Expr> place_in(const Layout& layout, const std::vector<Expr>& indices);

}  // namespace lathe
