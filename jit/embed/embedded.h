// Files that `lathe build` hands on, as they were when this library was built (embed.cmake).
#pragma once

#include <string_view>

namespace lathe {

extern const std::string_view embedded_abi_header;   // jit/runtime/abi.h
extern const std::string_view embedded_call_object;  // lathe_call.c, compiled

}  // namespace lathe
