// Two texts line by line: what went, what came, and the lines around.
#pragma once

#include <string>

namespace lathe::tools {

// Lines that both have begin with "  ", those of `before` alone with "- ", of `after` alone with "+ "; of common lines only
// those within `context` of a change are shown, and "..." stands for the others.
std::string text_diff(const std::string& before, const std::string& after, int context = 2);

}  // namespace lathe::tools
