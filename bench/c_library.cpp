#include "bench/c_library.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace lathe::bench {
namespace fs = std::filesystem;

namespace {

// A folder that is gone when this is.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "lathe-c-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder could be made at " + pattern);
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

std::string contents(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void run(const std::string& command, const fs::path& log) {
  if (std::system(fmt::format("{} >'{}' 2>&1", command, log.string()).c_str()) == 0) return;
  throw std::runtime_error(fmt::format("{} failed:\n{}", command, contents(log).substr(0, 4000)));
}

}  // namespace

CLibrary::CLibrary(const std::vector<std::string>& files, const CCompiler& compiler) {
  TemporaryFolder folder;
  const std::string compile = fmt::format("{} {} -w -fPIC", compiler.command, fmt::join(compiler.flags, " "));
  std::vector<std::string> failures(files.size());
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i = next++; i < files.size(); i = next++) {
      const fs::path source = folder / fmt::format("{}.c", i), object = folder / fmt::format("{}.o", i);
      std::ofstream(source) << files[i];
      try {
        run(fmt::format("{} -x c -c '{}' -o '{}'", compile, source.string(), object.string()),
            folder / fmt::format("{}.log", i));
      } catch (const std::exception& error) {
        failures[i] = error.what();
      }
    }
  };
  std::vector<std::thread> workers;
  for (unsigned t = 0; t < std::max(1U, std::thread::hardware_concurrency()); ++t) workers.emplace_back(work);
  for (std::thread& worker : workers) worker.join();
  for (const std::string& failure : failures)
    if (!failure.empty()) throw std::runtime_error(failure);

  std::string objects;
  for (size_t i = 0; i < files.size(); ++i) objects += fmt::format(" '{}'", (folder / fmt::format("{}.o", i)).string());
  const std::string library = (folder / "all.so").string();
  run(fmt::format("{} -shared {} -lm -o '{}'", compiler.command, objects, library), folder / "link.log");
  void* loaded = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!loaded) throw std::runtime_error(dlerror());
  handle_ = std::shared_ptr<void>(loaded, [](void* h) { dlclose(h); });
}

void* CLibrary::find(const std::string& name) const { return dlsym(handle_.get(), name.c_str()); }

}  // namespace lathe::bench
