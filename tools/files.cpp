// Whole files as strings, through C's streams: they say why something failed.
#include "tools/files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "support/error.h"

namespace lathe::tools {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

[[noreturn]] void fail(std::string_view step, const std::string& what, const char* need) {
  std::string reason = std::strerror(errno);
  throw Error(ErrorCode::bad_file, {.step = std::string(step), .what = what, .got = reason, .need = need});
}

}  // namespace

std::string read_file(const std::string& path, std::string_view step) {
  File file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) fail(step, path + " cannot be read", "a file that exists and may be read");
  std::string bytes;
  char block[1 << 16];
  while (size_t count = std::fread(block, 1, sizeof block, file.get())) bytes.append(block, count);
  if (std::ferror(file.get())) fail(step, path + " cannot be read", "a regular file");
  return bytes;
}

void write_file(const std::string& path, std::string_view bytes, std::string_view step) {
  File file(std::fopen(path.c_str(), "wb"), std::fclose);
  if (!file) fail(step, path + " cannot be written", "a folder that exists and may be written");
  bool whole = std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size();
  if (!whole || std::fflush(file.get()) != 0) fail(step, path + " cannot be written whole", "room on the disk");
}

}  // namespace lathe::tools
