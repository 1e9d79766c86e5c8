// An entry:   header (magic, length of the key, length of the payload)   key   payload   BLAKE3 of all before
#include "jit/runtime/disk_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "jit/runtime/content_key.h"
#include "support/environment.h"
#include "support/messages.h"

namespace lathe {
namespace {

constexpr std::string_view suffix = ".entry", temporary_prefix = "new-";
constexpr char magic[8] = {'l', 'a', 't', 'h', 'e', 'c', '0', '1'};
constexpr int64_t largest_entry = int64_t{1} << 30;
constexpr time_t abandoned_seconds = 3600;

struct Header {
  char magic[8];
  uint64_t key_bytes, payload_bytes;
};

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool is_open() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }
  bool close() {
    const int closed = std::exchange(descriptor_, -1);
    return closed < 0 || ::close(closed) == 0;
  }

 private:
  int descriptor_;
};

// Whether this user alone could have written it.
bool is_own(const struct stat& status) { return status.st_uid == geteuid() && (status.st_mode & 022) == 0; }

bool read_all(int file, std::string& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t got = ::read(file, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return true;
}

// A process with a limit on file sizes gets a signal that ends it where a write is refused. This thread takes it away.
class NoFileSizeSignal {
 public:
  NoFileSizeSignal() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGXFSZ);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGXFSZ) == 1;
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  ~NoFileSizeSignal() {
    const timespec at_once{};
    if (!was_pending_) sigtimedwait(&signals_, nullptr, &at_once);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t signals_, before_;
  bool was_pending_;
};

// The payload of an entry; nothing where a byte of it is not as written, or where it is for another key.
std::optional<std::string> payload_of(std::string bytes, std::string_view key) {
  Header header;
  ContentHash sum;
  if (bytes.size() < sizeof header + sum.size()) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  const size_t body = bytes.size() - sizeof header - sum.size();
  if (std::memcmp(header.magic, magic, sizeof magic) != 0 || header.key_bytes != key.size() ||
      header.key_bytes > body || header.payload_bytes != body - header.key_bytes) {
    return std::nullopt;
  }
  const std::string_view all(bytes);
  if (all.substr(sizeof header, key.size()) != key) return std::nullopt;
  sum = hash_of(all.substr(0, sizeof header + body));
  if (std::memcmp(sum.data(), bytes.data() + sizeof header + body, sum.size()) != 0) return std::nullopt;
  bytes.resize(sizeof header + body);
  bytes.erase(0, sizeof header + key.size());
  return bytes;
}

void make_folders(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    ::mkdir(path.substr(0, slash).c_str(), 0700);
  }
  ::mkdir(path.c_str(), 0700);
}

struct Stored {
  std::string name;
  int64_t bytes;
  timespec used;
};

}  // namespace

DiskCache::DiskCache(std::string folder, int64_t limit_bytes)
    : folder_(std::move(folder)), limit_bytes_(limit_bytes), written_bytes_(-1) {
  open_folder();
}

DiskCache::~DiskCache() {
  if (directory_ >= 0) ::close(directory_);
}

