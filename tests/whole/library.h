// The .lathe files of stdlib/ and examples/.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/source_dir.h"

namespace lathe {

inline std::vector<std::string> library_files() {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  for (const char* folder : {"stdlib", "examples"}) {
    for (const fs::directory_entry& entry : fs::directory_iterator(fmt::format("{}/{}", source_dir(), folder))) {
      if (entry.path().extension() == ".lathe") files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace lathe
