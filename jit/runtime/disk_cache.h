// Bytes under keys that outlive the process, one file each (docs/design/cache.md). No failure here is an error of the
// caller's: what cannot be read is not there, and what cannot be written is told once, in a message.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lathe {

class DiskCache {
 public:
  // Makes the folder, private to this user, where it does not exist. A folder that is refused is told in a message, and
  // the cache then holds nothing.
  explicit DiskCache(std::string folder, int64_t limit_bytes = int64_t{512} << 20);
  ~DiskCache();
  DiskCache(const DiskCache&) = delete;
  DiskCache& operator=(const DiskCache&) = delete;

  // What was stored under exactly this key, whole and unchanged.
  std::optional<std::string> find(std::string_view key) const;
  void store(std::string_view key, std::string_view payload);

  const std::string& folder() const { return folder_; }
  static std::string file_name(std::string_view key);
  static std::string entry(std::string_view key, std::string_view payload);  // the bytes of a file

 private:
  void open_folder();
  void trim();
  void fail(const std::string& what, int error);  // no more writing after the first

  std::string folder_;
  int64_t limit_bytes_;
  int directory_ = -1;  // file descriptor
  std::atomic<bool> can_write_ = false;
  std::atomic<int64_t> written_bytes_ = 0;  // since the folder was last measured; below 0: never
};

// The process's cache. Until somebody chooses: LATHE_CACHE names its folder, or is "off"; else $XDG_CACHE_HOME/lathe,
// or $HOME/.cache/lathe. Null where there is none. Opened at the first use.
DiskCache* disk_cache();
void set_disk_cache_folder(const std::string& folder);  // from now on; "": none

}  // namespace lathe
