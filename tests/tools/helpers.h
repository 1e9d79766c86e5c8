// What the tests of the tools share: a folder of their own.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/errors.h"
#include "tools/files.h"

namespace lathe::tools {

// A new folder of this process, gone at the end of the scope: CTest runs cases side by side.
class TemporaryFolder {
 public:
  TemporaryFolder() : folder_(std::filesystem::temp_directory_path() / ("lathe_test_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name = "") const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& text) const { write_file(path(name), text, "test"); }

 private:
  std::filesystem::path folder_;
};

}  // namespace lathe::tools
