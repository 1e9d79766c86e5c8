// The choice of element types for a generic operator.
#include "lang/generic.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace lathe {

const TypeParam* GenericOperator::find(std::string_view type_param) const {
  const auto it = std::find_if(types.begin(), types.end(), [&](const TypeParam& t) { return t.name == type_param; });
  return it == types.end() ? nullptr : &*it;
}

ElementTypes element_types(const std::string& op, const std::vector<TypeParam>& params, const ElementTypes& given) {
  ElementTypes types;
  std::vector<std::string> names;
  for (const TypeParam& param : params) {
    names.push_back(param.name);
    const auto choice = given.find(param.name);
    const DType type = types[param.name] = choice == given.end() ? param.usual : choice->second;
    if (param.admitted.has(type)) continue;
    throw Error(ErrorCode::type_mismatch, {.step = "types",
                                           .what = fmt::format("{} does not admit this element type for {}", op, param.name),
                                           .got = std::string(name_of(type)),
                                           .need = "one of " + names_of(param.admitted),
                                           .where = param.where});
  }
  for (const auto& [name, type] : given) {
    if (types.contains(name)) continue;
    const std::string near = nearest_name(name, names), known = fmt::format("one of {}", fmt::join(names, ", "));
    throw Error(ErrorCode::unknown_name, {.step = "types",
                                          .what = fmt::format("{} has no type parameter of this name", op),
                                          .got = name,
                                          .need = names.empty() ? "none: it is not generic" : known,
                                          .hint = near.empty() ? "" : fmt::format("did you mean {}?", near)});
  }
  return types;
}

void check_admitted(DType type, DTypeSet admitted, const SourceLocation& where) {
  if (admitted.has(type)) return;
  throw Error(ErrorCode::type_mismatch, {.step = "types",
                                         .what = "an operator does not admit this element type",
                                         .got = std::string(name_of(type)),
                                         .need = "one of " + names_of(admitted),
                                         .where = where});
}

}  // namespace lathe
