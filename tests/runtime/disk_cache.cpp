// The disk cache: what is stored is found whole or not at all, whatever happened to the files and the folder.
#include "jit/runtime/disk_cache.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "helpers.h"
#include "support/messages.h"

using namespace lathe;
using namespace lathe::test;
namespace fs = std::filesystem;

namespace {

class CacheFolder {
 public:
  CacheFolder() : path_(fs::temp_directory_path() / ("lathe_cache_" + std::to_string(getpid()))) {
    fs::remove_all(path_);
  }
  ~CacheFolder() { fs::remove_all(path_); }
  std::string path() const { return path_.string(); }
  std::string file(const std::string& key) const { return (path_ / DiskCache::file_name(key)).string(); }
  size_t files() const { return static_cast<size_t>(std::distance(fs::directory_iterator(path_), {})); }

 private:
  fs::path path_;
};

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Messages of a scope.
class Heard {
 public:
  Heard() {
    set_message_hook([this](std::string_view text) { text_ += std::string(text) + "\n", ++count_; });
  }
  ~Heard() { set_message_hook({}); }
  const std::string& text() const { return text_; }
  int count() const { return count_; }

 private:
  std::string text_;
  int count_ = 0;
};

// What `action` returns in a process of its own.
template <class Action>
int in_child(const Action& action) {
  const pid_t child = fork();
  if (child == 0) _exit(action());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// The administrator may write anywhere: as somebody who may not.
void drop_rights(const std::string& folder) {
  constexpr uid_t nobody = 65534;
  if (geteuid() != 0) return;
  if (chown(folder.c_str(), nobody, nobody) != 0 || seteuid(nobody) != 0) _exit(99);
}

}  // namespace

TEST_CASE("what is stored on disk is found under its key, by another process too, and under no other") {
  CacheFolder folder;
  DiskCache cache(folder.path());
  CHECK_FALSE(cache.find("key"));
  cache.store("key", "payload");
  cache.store("empty", "");
  CHECK(cache.find("key") == "payload");
  CHECK(cache.find("empty") == "");
  CHECK_FALSE(cache.find("kez"));
  CHECK(DiskCache(folder.path()).find("key") == "payload");
  cache.store("key", "another");
  CHECK(cache.find("key") == "another");
  CHECK(folder.files() == 2);
}

TEST_CASE("a folder for the cache is made private") {
  CacheFolder folder;
  DiskCache cache(folder.path() + "/deep/lathe");
  struct stat status;
  REQUIRE(stat(cache.folder().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
}

TEST_CASE("an entry with any byte changed is not found") {
  CacheFolder folder;
  DiskCache cache(folder.path());
  cache.store("some key", "some payload");
  const std::string good = contents(folder.file("some key"));
  for (size_t i = 0; i < good.size(); ++i) {
    for (int flip : {1, 0x80}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      write(folder.file("some key"), bad);
      CHECK_MESSAGE(!cache.find("some key"), "byte " << i);
    }
  }
  write(folder.file("some key"), good);
  CHECK(cache.find("some key") == "some payload");
}

TEST_CASE("an entry cut or lengthened anywhere is not found, and is written anew") {
  CacheFolder folder;
  DiskCache cache(folder.path());
  cache.store("some key", "some payload");
  const std::string good = contents(folder.file("some key"));
  for (size_t length = 0; length < good.size(); ++length) {
    write(folder.file("some key"), good.substr(0, length));
    CHECK_MESSAGE(!cache.find("some key"), "length " << length);
  }
  write(folder.file("some key"), good + "x");
  CHECK_FALSE(cache.find("some key"));
  write(folder.file("some key"), good + good);
  CHECK_FALSE(cache.find("some key"));
  cache.store("some key", "some payload");
  CHECK(cache.find("some key") == "some payload");
}

TEST_CASE("a sound entry of another key under this key's name is not found") {
  CacheFolder folder;
  DiskCache cache(folder.path());
  cache.store("theirs", "their code");
  fs::rename(folder.file("theirs"), folder.file("mine"));
  CHECK_FALSE(cache.find("mine"));
  write(folder.file("none"),
        "\x7f"
        "ELF something else entirely, of some length");
  CHECK_FALSE(cache.find("none"));
}

TEST_CASE("an entry that is a link, a folder, a pipe, or writable by others is not read") {
  CacheFolder folder;
  DiskCache cache(folder.path());
  cache.store("key", "payload");
  fs::rename(folder.file("key"), folder.path() + "/elsewhere");
  fs::create_symlink(folder.path() + "/elsewhere", folder.file("key"));
  CHECK_FALSE(cache.find("key"));
  fs::remove(folder.file("key"));
  fs::create_directory(folder.file("key"));
  CHECK_FALSE(cache.find("key"));
  fs::remove(folder.file("key"));
  REQUIRE(mkfifo(folder.file("key").c_str(), 0600) == 0);
  CHECK_FALSE(cache.find("key"));
  fs::remove(folder.file("key"));
  fs::rename(folder.path() + "/elsewhere", folder.file("key"));
  CHECK(cache.find("key") == "payload");
  REQUIRE(chmod(folder.file("key").c_str(), 0622) == 0);
  CHECK_FALSE(cache.find("key"));
}

TEST_CASE("a folder that is a symbolic link, a file, or writable by others is refused with a message") {
  CacheFolder folder;
  fs::create_directories(folder.path() + "/real");
  fs::create_symlink(folder.path() + "/real", folder.path() + "/link");
  write(folder.path() + "/file", "");
  fs::create_directories(folder.path() + "/open");
  REQUIRE(chmod((folder.path() + "/open").c_str(), 0777) == 0);
  for (const char* name : {"/link", "/file", "/open"}) {
    Heard heard;
    DiskCache cache(folder.path() + name);
    cache.store("key", "payload");
    CHECK_FALSE(cache.find("key"));
    CHECK_MESSAGE(heard.count() == 1, heard.text());
    CHECK_MESSAGE(contains(heard.text(), folder.path() + name), heard.text());
    CHECK_MESSAGE(contains(heard.text(), "LATHE_CACHE"), heard.text());
  }
  CHECK(fs::is_empty(folder.path() + "/real"));
}

TEST_CASE("a folder of another user is refused") {
  if (geteuid() != 0) return;  // only the administrator can give a folder away
  CacheFolder folder;
  fs::create_directories(folder.path());
  REQUIRE(chown(folder.path().c_str(), 65534, 65534) == 0);
  Heard heard;
  DiskCache cache(folder.path());
  cache.store("key", "payload");
  CHECK(heard.count() == 1);
  CHECK(folder.files() == 0);
}

TEST_CASE("sixteen processes that write and read the same keys find whole entries only") {
  CacheFolder folder;
  fs::create_directories(folder.path());
  REQUIRE(chmod(folder.path().c_str(), 0700) == 0);
  const auto payload = [](int key) {
    return std::string(static_cast<size_t>(1000 + key), static_cast<char>('a' + key));
  };
  std::vector<pid_t> children;
  for (int process = 0; process < 16; ++process) {
    const pid_t child = fork();
    if (child == 0) {
      DiskCache cache(folder.path());
      int bad = 0;
      for (int i = 0; i < 60; ++i) {
        const int key = (i + process) % 5;
        const auto found = cache.find(std::to_string(key));
        bad += found && *found != payload(key);
        cache.store(std::to_string(key), payload(key));
        bad += cache.find(std::to_string(key)) != payload(key);
      }
      _exit(bad ? 1 : 0);
    }
    children.push_back(child);
  }
  for (pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  CHECK(folder.files() == 5);
}

TEST_CASE("a disk that is full is told once, leaves nothing behind, and reading goes on") {
  CacheFolder folder;
  CHECK(in_child([&] {
          DiskCache cache(folder.path());
          cache.store("small", "payload");
          const rlimit limit{4096, 4096};
          setrlimit(RLIMIT_FSIZE, &limit);
          Heard heard;
          cache.store("large", std::string(10000, 'x'));
          cache.store("larger", std::string(20000, 'x'));
          const bool told = heard.count() == 1 && contains(heard.text(), "File too large");
          return told && !cache.find("large") && cache.find("small") == "payload" ? 0 : 1;
        }) == 0);
  CHECK(folder.files() == 1);
}

TEST_CASE("a folder that cannot be written is told once, and is read") {
  CacheFolder folder;
  DiskCache(folder.path()).store("key", "payload");
  CHECK(in_child([&] {
          drop_rights(folder.path());
          if (geteuid() == 65534) {
            if (seteuid(0) != 0 || chown(folder.file("key").c_str(), 65534, 65534) != 0 || seteuid(65534) != 0)
              return 98;
          }
          chmod(folder.path().c_str(), 0500);
          Heard heard;
          DiskCache cache(folder.path());
          cache.store("other", "payload");
          cache.store("third", "payload");
          if (heard.count() != 1 || !contains(heard.text(), "cannot be written")) return 1;
          return cache.find("key") == "payload" ? 0 : 2;
        }) == 0);
  CHECK(folder.files() == 1);
}

TEST_CASE("a folder that vanishes is told once") {
  CacheFolder folder;
  DiskCache cache(folder.path());
  cache.store("key", "payload");
  fs::remove_all(folder.path());
  Heard heard;
  cache.store("key", "payload");
  cache.store("key", "payload");
  CHECK(heard.count() == 1);
  CHECK_FALSE(cache.find("key"));
}

TEST_CASE("the cache stays below its limit and forgets what was not used for the longest time") {
  CacheFolder folder;
  DiskCache cache(folder.path(), 100000);
  const std::string payload(9000, 'x');
  for (int i = 0; i < 8; ++i) {
    cache.store(std::to_string(i), payload);
    const timespec times[2] = {{1000 + i, 0}, {1000 + i, 0}};
    REQUIRE(utimensat(AT_FDCWD, folder.file(std::to_string(i)).c_str(), times, 0) == 0);
  }
  CHECK(cache.find("0"));  // used now
  for (int i = 8; i < 40; ++i) cache.store(std::to_string(i), payload);
  int64_t total = 0;
  for (const auto& entry : fs::directory_iterator(folder.path())) total += static_cast<int64_t>(entry.file_size());
  CHECK(total <= 100000);
  CHECK(cache.find("39"));
  CHECK_FALSE(cache.find("1"));
  cache.store("huge", std::string(200000, 'x'));
  CHECK_FALSE(cache.find("huge"));
}

TEST_CASE("files that a killed process left are removed after an hour") {
  CacheFolder folder;
  fs::create_directories(folder.path());
  REQUIRE(chmod(folder.path().c_str(), 0700) == 0);
  write(folder.path() + "/new-1-1", "old");
  write(folder.path() + "/new-1-2", "young");
  const timespec times[2] = {{1000, 0}, {1000, 0}};
  REQUIRE(utimensat(AT_FDCWD, (folder.path() + "/new-1-1").c_str(), times, 0) == 0);
  DiskCache(folder.path()).store("key", "payload");
  CHECK_FALSE(fs::exists(folder.path() + "/new-1-1"));
  CHECK(fs::exists(folder.path() + "/new-1-2"));
}