void DiskCache::open_folder() {
  make_folders(folder_);
  File opened(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status;
  if (!opened.is_open() || fstat(opened.get(), &status) != 0) {
    return fail("cannot be opened as a folder, a symbolic link not followed", errno);
  }
  if (!is_own(status)) return fail("may be written by others: it must be this user's, with mode 0700", 0);
  directory_ = ::fcntl(opened.get(), F_DUPFD_CLOEXEC, 0);
  can_write_ = directory_ >= 0;
}

void DiskCache::fail(const std::string& what, int error) {
  const bool first = directory_ < 0 || can_write_.exchange(false);
  if (!first) return;
  send_message(
      fmt::format("lathe: cache: the folder {} {}{}\nnote: kernels are compiled without it\n"
                  "hint: LATHE_CACHE names another folder, or is off",
                  folder_, what, error ? fmt::format(" ({})", std::strerror(error)) : ""));
}

std::string DiskCache::file_name(std::string_view key) { return content_key(key) + std::string(suffix); }

std::string DiskCache::entry(std::string_view key, std::string_view payload) {
  Header header{{}, key.size(), payload.size()};
  std::memcpy(header.magic, magic, sizeof magic);
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes.append(key).append(payload);
  const ContentHash sum = hash_of(bytes);
  return bytes.append(reinterpret_cast<const char*>(sum.data()), sum.size());
}

std::optional<std::string> DiskCache::find(std::string_view key) const {
  if (directory_ < 0) return std::nullopt;
  File file(::openat(directory_, file_name(key).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status;
  if (!file.is_open() || fstat(file.get(), &status) != 0) return std::nullopt;
  if (!S_ISREG(status.st_mode) || !is_own(status) || status.st_size > largest_entry) return std::nullopt;
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  if (!read_all(file.get(), bytes)) return std::nullopt;
  std::optional<std::string> payload = payload_of(std::move(bytes), key);
  if (payload) futimens(file.get(), nullptr);  // used now; a folder that is read only does not mind
  return payload;
}

void DiskCache::store(std::string_view key, std::string_view payload) {
  if (!can_write_) return;
  const std::string bytes = entry(key, payload), name = file_name(key);
  const auto size = static_cast<int64_t>(bytes.size());
  if (size > std::min(limit_bytes_, largest_entry)) return;
  if (written_bytes_ < 0 || written_bytes_ + size > limit_bytes_) trim();
  static std::atomic<uint64_t> count = 0;
  const std::string temporary = fmt::format("{}{}-{}", temporary_prefix, getpid(), count++);
  NoFileSizeSignal no_signal;
  File file(::openat(directory_, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.is_open()) return fail("cannot be written to", errno);
  const bool written = write_all(file.get(), bytes) && fsync(file.get()) == 0 && file.close() &&
                       renameat(directory_, temporary.c_str(), directory_, name.c_str()) == 0;
  if (!written) {
    const int error = errno;
    unlinkat(directory_, temporary.c_str(), 0);
    return fail("cannot be written to", error);
  }
  written_bytes_ += size;
}

// Removes what a killed process left and, above three quarters of the limit, what was not used for the longest time.
void DiskCache::trim() {
  const int listed = ::openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  std::unique_ptr<DIR, int (*)(DIR*)> directory(listed < 0 ? nullptr : fdopendir(listed), closedir);
  if (!directory) return;
  std::vector<Stored> entries;
  int64_t total = 0;
  while (const dirent* found = readdir(directory.get())) {
    const std::string name = found->d_name;
    struct stat status;
    if (fstatat(directory_, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) continue;
    if (name.starts_with(temporary_prefix) && status.st_mtim.tv_sec + abandoned_seconds < std::time(nullptr)) {
      unlinkat(directory_, name.c_str(), 0);
    } else if (name.ends_with(suffix)) {
      entries.push_back({name, status.st_size, status.st_mtim});
      total += status.st_size;
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Stored& a, const Stored& b) {
    return std::pair(a.used.tv_sec, a.used.tv_nsec) < std::pair(b.used.tv_sec, b.used.tv_nsec);
  });
  for (size_t i = 0; i < entries.size() && total > limit_bytes_ / 4 * 3; ++i) {
    if (unlinkat(directory_, entries[i].name.c_str(), 0) == 0) total -= entries[i].bytes;
  }
  written_bytes_ = total;
}

namespace {

std::string folder_of_user() {
  if (const std::string given(setting(Setting::cache)); !given.empty()) return given == "off" ? "" : given;
  if (const std::string caches(setting(Setting::user_caches)); caches.starts_with('/')) return caches + "/lathe";
  if (const std::string home(setting(Setting::home)); home.starts_with('/')) return home + "/.cache/lathe";
  return "";
}

// Caches are never freed: another thread may be in one, and threads may outlive static objects. All stay known.
DiskCache* opened(const std::string& folder) {
  if (folder.empty()) return nullptr;
  static std::mutex mutex;
  static auto* const caches = new std::vector<std::unique_ptr<DiskCache>>;
  std::lock_guard lock(mutex);
  return caches->emplace_back(std::make_unique<DiskCache>(folder)).get();
}

std::atomic<DiskCache*>& current() {
  static std::atomic<DiskCache*> cache = opened(folder_of_user());
  return cache;
}

}  // namespace

DiskCache* disk_cache() { return current().load(std::memory_order_acquire); }
void set_disk_cache_folder(const std::string& folder) { current().store(opened(folder), std::memory_order_release); }

}  // namespace lathe
