// Operators that are generic over element types (docs/design/generic-types.md).
//
//   softmax(X: dtype[M, N]; dtype: floats = f32) -> Y: dtype[M, N]
//
// In text a parameter stands for a type; in C++ the function that builds the operator takes it:
//
//   Operator softmax(Floats dtype = f32);
#pragma once

#include <map>
#include <source_location>
#include <string>
#include <vector>

#include "lang/algorithm.h"
#include "support/dtype_set.h"

namespace lathe {

// dtype: floats = f32
struct TypeParam {
  std::string name;
  DTypeSet admitted;
  DType usual = DType::f32;                                 // the default
  SourceLocation where;
};

using ElementTypes = std::map<std::string, DType>;          // by the names of type parameters

struct GenericOperator {
  std::string name;
  std::string header;                                       // as it is written, on one line
  std::vector<TypeParam> types;

  const TypeParam* find(std::string_view type_param) const;  // null: there is none
};

// The type of each parameter: as given, or the default. Error{unknown_name} for a name that is none of them,
// Error{type_mismatch} for a type that is not admitted.
ElementTypes element_types(const std::string& op, const std::vector<TypeParam>& params, const ElementTypes& given);

// Refuses a type that is not among `admitted`, at the caller's place.
void check_admitted(DType type, DTypeSet admitted, const SourceLocation& where);

// A parameter of a function that builds an operator: one of the element types that it admits.
template <DTypeSet admitted>
class OneOf {
 public:
  OneOf(DType type, std::source_location at = std::source_location::current()) : type_(type) {
    check_admitted(type, admitted, {at.file_name(), static_cast<int>(at.line()), static_cast<int>(at.column())});
  }
  operator DType() const { return type_; }

 private:
  DType type_;
};

using Floats = OneOf<dtypes::floats>;
using Integers = OneOf<dtypes::integers>;
using Numbers = OneOf<dtypes::numbers>;
using AnyType = OneOf<dtypes::any>;

}  // namespace lathe
