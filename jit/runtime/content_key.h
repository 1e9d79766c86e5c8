// Names for contents: BLAKE3, as LLVM has it.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace lathe {

using ContentHash = std::array<uint8_t, 32>;
ContentHash hash_of(std::string_view content);
std::string content_key(std::string_view content);  // the hash in 64 hexadecimal digits

// What decides, beside the input, which code comes out: the library's sources, LLVM's version, the number of the ABI.
const std::string& maker_text();

}  // namespace lathe
