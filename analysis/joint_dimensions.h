// Two neighbouring dimensions of a Func, of what it reads and of what reads it, as one: joint = outer * extent(inner) + inner.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <variant>

#include "lang/algorithm.h"

namespace lathe {

struct JointDimensions {
  Operator op;                                              // with one dimension in the place of the two
  std::map<std::string, size_t> joined;                     // tensor -> where it is, where the two were
  Expr inner;                                               // extent of the inner one, the same everywhere
};

struct NotJoinable {
  std::string got, need;
};

// Dimensions `outer` and `inner` of the Func become `joint`. They must stand side by side, as outer + constant and inner, in
// every read of what is joined, be used for nothing else, and not be updated.
std::variant<JointDimensions, NotJoinable> join_dimensions(const Operator& op, const std::string& func, const std::string& outer,
                                                           const std::string& inner, const std::string& joint);

}  // namespace lathe
