// Where the source tree is, for tests that read its files.
#pragma once

#include <string>

std::string source_dir();
