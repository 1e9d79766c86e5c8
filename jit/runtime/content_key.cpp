#include "jit/runtime/content_key.h"

#include <fmt/format.h>
#include <llvm/ADT/ArrayRef.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/Support/BLAKE3.h>

#include "jit/runtime/abi.h"
#include "jit/runtime/build_id.h"

namespace lathe {

ContentHash hash_of(std::string_view content) {
  return llvm::BLAKE3::hash<32>(llvm::ArrayRef(reinterpret_cast<const uint8_t*>(content.data()), content.size()));
}

std::string content_key(std::string_view content) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (uint8_t byte : hash_of(content)) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

const std::string& maker_text() {
  static const std::string text =
      fmt::format("lathe {} llvm {} abi {}\n", build_id(), LLVM_VERSION_STRING, LATHE_ABI_VERSION);
  return text;
}

}  // namespace lathe
