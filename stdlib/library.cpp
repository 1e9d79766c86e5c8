#include "stdlib/library.h"

namespace lathe::stdlib {

namespace {

constexpr LibraryOperator rows[] = {
#define LATHE_LIBRARY_OPERATOR(name, schedules, text) {#name, name, schedules, text},
#include "stdlib/operators.def"
#undef LATHE_LIBRARY_OPERATOR
};

}  // namespace

std::span<const LibraryOperator> operators() { return rows; }

Schedules no_schedules() { return {}; }

}  // namespace lathe::stdlib
