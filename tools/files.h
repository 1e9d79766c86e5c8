// Whole files as strings, with Lathe's errors.
#pragma once

#include <string>
#include <string_view>

namespace lathe::tools {

// Error{bad_file} names `step`, the path and the system's reason.
std::string read_file(const std::string& path, std::string_view step);
void write_file(const std::string& path, std::string_view bytes, std::string_view step);

}  // namespace lathe::tools
