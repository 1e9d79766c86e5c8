// The words of the text form for kinds of loops, spaces and functions. The printer and the parser share these lists.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "jit/ir/ir.h"

namespace lathe::ir {

inline constexpr std::array<std::string_view, 4> loop_words = {"serial", "parallel", "vector", "unroll"};
inline constexpr std::array<std::string_view, 4> space_words = {"argument", "heap", "stack", "registers"};
inline constexpr std::array<std::string_view, 3> function_words = {"entry", "variant", "unit"};

constexpr std::string_view word_of(LoopKind kind) { return loop_words[static_cast<size_t>(kind)]; }
constexpr std::string_view word_of(Space space) { return space_words[static_cast<size_t>(space)]; }
constexpr std::string_view word_of(FunctionKind kind) { return function_words[static_cast<size_t>(kind)]; }

}  // namespace lathe::ir
