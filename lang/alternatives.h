// Alternatives: operators with equal arguments that compute the same over the reals by different formulas, as direct and
// Winograd convolution do. The first says what all of them mean; each other one has a numeric class of its own, as a factor
// on the error bound of the first.
//
//   alternatives conv3x3 = conv3x3_direct, conv3x3_winograd within 4
#pragma once

#include "lang/algorithm.h"

namespace lathe {

struct Alternative {
  Operator op;
  double within = 1;                                        // its errors lie within so many times the bound of the first
  bool operator==(const Alternative&) const = default;
};

struct Alternatives {
  std::string name;
  std::vector<Alternative> list;                            // two or more
  SourceLocation where = {};

  const Operator& meaning() const { return list.front().op; }
  const Alternative* find(std::string_view op) const;       // null: no such operator among them
  bool operator==(const Alternatives& o) const { return name == o.name && list == o.list; }
};

// Checks that arguments are equal and factors at least 1. Throws Error.
Alternatives make_alternatives(std::string name, std::vector<Alternative> list, const SourceLocation& where = {});

std::string print(const Alternatives& alternatives);        // the line, without the operators

}  // namespace lathe
