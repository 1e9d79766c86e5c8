// Which constructs of the language an operator uses: what coverage of random algorithms is measured in.
#pragma once

#include <bitset>
#include <string_view>

#include "lang/algorithm.h"

namespace lathe {

enum class Construct : uint8_t {
#define LATHE_CONSTRUCT(name, scope, text) name,
#include "tests/fuzz/constructs.def"
#undef LATHE_CONSTRUCT
  count
};
inline constexpr size_t construct_count = static_cast<size_t>(Construct::count);
std::string_view name_of(Construct construct);

using Constructs = std::bitset<construct_count>;
inline bool has(const Constructs& set, Construct construct) { return set[static_cast<size_t>(construct)]; }

Constructs constructs_of(const Operator& op, const FuncContents& func);   // of the operator as a whole too
Constructs constructs_of(const Operator& op);                             // of all its Funcs

}  // namespace lathe
