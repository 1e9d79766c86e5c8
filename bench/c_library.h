// C text, compiled by a C compiler while this process runs, and loaded into it.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace lathe::bench {

struct CCompiler {
  std::string command = "clang-19";
  std::vector<std::string> flags = {};
};

class CLibrary {
 public:
  // Compiles each text as a file of its own, several at a time, and links them. Throws std::runtime_error with what the
  // compiler says.
  CLibrary(const std::vector<std::string>& files, const CCompiler& compiler);

  // The address of an external function; null where there is none.
  void* find(const std::string& name) const;
  std::shared_ptr<void> handle() const { return handle_; }  // keeps the code in memory

 private:
  std::shared_ptr<void> handle_;
};

}  // namespace lathe::bench
