#include "stdlib/library.h"

namespace lathe::stdlib {

namespace {

// A row from the type of the function that builds the operator.
template <auto make, class Function = decltype(make)>
struct Builder;

template <auto make>
struct Builder<make, Operator (*)()> {
  static constexpr DTypeSet types = {};
  static constexpr Operator (*instance)(DType) = nullptr;
};

template <auto make, DTypeSet admitted>
struct Builder<make, Operator (*)(OneOf<admitted>)> {
  static constexpr DTypeSet types = admitted;
  static Operator instance(DType type) { return make(type); }
};

constexpr LibraryOperator rows[] = {
#define LATHE_LIBRARY_OPERATOR(name, parameters, schedules, text) \
  {#name, [] { return name(); }, Builder<&name>::types, Builder<&name>::instance, schedules, text},
#include "stdlib/operators.def"
#undef LATHE_LIBRARY_OPERATOR
};

}  // namespace

std::span<const LibraryOperator> operators() { return rows; }

Schedules no_schedules() { return {}; }

}  // namespace lathe::stdlib
