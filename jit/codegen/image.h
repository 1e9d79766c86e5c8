// Object files in the memory of this process, with ORC and JITLink. Memory is writable or executable, never both.
#pragma once

#include <llvm/ExecutionEngine/Orc/Core.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lathe {

namespace codegen {
class AnnouncedCode;
}

// The code of one object file, ready to run, with the images whose functions it calls.
class Image {
 public:
  using Ptr = std::shared_ptr<const Image>;
  using Imports = std::map<std::string, Ptr>;  // symbols that the object has not, each in another image

  static Ptr link(std::string object, std::vector<std::string> symbols, Imports imports);

  ~Image();
  uint64_t address(const std::string& symbol) const;  // one of symbols()
  const std::string& object() const { return object_; }
  const std::vector<std::string>& symbols() const { return symbols_; }
  const Imports& imports() const { return imports_; }

 private:
  Image() = default;
  Image(const Image&) = delete;
  std::string object_;  // read by the linker: outlives it
  std::vector<std::string> symbols_;
  Imports imports_;
  llvm::orc::JITDylib* code_ = nullptr;  // of the one session of this process
  std::unique_ptr<codegen::AnnouncedCode> announced_;  // for a shorter time than the code exists
};

// The image that defines a symbol, while it is alive; among several the last that was linked. Null: none.
Image::Ptr find_image(const std::string& symbol);

}  // namespace lathe
