// The words for kinds of statements, loops, spaces and functions, in the order of their enumerations. The printer and
// the parser share the last four lists; the first one is for messages.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "jit/ir/ir.h"

namespace lathe::ir {

inline constexpr std::array<std::string_view, 9> stmt_words = {"block", "let",   "loop",     "branch", "alloc",
                                                              "store", "prefetch", "trace", "call"};
inline constexpr std::array<std::string_view, 4> loop_words = {"serial", "parallel", "vector", "unroll"};
inline constexpr std::array<std::string_view, 4> space_words = {"argument", "heap", "stack", "registers"};
inline constexpr std::array<std::string_view, 3> request_words = {"read", "soon", "write"};
inline constexpr std::array<std::string_view, 3> function_words = {"entry", "variant", "unit"};

constexpr std::string_view word_of(StmtKind kind) { return stmt_words[static_cast<size_t>(kind)]; }
constexpr std::string_view word_of(LoopKind kind) { return loop_words[static_cast<size_t>(kind)]; }
constexpr std::string_view word_of(Space space) { return space_words[static_cast<size_t>(space)]; }
constexpr std::string_view word_of(Request request) { return request_words[static_cast<size_t>(request)]; }
constexpr std::string_view word_of(FunctionKind kind) { return function_words[static_cast<size_t>(kind)]; }

}  // namespace lathe::ir
