// A hash of the sources that this library was built of (build_id.cmake): what it compiles depends on nothing else.
#pragma once

#include <string_view>

namespace lathe {

std::string_view build_id();

}  // namespace lathe
