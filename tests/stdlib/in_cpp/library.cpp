#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

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

constexpr WrittenOperator rows[] = {
#define LATHE_WRITTEN_IN_CPP(name, parameters, schedules) \
  {#name, [] { return name(); }, Builder<&name>::types, Builder<&name>::instance, schedules},
#include "tests/stdlib/in_cpp/operators.def"
#undef LATHE_WRITTEN_IN_CPP
};

}  // namespace

std::span<const WrittenOperator> operators() { return rows; }

Schedules no_schedules() { return {}; }

}  // namespace lathe::in_cpp
